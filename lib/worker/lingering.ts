import { monotonicNow } from '../base/clock.ts';

/** For how long at most, in ms: about what the main side takes from a result to the next call. */
const patience = 0.05;

/** How often the time is looked at; a look at shared memory is far cheaper. */
const looksPerTime = 16;

/** After so many times in vain in a row … */
const mostMisses = 4;

/** … it is tried only this often, as somebody else may need the core. */
const retryEvery = 8;

/**
 * Looks for the next call for a moment before a thread goes to sleep: to be woken takes longer than most of what it
 * would have waited for.
 */
export class Lingering {
  #misses = 0;

  /** Waits until `isDue`, for as long as that pays. Says whether it is. */
  until(isDue: () => boolean): boolean {
    if (this.#misses >= mostMisses && this.#misses % retryEvery !== 0) {
      this.#misses++;
      return isDue();
    }
    const start = monotonicNow();
    do {
      for (let look = 0; look < looksPerTime; look++) {
        if (!isDue()) continue;
        this.#misses = 0;
        return true;
      }
    } while (monotonicNow() - start < patience);
    this.#misses++;
    return false;
  }
}
