import { type Bytes, bytesExpected, parseBytes } from '../base/bytes.ts';
import { type Duration, durationExpected, parseDuration } from '../base/durations.ts';
import { availableMemory, availableParallelism, environmentVariable } from '../base/host.ts';
import { nearestName } from '../base/nearest.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import type { ResourceClass } from './demand.ts';
import type { Rate } from './rate-window.ts';

/** A resource class of which only so much may start in a stretch of time. */
export interface RatedLimit {
  /** How much may be taken at once. @defaultValue as without a rate; no limit for a class of your own */
  readonly limit?: number | Bytes | undefined;
  /** How much may start in any stretch of `per`, a window that slides: every attempt counts when it starts. */
  readonly rate: {
    /** The most that may start in it; a number above 0. */
    readonly limit: number;
    /** How long it is; above 0. */
    readonly per: Duration;
  };
}

/**
 * The capacity of each resource class: numbers above 0, `Infinity` included; memory also as text; or a capacity with a
 * {@link RatedLimit | rate}.
 *
 * @example
 * ```ts
 * const limits: Limits = { 'heavy-cpu': 2, memory: '2GiB', db: 5, api: { rate: { limit: 10, per: '1s' } } };
 * ```
 */
export type Limits = Readonly<Record<string, number | Bytes | RatedLimit | undefined>> &
  Readonly<Partial<Record<ResourceClass, number | RatedLimit | undefined>>> & {
    /** In bytes. */
    readonly memory?: Bytes | RatedLimit | undefined;
  };

/** Limits, read. */
export interface ResolvedLimits {
  /** The capacity of each class. */
  readonly capacities: ReadonlyMap<string, number>;
  /** How much of a class may start in a stretch of time, where that is bounded. */
  readonly rates: ReadonlyMap<string, Rate>;
}

/** What a class is given: a capacity, where one is named, and a rate, where there is one. */
export interface LimitChange {
  readonly capacity: number | undefined;
  readonly rate: Rate | undefined;
}

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
): ResolvedLimits {
  const given = new Map(Object.entries(limits));
  const capacities = new Map<string, number>();
  const rates = new Map<string, Rate>();
  const classes = new Set(demanded);
  for (const name of classes) {
    const { capacity, rate } = resolveLimit(checker, name, limits, classes);
    if (rate !== undefined) rates.set(name, rate);
    if (capacity !== undefined) capacities.set(name, capacity);
  }
  checkUndemanded(checker, classes, given, capacities.keys());
  return { capacities, rates };
}

/** The limit of one class, as by {@link resolveLimits}; `classes` are those known to be demanded. */
export function resolveLimit(
  checker: OptionChecker,
  name: string,
  limits: Limits,
  classes: ReadonlySet<string> = new Set([name]),
): LimitChange {
  const given = Object.hasOwn(limits, name) ? limits[name] : undefined;
  const { capacity, rate } = readLimit(checker, name, given);
  const limit =
    capacity ??
    environmentLimit(checker, name) ??
    machineLimits.get(name)?.() ??
    (rate === undefined ? undefined : Infinity);
  if (limit === undefined && given === undefined) {
    const unused = Object.keys(limits).filter((other) => limits[other] !== undefined && !classes.has(other));
    const meant = nearestName(name, unused);
    const hint = meant === undefined ? '' : ` (did you mean it with '${meant}'?)`;
    checker.fail(`limits['${name}']`, `a positive number, since steps demand '${name}'${hint}`, undefined);
  }
  return { capacity: limit, rate };
}

/**
 * The capacity and the rate of every class that is given, for a run that is under way. A number takes a class's rate
 * away. What can't be used is noted with the checker, as by {@link resolveLimits}.
 */
export function readLimitChanges(
  checker: OptionChecker,
  demanded: Iterable<string>,
  limits: Limits,
): Map<string, LimitChange> {
  const given = new Map(Object.entries(limits));
  const classes = new Set(demanded);
  const changes = new Map<string, LimitChange>();
  for (const name of classes) {
    if (given.get(name) !== undefined) changes.set(name, readLimit(checker, name, given.get(name)));
  }
  checkUndemanded(checker, classes, given, classes);
  return changes;
}

/** Notes each limit that nothing demands but that was probably meant for something. */
function checkUndemanded(
  checker: OptionChecker,
  classes: ReadonlySet<string>,
  given: ReadonlyMap<string, Limits[string]>,
  known: Iterable<string>,
): void {
  for (const [name, value] of given) {
    if (value === undefined || classes.has(name)) continue;
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
    const meant = nearestName(name, known);
    const standard = [...machineLimits.keys()].find((known) => spelling(known) === spelling(name));
    if (meant !== undefined) checker.fail(`limits['${name}']`, `named '${meant}', which steps demand`, value);
    else if (standard !== undefined) checker.fail(`limits['${name}']`, `named '${standard}'`, value);
  }
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

function readLimit(checker: OptionChecker, name: string, value: Limits[string]): LimitChange {
  const option = `limits['${name}']`;
  if (!isRated(value)) return { capacity: readCapacity(checker, option, name, value), rate: undefined };
  checker.knownKeys(`${option}.`, value, ['limit', 'rate']);
  return {
    capacity: readCapacity(checker, `${option}.limit`, name, value.limit),
    rate: readRate(checker, `${option}.rate`, value.rate),
  };
}

function isRated(value: Limits[string]): value is RatedLimit {
  return typeof value === 'object' && (value as unknown) !== null;
}

function readCapacity(
  checker: OptionChecker,
  option: string,
  name: string,
  value: number | Bytes | undefined,
): number | undefined {
  if (value === undefined) return undefined;
  const amount = name === 'memory' ? parseBytes(value) : typeof value === 'number' ? value : undefined;
  if (amount !== undefined && amount > 0) return amount;
  return checker.fail(
    option,
    name === 'memory' ? `above 0 and ${bytesExpected}` : 'a positive number',
    value,
  );
}

function readRate(
  checker: OptionChecker,
  option: string,
  value: RatedLimit['rate'] | undefined,
): Rate | undefined {
  if (!checker.record(option, value, "a rate: { limit: 10, per: '1s' }")) return undefined;
  checker.knownKeys(`${option}.`, value, ['limit', 'per']);
  const { limit, per } = value;
  const perMs = parseDuration(per);
  if (!(typeof limit === 'number' && limit > 0)) checker.fail(`${option}.limit`, 'a positive number', limit);
  if (perMs === undefined || perMs === 0)
    return checker.fail(`${option}.per`, `above 0 and ${durationExpected}`, per);
  return { limit, perMs };
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
