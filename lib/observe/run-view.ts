import type { Clock } from '../base/clock.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { ChildCounts } from './child-counts.ts';
import type { Origin } from './progress-event.ts';
import type { StepStatus } from './step-status.ts';
import type { Waited, WaitReason, Waits } from './wait-reason.ts';

/** Where a run stands as a whole. `waiting`: it was started, and begins when others are over with which it shares how many may be under way. */
export type RunStatus = 'idle' | 'waiting' | 'running' | 'stopping' | 'completed' | 'failed' | 'cancelled';

/** What a run shows of itself to those who only look. Steps are known by their places in the blueprint. */
export interface RunView {
  readonly blueprint: Blueprint;
  readonly runId: string;
  readonly clock: Clock;
  readonly status: RunStatus;
  /** Whether nothing is left to happen. */
  readonly isOver: boolean;
  /** NaN before. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly isPaused: boolean;
  readonly pausedResources: readonly string[];
  /** What is taken of each resource class, and how much there is. */
  readonly resources: Record<string, { readonly taken: number; readonly limit: number }>;
  statusOf(step: number): StepStatus;
  attemptsOf(step: number): number;
  /** Where the output of a step comes from that no attempt has made. */
  originOf(step: number): Origin | undefined;
  /** When the first attempt started and the last one ended; NaN before. */
  startedAtOf(step: number): number;
  endedAtOf(step: number): number;
  /** The step by whose end, or choice, a step became ready, or was skipped; `undefined` where it was the start of the run. */
  readyByOf(step: number): number | undefined;
  /** How long a step had to wait before its first attempt since all that it needs was there, and for what; `undefined` where it hadn't. */
  waitedOf(step: number): Waited | undefined;
  /** What a step waits for just now, or the one that it needs: by place, since its end tells when that is another; `undefined` where it doesn't wait. */
  waitingForOf(step: number): WaitReason | number | undefined;
  /** Counts the changes of what steps that are ready wait for. */
  readonly reasonChanges: number;
  /** What steps of whatever level that are ready wait for. */
  waits(): readonly Waits[];
  /** How far the step says it is. */
  fractionOf(step: number): number | undefined;
  /** How the steps fare that came of its last attempt. */
  childrenOf(step: number): ChildCounts | undefined;
}

/** What a run has measured, beside what its view tells. */
export interface RunMeasurements {
  /** How long, in ms, the attempts of a step held their resources. */
  busyOf(step: number, now: number): number;
  /** When the last attempt of a step started; NaN before. */
  lastStartOf(step: number): number;
  /** When a worker took on the last attempt of a step; `undefined` where none has. */
  offloadedAtOf(step: number): number | undefined;
  /** Attempts × ms over all steps, those apart whose work is done by others. */
  runningMs(now: number): number;
  /** Each resource class: the most that was taken at once, how much was taken and how much there was, each times how long. */
  resourceUse(now: number): readonly ResourceUse[];
}

/** What was used of a resource class. */
export interface ResourceUse {
  readonly name: string;
  readonly limit: number;
  readonly peak: number;
  readonly takenMs: number;
  readonly capacityMs: number;
}
