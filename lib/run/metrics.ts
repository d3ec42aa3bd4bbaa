import type { Blueprint } from '../definition/blueprint.ts';
import type { ChildCounts, ChildTally } from './child-tally.ts';
import type { Executor } from './executor.ts';
import { type RunState, type StepStatus, status, stepStatuses } from './run-state.ts';

/** What was measured of one step. All times in ms. */
export interface StepMetrics {
  /** Where the step stands. */
  readonly status: StepStatus;
  /** How many attempts were started. */
  readonly attempts: number;
  /** From the start of the first attempt to the end of the last, back-offs included; 0 before. */
  readonly durationMs: number;
  /** From when all dependencies had settled to the start of the first attempt: the wait for resources. */
  readonly waitMs: number;
  /** How long its attempts held their resources. */
  readonly busyMs: number;
  /** How the steps fare that came of it while the run was under way; absent where none did. */
  readonly children?: ChildCounts;
}

/** What was measured of one resource class. */
export interface ResourceMetrics {
  /** Its capacity. */
  readonly limit: number;
  /** The most that was ever taken at once. */
  readonly peak: number;
  /** The share of limit × time that was taken, from 0 to 1. */
  readonly utilisation: number;
}

/** What a run measured, up to now or to its end. All times in ms. */
export interface RunMetrics {
  /** From the start of the run to its end, or to now. */
  readonly totalMs: number;
  /** Every step, by id. */
  readonly steps: Readonly<Record<string, StepMetrics>>;
  /** How many steps ran at once on average: the time that attempts took, by the time of the run. */
  readonly parallelism: number;
  /** Every resource class that is demanded, and `concurrency` where it is limited, by name. */
  readonly resources: Readonly<Record<string, ResourceMetrics>>;
  /** The chain of steps that decided how long it took: each one's last dependency to settle, up to the last step. */
  readonly criticalPath: readonly string[];
}

/** Works out the metrics. Linear in steps + dependencies. */
export function measure(
  blueprint: Blueprint,
  state: RunState,
  { budget: { admission, resources }, guests, limits }: Executor,
  tallies: ReadonlyMap<number, ChildTally>,
  startedAt: number,
  now: number,
): RunMetrics {
  const { graph, steps, demands } = blueprint;
  const totalMs = now - startedAt;
  const taken = guests.taken(now);
  const places = demands.distinct.map((demand) =>
    resources.map((name) =>
      name === 'concurrency' ? 1 : Object.hasOwn(demand, name) ? (demand[name] ?? 0) : 0,
    ),
  );
  let busyMs = guests.busyMs(now);
  const measured: Record<string, StepMetrics> = {};
  for (const [index, { id }] of steps.entries()) {
    const busy = state.busyOf(index, now);
    busyMs += busy;
    const amounts = places[demands.places[index] as number];
    if (busy > 0)
      for (const [place, amount] of amounts?.entries() ?? [])
        taken[place] = (taken[place] as number) + amount * busy;
    measured[id] = {
      status: stepStatuses[state.statuses[index] as number] ?? 'waiting',
      attempts: state.attemptsOf(index),
      ...times(blueprint, state, index, startedAt, now),
      busyMs: busy,
      ...childrenOf(tallies.get(index)),
    };
  }
  return {
    totalMs,
    steps: measured,
    parallelism: totalMs > 0 ? busyMs / totalMs : 0,
    resources: Object.fromEntries(
      resources.map((name, place) => {
        const limit = admission.capacities[place] ?? 0;
        const utilisation =
          totalMs > 0 ? Math.min(1, (taken[place] as number) / limits.capacityMs(name, startedAt, now)) : 0;
        return [name, { limit, peak: admission.peaks[place] ?? 0, utilisation }];
      }),
    ),
    criticalPath: decisivePath(state, blueprint).map((index) => graph.ids[index] ?? ''),
  };
}

function childrenOf(tally: ChildTally | undefined): Pick<StepMetrics, 'children'> {
  return tally === undefined ? {} : { children: tally.counts() };
}

function times(blueprint: Blueprint, state: RunState, index: number, startedAt: number, now: number) {
  const first = state.startedAt[index] as number;
  if (Number.isNaN(first)) return { durationMs: 0, waitMs: 0 };
  const end = state.endedAt[index] as number;
  const previous = lastToSettle(blueprint, state, index);
  const readyAt = previous === undefined ? startedAt : (state.endedAt[previous] as number);
  return { durationMs: (Number.isNaN(end) ? now : end) - first, waitMs: first - readyAt };
}

/** The dependency that settled last; or what decided that the step runs, where that was later. */
function lastToSettle(
  { graph: { dependencies } }: Blueprint,
  state: RunState,
  index: number,
): number | undefined {
  const { starts, values } = dependencies;
  const first = state.startedAt[index] as number;
  // What ran at the same time, as the other end of a stream, was not waited for.
  const waitedFor = [...values.subarray(starts[index], starts[index + 1])].filter(
    (needed) => !((state.endedAt[needed] as number) > first),
  );
  const decided = state.decidedBy.get(index);
  return latest(decided === undefined ? waitedFor : [...waitedFor, decided], state);
}

function latest(indices: Iterable<number>, state: RunState): number | undefined {
  let last: number | undefined;
  for (const index of indices) {
    const end = state.endedAt[index] as number;
    if (!Number.isNaN(end) && (last === undefined || end > (state.endedAt[last] as number))) last = index;
  }
  return last;
}

function decisivePath(state: RunState, blueprint: Blueprint): number[] {
  const path: number[] = [];
  const completed = [...blueprint.steps.keys()].filter((index) => state.statuses[index] === status.completed);
  for (
    let index = latest(completed, state);
    index !== undefined;
    index = lastToSettle(blueprint, state, index)
  )
    path.push(index);
  return path.reverse();
}
