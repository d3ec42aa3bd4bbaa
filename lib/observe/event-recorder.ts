import type { Demand } from '../admission/demand.ts';
import type { Origin, ProgressEvent } from './progress-event.ts';

/**
 * Who writes down what happens in a run, before anybody else hears of it. What every step tells comes as it is, without an object made for it.
 *
 * Must not throw, and must not call the run.
 */
export interface EventRecorder {
  /** A step has come that needs no other. */
  stepAdded(seq: number, at: number, stepId: string, parentId: string, demand: Demand): void;
  stepStarted(
    seq: number,
    at: number,
    stepId: string,
    attempt: number,
    holds: Demand,
    readyBy: string | undefined,
  ): void;
  holdsChanged(seq: number, at: number, stepId: string, attempt: number, holds: Demand): void;
  stepCompleted(seq: number, at: number, stepId: string, attempt: number, durationMs: number): void;
  /** A step has completed without an attempt. */
  stepKnown(seq: number, at: number, stepId: string, origin: Origin): void;
  /** Anything else. */
  event(event: ProgressEvent): void;
}
