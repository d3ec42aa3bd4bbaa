import { type Bytes, bytesExpected, parseBytes } from '../base/bytes.ts';
import { availableMemory, availableParallelism, environmentVariable } from '../base/host.ts';
import { nearestName } from '../base/nearest.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import type { ResourceClass } from './demand.ts';

/**
 * The capacity of each resource class: numbers above 0, `Infinity` included; memory also as text.
 *
 * @example
 * ```ts
 * const limits: Limits = { 'heavy-cpu': 2, memory: '2GiB', db: 5 };
 * ```
 */
export type Limits = Readonly<Record<string, number | Bytes | undefined>> &
  Readonly<Partial<Record<ResourceClass, number | undefined>>> & {
    /** In bytes. */
    readonly memory?: Bytes | undefined;
  };

/** The share of the machine's memory that a run may plan with by default. */
const memoryShare = 0.75;

const variables = new Map([
  ['heavy-cpu', 'MILLRACE_CPU_THREADS'],
  ['heavy-io', 'MILLRACE_IO_CONCURRENCY'],
  ['light-io', 'MILLRACE_IO_CONCURRENCY'],
  ['memory', 'MILLRACE_MEMORY'],
  ['concurrency', 'MILLRACE_CONCURRENCY'],
]);

const machineLimits = new Map<string, () => number>([
  ['heavy-cpu', availableParallelism],
  ['light-cpu', () => 4 * availableParallelism()],
  ['heavy-io', () => 2 * availableParallelism()],
  ['light-io', () => 64],
  ['memory', () => Math.floor(memoryShare * availableMemory())],
]);

/**
 * The capacity of every class demanded: the option, else the environment, else what the machine offers.
 *
 * Only what is demanded is looked up. A class of the user's own has no default, so that a missing limit is noted
 * with the checker; so is a limit that nothing demands but whose name is nearly that of a demanded class.
 */
export function resolveLimits(
  checker: OptionChecker,
  demanded: Iterable<string>,
  limits: Limits,
): Map<string, number> {
  const given = new Map(Object.entries(limits));
  const resolved = new Map<string, number>();
  const classes = new Set(demanded);
  for (const name of classes) {
    const limit =
      readLimit(checker, name, given.get(name)) ??
      environmentLimit(checker, name) ??
      machineLimits.get(name)?.();
    if (limit !== undefined) {
      resolved.set(name, limit);
    } else if (given.get(name) === undefined) {
      const unused = [...given.keys()].filter((other) => !classes.has(other));
      const meant = nearestName(name, unused);
      const hint = meant === undefined ? '' : ` (did you mean it with '${meant}'?)`;
      checker.fail(`limits['${name}']`, `a positive number, since steps demand '${name}'${hint}`, undefined);
    }
  }
  for (const [name, value] of given) {
    if (value === undefined || resolved.has(name)) continue;
    if (name === 'concurrency') {
      checker.fail(
        `limits.concurrency`,
        "absent (the limit over all classes is the run's option `concurrency`)",
        value,
      );
      continue;
    }
    if (name === 'default') {
      checker.fail(
        'limits.default',
        "named 'light-cpu', which is what steps without a resource demand",
        value,
      );
      continue;
    }
    readLimit(checker, name, value);
    if (machineLimits.has(name)) continue;
    const meant = nearestName(name, resolved.keys());
    const standard = [...machineLimits.keys()].find((known) => spelling(known) === spelling(name));
    if (meant !== undefined) checker.fail(`limits['${name}']`, `named '${meant}', which steps demand`, value);
    else if (standard !== undefined) checker.fail(`limits['${name}']`, `named '${standard}'`, value);
  }
  return resolved;
}

/** A name without what people write differently: `heavy_cpu` is `heavy-cpu`, while `heavy-gpu` may be someone's own. */
function spelling(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** The limit over all classes: the option, else the environment, else none. */
export function resolveConcurrency(
  checker: OptionChecker,
  concurrency: number | undefined,
): number | undefined {
  return checker.count('concurrency', concurrency, 1) ?? environmentLimit(checker, 'concurrency');
}

function readLimit(
  checker: OptionChecker,
  name: string,
  value: number | Bytes | undefined,
): number | undefined {
  if (value === undefined) return undefined;
  const amount = name === 'memory' ? parseBytes(value) : typeof value === 'number' ? value : undefined;
  if (amount !== undefined && amount > 0) return amount;
  return checker.fail(
    `limits['${name}']`,
    name === 'memory' ? `above 0 and ${bytesExpected}` : 'a positive number',
    value,
  );
}

function environmentLimit(checker: OptionChecker, name: string): number | undefined {
  const variable = variables.get(name);
  const text = variable === undefined ? undefined : environmentVariable(variable);
  if (variable === undefined || text === undefined) return undefined;
  const amount = name === 'memory' ? (parseBytes(text) ?? parseBytes(Number(text))) : Number(text);
  const isWhole = name === 'memory' || Number.isInteger(amount) || amount === Infinity;
  if (amount !== undefined && amount > 0 && isWhole) return amount;
  const expected = name === 'memory' ? bytesExpected : 'a whole number of at least 1';
  return checker.fail(`the environment variable ${variable}`, expected, text);
}
