import type { SchedulerLike } from 'rxjs';
import type { CancellationToken } from '../base/cancellation.ts';

/** How far a step is: a fraction from 0 to 1, or so many of so many. */
export type ProgressAmount =
  | number
  | {
      /** How many are done. */
      readonly done: number;
      /** Of how many. */
      readonly total: number;
    };

/** An amount as a fraction from 0 to 1; nonsense counts as nothing done. */
export function fractionOf(amount: ProgressAmount): number {
  const { done = 0, total = 1 } = countsOf(amount);
  const fraction = typeof amount === 'number' ? amount : done / total;
  return Number.isNaN(fraction) ? 0 : Math.min(1, Math.max(0, fraction));
}

/** What an amount counts, if it does. Nobody checks what a step's function really gives. */
export function countsOf(amount: unknown): { readonly done?: number; readonly total?: number } {
  const { done, total } = (typeof amount === 'object' && amount !== null ? amount : {}) as Record<
    string,
    unknown
  >;
  return typeof done === 'number' && typeof total === 'number' ? { done, total } : {};
}

/**
 * What a step's function gets beside its inputs: one object for each attempt.
 *
 * The token and the signal are made when first asked for; a step that uses neither pays for neither. Everything may be
 * taken out of it (`({ table }, { signal, progress }) => …`).
 */
export interface StepContext {
  /** The id of the step; of one within another its path, as in events. */
  readonly stepId: string;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /**
   * A text that is the same in each attempt of this step in runs of this `runId`, and in no other step or run: for services that do what
   * they are asked with one key only once. What a body does may be done again where the process dies before that is written down.
   */
  readonly idempotencyKey: string;
  /** Where the run takes its time from; give it to RxJS operators that wait, so that they obey virtual time. */
  readonly scheduler: SchedulerLike;
  /** Cancelled when this attempt should stop: the run was cancelled or failed, or the attempt timed out. */
  readonly token: CancellationToken;
  /** The token as an AbortSignal, for `fetch`, `fs` and child processes. */
  readonly signal: AbortSignal;
  /** How long, in ms, this attempt may go on after it was told to stop. */
  readonly gracePeriod: number;
  /** Tells the run how far the step is, as a `step-progress` event. Free where nobody listens. */
  readonly progress: (amount: ProgressAmount, message?: string) => void;
  /** Emits a `log` event. Free where nobody listens. */
  readonly log: (message: string, data?: unknown) => void;
  /**
   * Registers a finaliser of this attempt: whatever the outcome, finalisers run last in, first out after the
   * body has stopped, and each one's Promise or Observable is awaited before the attempt is over and gives its
   * resources back. An error in one is reported as a `warning` event.
   */
  readonly defer: (finaliser: () => unknown) => void;
}
