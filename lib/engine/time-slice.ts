import type { Clock } from '../base/clock.ts';
import { macrotask } from '../base/host.ts';

/** How long the engine may keep the event loop, in ms. The promise is 10; a step in progress adds to it. */
const sliceMs = 8;
/** After a pause of this length, in ms, the event loop has been elsewhere, so that a new slice begins. */
const gapMs = 1;

/**
 * The present of a run, and the share of the event loop that the engine takes.
 *
 * 1. `now` is read from the clock once an event, so that what happens at once has one time.
 * 2. Under the live clock, a slice that is used up makes `isOver` true until the event loop has turned.
 * 3. Under any other clock there are no slices: virtual time is not the host's.
 */
export class TimeSlice {
  now: number;
  readonly #clock: Clock;
  #end: number;
  #isTurning = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.now = clock.now();
    this.#end = clock.live ? this.now + sliceMs : Infinity;
  }

  /** Reads the clock on coming back from elsewhere. */
  enter(): void {
    const now = this.#clock.now();
    if (now - this.now > gapMs && this.#clock.live) this.#end = now + sliceMs;
    this.now = now;
  }

  /** Reads the clock after work in this slice. */
  advance(): void {
    this.now = this.#clock.now();
  }

  get isOver(): boolean {
    return this.now >= this.#end;
  }

  /** Calls `goOn` in a new slice, once the event loop has turned. False where it is about to turn anyway. */
  turn(goOn: () => void): boolean {
    if (this.#isTurning) return false;
    this.#isTurning = true;
    macrotask(() => {
      this.#isTurning = false;
      this.now = this.#clock.now();
      this.#end = this.now + sliceMs;
      goOn();
    });
    return true;
  }
}
