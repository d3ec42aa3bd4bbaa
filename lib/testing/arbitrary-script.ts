import fc, { type Arbitrary } from 'fast-check';
import type { Demand } from '../admission/demand.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { ownOf } from '../base/record.ts';

// What may happen to steps, as fast-check draws it.

/** The classes that steps demand of where none are given. */
export const defaultClasses = ['db', 'gpu'];

/**
 * How long steps take: whole ms, by id.
 *
 * @example
 * ```ts
 * const arbitrary = durations(['extract', 'load'], { max: 100 });
 * ```
 */
export function durations(
  ids: readonly string[],
  range: { readonly min?: number | undefined; readonly max?: number | undefined } = {},
): Arbitrary<Record<string, number>> {
  const checker = new OptionChecker();
  checkIds(checker, ids);
  checker.knownKeys('', range, ['min', 'max']);
  const min = checker.finiteCount('min', range.min, 0) ?? 0;
  const max = checker.finiteCount('max', range.max, 0) ?? Math.max(10, min);
  if (min > max) checker.fail('min', `at most max (${String(max)})`, min);
  checker.throwIfAny('durations');
  return forEachId(ids, fc.integer({ min, max }));
}

/**
 * How many attempts of steps fail, the first ones, by id; none mostly.
 *
 * @example
 * ```ts
 * const arbitrary = failures(['extract', 'load'], { most: 3 });
 * ```
 */
export function failures(
  ids: readonly string[],
  options: { readonly most?: number | undefined } = {},
): Arbitrary<Record<string, number>> {
  const checker = new OptionChecker();
  checkIds(checker, ids);
  checker.knownKeys('', options, ['most']);
  const most = checker.finiteCount('most', options.most, 0) ?? 2;
  checker.throwIfAny('failures');
  return forEachId(ids, failureCount(most));
}

/** Demands, and limits that they fit into. */
export interface DrawnResources {
  /** What each step demands, by id. */
  readonly demands: Readonly<Record<string, Demand>>;
  /** The capacity of each class. */
  readonly limits: Readonly<Record<string, number>>;
}

/**
 * What steps demand of resource classes, with limits that every demand fits into.
 *
 * @example
 * ```ts
 * const arbitrary = resources(['extract', 'load'], { classes: ['db', 'gpu'] });
 * ```
 */
export function resources(
  ids: readonly string[],
  options: { readonly classes?: readonly string[] | undefined } = {},
): Arbitrary<DrawnResources> {
  const checker = new OptionChecker();
  checkIds(checker, ids);
  checker.knownKeys('', options, ['classes']);
  const classes = options.classes ?? defaultClasses;
  if (classes.length === 0) checker.fail('classes', 'at least one class', classes);
  checker.throwIfAny('resources');
  return fc.tuple(forEachId(ids, demandOf(classes)), limitsOf(classes)).map(([demands, limits]) => ({
    demands,
    limits: raised(limits, Object.values(demands)),
  }));
}

/**
 * When a run is cancelled, in ms of virtual time; or that it isn't.
 *
 * @example
 * ```ts
 * const arbitrary = cancelAt({ max: 100 });
 * ```
 */
export function cancelAt(range: { readonly max?: number | undefined } = {}): Arbitrary<number | undefined> {
  const checker = new OptionChecker();
  checker.knownKeys('', range, ['max']);
  const max = checker.finiteCount('max', range.max, 0) ?? 30;
  checker.throwIfAny('cancelAt');
  return fc.option(fc.nat(max), { nil: undefined, freq: 3 });
}

/** How many attempts fail; none mostly. */
export function failureCount(most: number): Arbitrary<number> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(most) });
}

/** What a step demands, of two classes at the most. */
export function demandOf(classes: readonly string[]): Arbitrary<Demand> {
  const entries = fc.tuple(fc.constantFrom(...classes), fc.integer({ min: 1, max: 3 }));
  return fc
    .uniqueArray(entries, { maxLength: Math.min(2, classes.length), selector: ([name]) => name })
    .map((amounts) => Object.fromEntries(amounts) as Demand);
}

/** How much there is of each class. */
export function limitsOf(classes: readonly string[]): Arbitrary<Record<string, number>> {
  return fc.record(Object.fromEntries(classes.map((name) => [name, fc.integer({ min: 1, max: 4 })])));
}

/** Limits that every demand fits into. */
export function raised(
  limits: Readonly<Record<string, number>>,
  demands: readonly Demand[],
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(limits).map(([name, limit]) => [
      name,
      Math.max(limit, ...demands.map((demand) => ownOf(demand, name) ?? 0)),
    ]),
  );
}

function forEachId<Value>(
  ids: readonly string[],
  arbitrary: Arbitrary<Value>,
): Arbitrary<Record<string, Value>> {
  return fc.record(Object.fromEntries(ids.map((id) => [id, arbitrary])));
}

function checkIds(checker: OptionChecker, ids: readonly string[]): void {
  if (!Array.isArray(ids) || ids.length === 0 || !ids.every((id) => typeof id === 'string'))
    checker.fail('ids', 'a list of ids of steps, at least one', ids);
}
