import { type Duration, parseDuration } from '../base/durations.ts';
import { nearestName } from '../base/nearest.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import { isHistory, type RunHistory } from '../run/history.ts';
import type { RunMetrics } from '../run/metrics.ts';
import { type Distribution, readDistribution, type Spread } from './distribution.ts';

/**
 * How long the steps take: by id, by a function of the id, or as a run or a history
 * has measured them. A step of which nothing is said
 * takes its `estimate`, or 1 ms without one.
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

/** Reads durations; every one that can't be used is noted with the checker. */
export function readDurations(
  checker: OptionChecker,
  blueprint: Blueprint,
  durations: Durations | undefined,
): StepDurations {
  const expected = Float64Array.from(blueprint.steps, ({ settings }) => settings.estimate ?? 1);
  const spreads = new Map<number, Spread>();
  const note = (index: number, id: string, value: unknown): void => {
    if (value === undefined) return;
    const fixed = timeOf(value);
    if (fixed !== undefined) {
      expected[index] = fixed;
      return;
    }
    const spread = readDistribution(checker, `durations['${id}']`, value);
    if (spread === undefined) return;
    expected[index] = spread.mean;
    spreads.set(index, spread);
  };
  if (typeof durations === 'function') {
    for (const [index, id] of blueprint.graph.ids.entries()) note(index, id, durations(id));
  } else if (durations !== undefined && checker.record('durations', durations, durationsExpected)) {
    for (const [id, value] of entriesOf(durations)) {
      const index = blueprint.graph.indexOf(id);
      if (index === undefined) noteUnknown(checker, blueprint, id, value);
      else note(index, id, value);
    }
  }
  return { expected, spreads };
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
  return typeof steps === 'object' && Array.isArray(criticalPath);
}

/** A step that didn't complete was not measured. */
function measuredIn({ steps }: RunMetrics): [id: string, ms: number | undefined][] {
  return Object.entries(steps).map(([id, { status, busyMs }]) => [
    id,
    status === 'completed' ? busyMs : undefined,
  ]);
}

function noteUnknown(checker: OptionChecker, { name, graph }: Blueprint, id: string, value: unknown): void {
  const meant = nearestName(id, graph.ids);
  const hint = meant === undefined ? '' : `; did you mean '${meant}'?`;
  checker.fail(`durations['${id}']`, `absent (workflow '${name}' has no step '${id}'${hint})`, value);
}

/** One draw of all durations. */
export function drawDurations({ expected, spreads }: StepDurations, random: () => number): Float64Array {
  const drawn = expected.slice();
  for (const [index, spread] of spreads) drawn[index] = spread.draw(random);
  return drawn;
}
