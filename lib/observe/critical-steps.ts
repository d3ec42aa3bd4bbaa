import { decisivePath } from '../graph/decisive-path.ts';
import type { StepSnapshot } from './run-snapshot.ts';
import type { RunMeasurements, RunStatus, RunView } from './run-view.ts';
import type { StepStatus } from './step-status.ts';
import type { Waited, WaitReason } from './wait-reason.ts';

/**
 * A step that decided how long a run took. Times in ms.
 *
 * Each begins where the one before it ended, the first at the start of the run: waits and durations add up to the end of the last.
 */
export interface CriticalStep {
  /** The id of the step. */
  readonly id: string;
  /** Whether it completed, failed, or was skipped, which takes no time. */
  readonly status: StepStatus;
  /** From the end of the one before to the start of its first attempt. */
  readonly waitMs: number;
  /** What it waited for; absent where it started at once, or nobody knows. */
  readonly waitedFor?: WaitReason;
  /** From the start of its first attempt to the end of its last. */
  readonly durationMs: number;
  /** How much of that had gone by when its last attempt started: earlier attempts, and back-offs. Absent where there was but one. */
  readonly retryMs?: number;
  /** How much of it its last attempt waited for a worker; absent where it waited for none. */
  readonly workerMs?: number;
}

/** What is known of a step for that; `undefined` and NaN where it didn't start or end. */
export interface TimesOfStep {
  readonly id: string;
  readonly status: StepStatus;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly waited: Waited | undefined;
  /** When its last attempt started, and when a worker took that on, where that is known. */
  readonly lastStart?: number | undefined;
  readonly offloadedAt?: number | undefined;
}

/** The account of the time of those steps, which are given first to last, from the start of the run on. */
export function accountOf(path: readonly TimesOfStep[], startedAt: number): CriticalStep[] {
  let from = startedAt;
  return path.map((step) => {
    const start = known(step.startedAt) ?? from;
    const end = known(step.endedAt) ?? from;
    const waitMs = Math.max(0, start - from);
    const retryMs = (known(step.lastStart) ?? start) - start;
    const workerMs = (step.offloadedAt ?? 0) - (known(step.lastStart) ?? start);
    from = Math.max(from, end);
    return {
      id: step.id,
      status: step.status,
      waitMs,
      ...(waitMs > 0 && step.waited !== undefined ? { waitedFor: step.waited.for } : {}),
      durationMs: Math.max(0, end - start),
      ...(retryMs > 0 ? { retryMs } : {}),
      ...(workerMs > 0 ? { workerMs } : {}),
    };
  });
}

/** A step that may have decided how long a run took. */
interface Candidate {
  readonly status: StepStatus;
  readonly endedAt: number | undefined;
}

/**
 * The chain of steps that decided when a run ended, first to last: of one that failed, the last is the step that failed; of
 * others, the one that completed last.
 */
export function criticalPathOf<Step>(
  steps: readonly Step[],
  runStatus: RunStatus,
  of: (step: Step) => Candidate,
  readyBy: (step: Step) => Step | undefined,
): Step[] {
  const hasFailed = (step: Step): boolean => of(step).status === 'failed';
  const isFailing = runStatus === 'failed' || runStatus === 'stopping';
  // Of those that ended at the same time the first counts.
  const failed = isFailing ? steps.filter(hasFailed) : [];
  const endOf = (step: Step): number | undefined => {
    const { status, endedAt } = of(step);
    return status === 'completed' || (isFailing && status === 'failed') ? endedAt : undefined;
  };
  return decisivePath(failed.length === 0 ? steps : [...failed, ...steps], endOf, readyBy);
}

/** The account of the time of a run. */
export function accountOfRun(run: RunView & RunMeasurements): CriticalStep[] {
  const { ids } = run.blueprint.graph;
  const steps = criticalPathOf(
    [...ids.keys()],
    run.status,
    (step) => ({ status: run.statusOf(step), endedAt: run.endedAtOf(step) }),
    (step) => run.readyByOf(step),
  );
  const path = steps.map((step) => ({
    id: ids[step] ?? '',
    status: run.statusOf(step),
    startedAt: run.startedAtOf(step),
    endedAt: run.endedAtOf(step),
    waited: run.waitedOf(step),
    lastStart: run.lastStartOf(step),
    offloadedAt: run.offloadedAtOf(step),
  }));
  return accountOf(path, run.startedAt);
}

/** What of a snapshot it takes. */
interface Standing {
  readonly status: RunStatus;
  readonly startedAt: number | null;
  readonly steps: ReadonlyMap<string, StepSnapshot>;
}

/** The same, of where a run stood: the steps, and the account of their time. */
export function accountOfSnapshot({ status, startedAt, steps }: Standing): CriticalStep[] {
  return accountOf(
    criticalStepsIn({ status, steps }).map((step) => ({
      ...step,
      startedAt: step.startedAt ?? undefined,
      endedAt: step.endedAt ?? undefined,
      waited: step.waited,
    })),
    startedAt ?? 0,
  );
}

/** The steps that decided how long a run took, of where it stood. */
export function criticalStepsIn({ status, steps }: Pick<Standing, 'status' | 'steps'>): StepSnapshot[] {
  return criticalPathOf(
    [...steps.values()],
    status,
    (step) => ({ status: step.status, endedAt: step.endedAt ?? undefined }),
    ({ readyBy }) => steps.get(readyBy ?? ''),
  );
}

function known(time: number | undefined): number | undefined {
  return time === undefined || Number.isNaN(time) ? undefined : time;
}
