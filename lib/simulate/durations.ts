import { type Duration, parseDuration } from '../base/durations.ts';
import { hintAfter } from '../base/nearest.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import { isStepList, stepsIn } from '../base/step-list.ts';
import type { StepSettings } from '../definition/step-options.ts';
import { isHistory, type RunHistory } from '../observe/history.ts';
import type { RunMetrics } from '../observe/metrics.ts';
import { type Distribution, readDistribution, type Spread } from './distribution.ts';
import type { Parts, Unfolding } from './parts.ts';

/**
 * How long the steps take: by id, by a function of the id, or as a run or a history has measured them. A step of which
 * nothing is said takes its `estimate`, or 1 ms without one; a subflow of which nothing is said takes what its steps take, which
 * are named `subflow/id`.
 *
 * @example
 * ```ts
 * const byId: Durations = { table: '2s', delays: { uniform: [100, 400] } };
 * const measured: Durations = run.metrics();
 * ```
 */
export type Durations =
  | Readonly<Record<string, Duration | Distribution | undefined>>
  | ((id: string) => Duration | Distribution | undefined)
  | RunMetrics
  | RunHistory;

/** Durations, read: the expected one of each step by index, and the steps of which it isn't certain. */
export interface StepDurations {
  readonly expected: Float64Array;
  readonly spreads: ReadonlyMap<number, Spread>;
}

/** What decides among others takes no time of its own. */
function usualOf({ estimate, join }: StepSettings): number {
  return estimate ?? (join === undefined ? 1 : 0);
}

/** A step of which it is said how long it takes is one; a fan-out, unless it is also said how many children it has. */
export function unfoldingBy(durations: Durations | undefined, items: Items): Unfolding {
  const given = new Map(isRecord(durations) ? entriesOf(durations) : []);
  const isWhole = (id: string): boolean =>
    (typeof durations === 'function' ? durations(id) : given.get(id)) !== undefined;
  return { isWhole, itemsOf: (id, known) => items.get(id) ?? (isWhole(id) ? undefined : known) };
}

type Items = ReadonlyMap<string, number | undefined>;

function isRecord(durations: unknown): durations is DurationsRecord {
  return typeof durations === 'object' && durations !== null;
}

/** Reads durations; every one that can't be used is noted with the checker. */
export function readDurations(
  checker: OptionChecker,
  parts: Parts,
  durations: Durations | undefined,
  items: Items,
): StepDurations {
  const expected = Float64Array.from(parts.settings, usualOf);
  const spreads = new Map<number, Spread>();
  const note = (indices: Iterable<number>, id: string, value: unknown): void => {
    if (value === undefined) return;
    const fixed = timeOf(value);
    const spread = fixed === undefined ? readDistribution(checker, `durations['${id}']`, value) : undefined;
    const mean = fixed ?? spread?.mean;
    if (mean === undefined) return;
    for (const index of indices) {
      expected[index] = mean;
      if (spread === undefined) spreads.delete(index);
      else spreads.set(index, spread);
    }
  };
  if (typeof durations === 'function') {
    for (const [index, id] of parts.ids.entries())
      if (!parts.inners.has(index)) note([index], id, durations(id));
  } else if (durations !== undefined && checker.record('durations', durations, durationsExpected)) {
    const isGiven = !isMetrics(durations) && !isHistory(durations);
    // What is said of all children may be said otherwise of one.
    const entries = entriesOf(durations);
    for (const [id, value] of entries) {
      const children = childrenIn(parts, id);
      if (children !== undefined) note(children, id, value);
    }
    for (const [id, value] of entries) {
      const index = parts.indexOf(id);
      if (index === undefined) {
        if (childrenIn(parts, id) === undefined) noteUnknown(checker, parts, id, value);
      } else if (!parts.inners.has(index)) {
        note([index], id, value);
      } else if (items.has(id) && isGiven && value !== undefined) {
        const expectation = `absent, as items says how many there are ('${id}[]' is each)`;
        checker.fail(`durations['${id}']`, expectation, value);
      }
    }
  }
  return { expected, spreads };
}

/** The children of a fan-out, which `id[]` names. */
function childrenIn(parts: Parts, name: string): Iterable<number> | undefined {
  if (!name.endsWith('[]') || parts.indexOf(name) !== undefined) return undefined;
  const inner = parts.inners.get(parts.indexOf(name.slice(0, -2)) ?? -1);
  if (inner?.kind !== 'items') return undefined;
  return Array.from({ length: inner.count }, (_, place) => inner.first + place);
}

const durationsExpected =
  "a record of durations by step id, a function of the id, a run's metrics or a history";

/** A number may be any, since nothing really waits so long; text is as for every duration. */
function timeOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value >= 0 && value < Infinity ? value : undefined;
  return parseDuration(value);
}

type DurationsRecord = Exclude<Durations, (id: string) => unknown>;

function entriesOf(durations: DurationsRecord): [id: string, value: unknown][] {
  if (isMetrics(durations)) return measuredIn(durations);
  if (!isHistory(durations)) return Object.entries(durations);
  return Object.entries(durations.steps).map(([id, { meanMs }]) => [id, meanMs]);
}

function isMetrics(durations: DurationsRecord): durations is RunMetrics {
  const { steps, criticalPath } = durations as Partial<RunMetrics>;
  return isStepList(steps) && Array.isArray(criticalPath);
}

/** A step that didn't complete was not measured. One that brought others held nothing while they ran. */
function measuredIn({ steps }: RunMetrics): [id: string, ms: number | undefined][] {
  return stepsIn(steps).map(({ id, status, busyMs, durationMs, children }) => [
    id,
    status !== 'completed' ? undefined : children === undefined ? busyMs : durationMs,
  ]);
}

function noteUnknown(checker: OptionChecker, { blueprint, ids }: Parts, id: string, value: unknown): void {
  checker.fail(
    `durations['${id}']`,
    `absent (workflow '${blueprint.name}' has no step '${id}'${hintAfter(id, ids)})`,
    value,
  );
}

/** One draw of all durations. */
export function drawDurations({ expected, spreads }: StepDurations, random: () => number): Float64Array {
  const drawn = expected.slice();
  for (const [index, spread] of spreads) drawn[index] = spread.draw(random);
  return drawn;
}
