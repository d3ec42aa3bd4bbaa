import { type Bytes, bytesExpected, parseBytes } from '../base/bytes.ts';
import { InvalidOptionsError } from '../base/errors.ts';
import type { OptionChecker } from '../base/option-checker.ts';

/**
 * What a step takes of each resource class while it runs: an amount by name. `{}` demands nothing.
 *
 * Frozen, its keys sorted, so that it serialises to the same JSON however it was written.
 */
export type Demand = Readonly<Record<string, number>>;

/** The resource classes with a limit of their own by default. */
export type ResourceClass = 'light-cpu' | 'heavy-cpu' | 'light-io' | 'heavy-io';

/** Weighted demands by class; memory also as text. */
export type WeightedDemand = Readonly<Record<string, number | Bytes | undefined>> & {
  /** In bytes. */
  readonly memory?: Bytes | undefined;
};

/** One entry of a step's `resource`: a class, a name of your own, or a weighted demand. */
// `string & {}` keeps the known names in the editor's completion.
export type ResourceEntry = ResourceClass | 'default' | (string & {}) | WeightedDemand;

/**
 * A step's `resource`: one entry, or a list whose demands add up. `'default'` is `'light-cpu'`.
 *
 * @example
 * ```ts
 * const resources: Resource[] = [
 *   'heavy-cpu',
 *   memory('256MiB'),
 *   ['heavy-io', memory('1GiB')],
 *   { 'heavy-cpu': 2, gpu: 1 },
 * ];
 * ```
 */
export type Resource = ResourceEntry | readonly ResourceEntry[];

/** The demand of a step that says nothing. */
export const defaultDemand: Demand = Object.freeze({ 'light-cpu': 1 });

/**
 * A demand for memory, and for nothing else.
 *
 * It is a plain object, so that it serialises as `{ "memory": 268435456 }`.
 *
 * @throws InvalidOptionsError where the amount can't be read
 * @example
 * ```ts
 * const load = step('load', () => readEverything(), { resource: ['heavy-io', memory('256MiB')] });
 * ```
 */
export function memory(amount: Bytes): {
  /** In bytes. */
  readonly memory: number;
} {
  const bytes = parseBytes(amount);
  if (bytes === undefined) {
    throw new InvalidOptionsError('memory', [{ option: 'amount', expected: bytesExpected, value: amount }]);
  }
  return Object.freeze({ memory: bytes });
}

/** What several take together. */
export function sumOfDemands(demands: readonly Demand[]): Demand {
  const total = new Map<string, number>();
  for (const [name, amount] of demands.flatMap(Object.entries<number>))
    total.set(name, (total.get(name) ?? 0) + amount);
  return sorted(total);
}

function sorted(total: ReadonlyMap<string, number>): Demand {
  return Object.freeze(Object.fromEntries([...total].sort(([left], [right]) => (left < right ? -1 : 1))));
}

/** Reads a `resource` option into a demand; what is wrong is noted with the checker. */
export function parseDemand(checker: OptionChecker, option: string, resource: Resource | undefined): Demand {
  if (resource === undefined || resource === 'default') return defaultDemand;
  const entries = Array.isArray(resource)
    ? (resource as readonly ResourceEntry[])
    : [resource as ResourceEntry];
  const total = new Map<string, number>();
  for (const [index, entry] of entries.entries()) {
    const path = entries === resource ? `${option}[${String(index)}]` : option;
    for (const [name, amount] of amountsOf(checker, path, entry))
      total.set(name, (total.get(name) ?? 0) + amount);
  }
  return sorted(total);
}

const entryExpected = "a class such as 'heavy-cpu', a name of your own, memory(bytes), or amounts by class";

function amountsOf(
  checker: OptionChecker,
  path: string,
  entry: ResourceEntry,
): (readonly [string, number])[] {
  if (typeof entry === 'string') {
    if (entry === 'memory') checker.fail(path, "an amount of memory, as in memory('256MiB')", entry);
    else if (entry === '' || entry === 'concurrency') checker.fail(path, entryExpected, entry);
    return [[entry === 'default' ? 'light-cpu' : entry, 1]];
  }
  if (!checker.record(path, entry, entryExpected)) return [];
  return Object.entries(entry).flatMap(([name, amount]) => {
    if (amount === undefined) return [];
    if (name === '' || name === 'concurrency') {
      checker.fail(`${path}['${name}']`, 'under the name of a class', amount);
      return [];
    }
    const value =
      name === 'memory'
        ? checker.bytes(`${path}.memory`, amount)
        : checker.number(`${path}['${name}']`, amount as number, 0, Number.MAX_VALUE);
    return value === undefined || value === 0
      ? []
      : [[name === 'default' ? 'light-cpu' : name, value] as const];
  });
}
