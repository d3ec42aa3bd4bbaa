import { ChunkedSteps, type StepList } from '../base/step-list.ts';
import type { ChildCounts } from './child-counts.ts';
import { accountOfRun, type CriticalStep } from './critical-steps.ts';
import type { RunMeasurements, RunView } from './run-view.ts';
import type { StepStatus } from './step-status.ts';
import type { WaitReason } from './wait-reason.ts';

/** What was measured of one step. All times in ms. */
export interface StepMetrics {
  /** The id of the step. */
  readonly id: string;
  /** Where the step stands. */
  readonly status: StepStatus;
  /** How many attempts were started. */
  readonly attempts: number;
  /** From the start of the first attempt to the end of the last, back-offs included; 0 before. */
  readonly durationMs: number;
  /** From when all dependencies had settled to the start of the first attempt: the wait for resources. */
  readonly waitMs: number;
  /** What it waited for; absent where it started at once. */
  readonly waitedFor?: WaitReason;
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
  /** Every step, in the order of definition. */
  readonly steps: StepList<StepMetrics>;
  /** How many steps ran at once on average: the time that attempts took, by the time of the run. */
  readonly parallelism: number;
  /**
   * Every resource class that is demanded, and `concurrency` where it is limited, by name. A member of a family of limits that nobody
   * has needed for a while may be missing, and is measured anew when it comes again.
   */
  readonly resources: Readonly<Record<string, ResourceMetrics>>;
  /**
   * The chain of steps that decided how long it took: each one's step by whose end, or choice, it became ready, up to the last to complete, or
   * the one that failed.
   */
  readonly criticalPath: readonly string[];
  /** The same steps with the account of their time: how long each waited, for what, and how long it took. */
  readonly criticalSteps: readonly CriticalStep[];
}

/** Works out the metrics. Linear in steps. */
export function measure(run: RunView & RunMeasurements, now: number): RunMetrics {
  const startedAt = Number.isNaN(run.startedAt) ? now : run.startedAt;
  const totalMs = now - startedAt;
  const { graph } = run.blueprint;
  const { ids } = graph;
  const measured = ids.map((id, step): StepMetrics => {
    const children = run.childrenOf(step);
    const waited = run.waitedOf(step);
    return {
      id,
      status: run.statusOf(step),
      attempts: run.attemptsOf(step),
      ...times(run, step, startedAt, now),
      ...(waited === undefined ? {} : { waitedFor: waited.for }),
      busyMs: run.busyOf(step, now),
      ...(children === undefined ? {} : { children }),
    };
  });
  const criticalSteps = accountOfRun(run);
  return {
    totalMs,
    steps: ChunkedSteps.of(measured, (id) => graph.indexOf(id)),
    parallelism: totalMs > 0 ? run.runningMs(now) / totalMs : 0,
    resources: Object.fromEntries(
      run
        .resourceUse(now)
        .map(({ name, limit, peak, takenMs, capacityMs }) => [
          name,
          { limit, peak, utilisation: totalMs > 0 ? Math.min(1, takenMs / capacityMs) : 0 },
        ]),
    ),
    criticalPath: criticalSteps.map(({ id }) => id),
    criticalSteps,
  };
}

function times(run: RunView & RunMeasurements, step: number, startedAt: number, now: number) {
  const first = run.startedAtOf(step);
  if (Number.isNaN(first)) return { durationMs: 0, waitMs: 0 };
  const end = run.endedAtOf(step);
  return {
    durationMs: (Number.isNaN(end) ? now : end) - first,
    waitMs: first - readyAtOf(run, step, startedAt),
  };
}

/** When a step became ready: what ended without having run, as a step that was skipped, ended with what decided that. */
function readyAtOf(run: RunView & RunMeasurements, step: number, startedAt: number): number {
  for (let by = run.readyByOf(step); by !== undefined; by = run.readyByOf(by)) {
    const endedAt = run.endedAtOf(by);
    if (!Number.isNaN(endedAt)) return endedAt;
  }
  return startedAt;
}
