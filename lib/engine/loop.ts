import { captureContext, type EnterContext } from '../base/async-context.ts';
import { Fifo } from '../base/fifo.ts';
import type { Scope, StepAttempt } from './scope.ts';
import type { Row } from './step-table.ts';
import type { TimeSlice } from './time-slice.ts';

/** Who does what the loop comes to. */
export interface LoopOwner {
  /** An attempt is over: what came of it is to be dealt with. */
  settle(attempt: StepAttempt): void;
  /** A scope may be through. */
  look(scope: Scope): void;
  /** The next row that may start; `undefined` where there is none. */
  admit(): Row | undefined;
  start(row: Row): void;
  /** Nothing is left to do but to wait. */
  rest(): void;
  /** A fault of the engine's own, or of the host it runs on. */
  fault(bug: unknown): void;
}

/**
 * The one loop of a run. Whatever comes from outside is put into a queue, and worked off here.
 *
 *     signals ─▶ rows whose end others hear of ─▶ attempts that are over ─▶ scopes that may be through ─▶ starts
 *
 * 1. Nothing re-enters it: what is called from it may queue more, and that is dealt with before the next start.
 * 2. A slice of time that is used up ends the starts until the event loop has turned; what comes meanwhile is heard.
 * 3. What comes from outside is worked off in the async context in which the run was started.
 */
export class Loop {
  readonly #owner: LoopOwner;
  readonly #slice: TimeSlice;
  readonly #signals = new Fifo<() => void>();
  readonly #announced = new Fifo<{ readonly scope: Scope; readonly row: Row }>();
  readonly #over = new Fifo<StepAttempt>();
  readonly #underReview = new Fifo<Scope>();
  /** How much there is in all the queues. */
  #queued = 0;
  #isTurning = false;
  /** Whether a fault has made an end of everything. */
  #isBroken = false;
  #isResting = false;
  #enterContext: EnterContext | undefined;

  constructor(owner: LoopOwner, slice: TimeSlice) {
    this.#owner = owner;
    this.#slice = slice;
  }

  /** From now on, what comes from outside is worked off in the async context of whoever calls this. */
  settleIn(): void {
    this.#enterContext = captureContext();
  }

  /** Runs work in the run's async context. */
  within(work: () => void): void {
    if (this.#isTurning || this.#enterContext === undefined) work();
    else this.#enterContext(work);
  }

  /** Control has come from outside: does what it brings, and what comes of that. */
  wake(work: () => void): void {
    if (this.#isTurning) {
      this.signal(work);
      return;
    }
    this.within(() => {
      this.#slice.enter();
      this.signal(work);
      this.turn();
    });
  }

  /** Something may start that couldn't. */
  goOn(): void {
    if (this.#isTurning) this.signal(doNothing);
    else this.within(this.#comeBack);
  }

  /** As `wake`, but what it brings is done before this returns, also where the loop itself has led here. */
  perform(work: () => void): void {
    if (this.#isTurning) work();
    else this.wake(work);
  }

  /** Something is to be done before anything else. */
  signal(work: () => void): void {
    this.#signals.push(work);
    this.#queued++;
  }

  /** Those who need a settled row are to hear of it. */
  announce(scope: Scope, row: Row): void {
    this.#announced.push({ scope, row });
    this.#queued++;
  }

  /** An attempt is over, and that is worked off. */
  over(attempt: StepAttempt): void {
    if (!this.#isTurning && this.#queued === 0) {
      this.turn(attempt);
      return;
    }
    this.#over.push(attempt);
    this.#queued++;
    this.turn();
  }

  /** Whether a scope is through is to be looked at. */
  review(scope: Scope): void {
    if (scope.isUnderReview) return;
    scope.isUnderReview = true;
    this.#underReview.push(scope);
    this.#queued++;
  }

  /**
   * Works off what is queued and starts what may, until there is neither.
   *
   * @param over - an attempt whose end is all that there is to work off: it needs no queue
   */
  turn(over?: StepAttempt): void {
    if (this.#isTurning) return;
    this.#turnOnce(over);
    // Where nothing waits, coming to rest may still bring something.
    while (this.#queued > 0 && !this.#isBroken) this.#turnOnce(undefined);
  }

  #turnOnce(over: StepAttempt | undefined): void {
    if (this.#isBroken) return;
    this.#isTurning = true;
    try {
      if (over !== undefined) this.#owner.settle(over);
      while (this.#queued > 0 ? this.#takeNext() : this.#startNext());
      this.#owner.rest();
    } catch (bug) {
      this.#isBroken = true;
      this.#owner.fault(bug);
    }
    this.#isTurning = false;
  }

  #takeNext(): boolean {
    this.#queued--;
    if (this.#signals.size > 0) {
      this.#signals.shift()?.();
    } else if (this.#announced.size > 0) {
      const { scope, row } = this.#announced.shift() as { readonly scope: Scope; readonly row: Row };
      if (scope.stopped === undefined) scope.spread(row);
    } else if (this.#over.size > 0) {
      this.#owner.settle(this.#over.shift() as StepAttempt);
    } else {
      const scope = this.#underReview.shift() as Scope;
      scope.isUnderReview = false;
      this.#owner.look(scope);
    }
    return true;
  }

  #startNext(): boolean {
    if (this.#isResting) return false;
    if (this.#slice.isOver && this.#slice.turn(this.#goOn)) {
      this.#isResting = true;
      return false;
    }
    const row = this.#owner.admit();
    if (row === undefined) return false;
    this.#owner.start(row);
    return true;
  }

  readonly #comeBack = (): void => {
    this.#slice.enter();
    this.turn();
  };

  readonly #goOn = (): void => {
    this.#isResting = false;
    this.turn();
  };
}

function doNothing(): void {
  // Coming back is all that is needed.
}
