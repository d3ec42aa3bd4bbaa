import { followBody } from '../attempt/body.ts';
import type { Clock } from '../base/clock.ts';

/** Something of the user's that is called at an end. */
export interface FinalCall {
  /** Calls it; may throw. */
  readonly call: () => unknown;
  readonly failed: (error: unknown) => void;
  /** It has not ended in time, and is no longer waited for. */
  readonly endless: () => void;
}

/** How final calls are waited for. */
export interface FinalCallTerms {
  readonly after: Clock['after'];
  /** Called each time control comes back from outside. */
  readonly wake: (work: () => void) => void;
  /** How long each is waited for, in ms. */
  readonly gracePeriod: number;
}

/** Makes the calls in turn, each after the one before has ended, or was given up; then calls `done`. */
export function callInTurn(calls: readonly FinalCall[], terms: FinalCallTerms, done: () => void): void {
  let next = 0;
  let isLooping = false;
  let isSynchronous = true;

  // Calls that end at once are looped over, so that a hundred thousand of them need no deeper stack than one.
  const goOn = (): void => {
    isSynchronous = true;
    if (isLooping) return;
    isLooping = true;
    while (isSynchronous) {
      const current = calls[next++];
      if (current === undefined) {
        done();
        return;
      }
      isSynchronous = false;
      make(current, terms, goOn);
    }
    isLooping = false;
  };

  goOn();
}

/** Makes one call, and says once when it has ended or was given up. */
export function make({ call, failed, endless }: FinalCall, terms: FinalCallTerms, ended: () => void): void {
  const made: { isOver: boolean; hasReturned: boolean; clearGrace?: () => void } = {
    isOver: false,
    hasReturned: false,
  };
  const end = (report?: () => void): void => {
    const finish = (): void => {
      report?.();
      if (made.isOver) return;
      made.isOver = true;
      made.clearGrace?.();
      ended();
    };
    if (made.hasReturned) terms.wake(finish);
    else finish();
  };
  const over = (): void => {
    end();
  };
  const fail = (error: unknown): void => {
    end(() => {
      failed(error);
    });
  };
  try {
    followBody(call(), { completed: over, empty: over, stopped: over, failed: fail });
  } catch (error) {
    fail(error);
  }
  made.hasReturned = true;
  if (made.isOver) return;
  made.clearGrace = terms.after(terms.gracePeriod, () => {
    end(endless);
  });
}
