import type { StepList } from '../base/step-list.ts';
import type { ChildCounts } from './child-counts.ts';
import type { Origin } from './progress-event.ts';
import type { RunStatus } from './run-view.ts';
import type { StepStatus } from './step-status.ts';
import type { Waited, WaitReason, Waits } from './wait-reason.ts';

/** Where one step stands. */
export interface StepSnapshot {
  /** The id of the step. */
  readonly id: string;
  /** Where it stands. */
  readonly status: StepStatus;
  /** How many attempts were started. */
  readonly attempts: number;
  /** When the first attempt started, in ms of the run's clock; `null` before. */
  readonly startedAt: number | null;
  /** When the last attempt ended; `null` before, and while another runs. */
  readonly endedAt: number | null;
  /**
   * The id of the step by whose end, or choice, it became ready, or was skipped; `null` where that was the start of the run, and before it
   * starts. Followed back from the last, it is the critical path.
   */
  readonly readyBy: string | null;
  /**
   * What it waits for just now: a step, being chosen, a resource class, a rate, the end of a pause, its turn, its back-off, the cache or a
   * worker; absent where it doesn't wait.
   */
  readonly waitingFor?: WaitReason;
  /** How long it had to wait before its first attempt since all that it needs was there, and for what; absent where it hadn't. */
  readonly waited?: Waited;
  /** How far the step says it is, from 0 to 1; `null` where it doesn't say, or no longer runs. */
  readonly fraction: number | null;
  /** Where its output comes from, where no attempt of this run has made it; absent otherwise. */
  readonly origin?: Origin;
  /** How the steps fare that came of its last attempt, at whatever level; absent where none did. They aren't in `counts`. */
  readonly children?: ChildCounts;
}

/**
 * Where a run stands: plain, immutable, frozen data without outputs.
 *
 * What hasn't changed from one snapshot to the next is the same object in both, so that `===` tells.
 *
 * @example
 * ```ts
 * run.snapshot$.subscribe(({ counts, steps }) => {
 *   console.log(counts.running, steps.get('report')?.status);
 * });
 * ```
 */
export interface RunSnapshot {
  /** The run. */
  readonly runId: string;
  /** The name of its workflow. */
  readonly workflow: string;
  /** Where the run stands as a whole. */
  readonly status: RunStatus;
  /** When the run started, in ms of its clock; `null` before. */
  readonly startedAt: number | null;
  /** When the run ended; `null` before. */
  readonly endedAt: number | null;
  /** How many steps have each status. */
  readonly counts: Readonly<Record<StepStatus, number>>;
  /** Whether nothing starts. */
  readonly isPaused: boolean;
  /** The resource classes of which nothing starts. */
  readonly pausedResources: readonly string[];
  /** What is taken of each resource class, and how much there is. */
  readonly resources: Readonly<
    Record<
      string,
      {
        /** What running and abandoned steps hold. */
        readonly taken: number;
        /** What there is. */
        readonly limit: number;
      }
    >
  >;
  /** What steps wait for that are ready, those included that came while the run was under way; the most first. */
  readonly waits: readonly Waits[];
  /** The steps, in the order of definition. */
  readonly steps: StepList<StepSnapshot>;
}

// One of our own, since a user may have switched the shared one's freezing off.
