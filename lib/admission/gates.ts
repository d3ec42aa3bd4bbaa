import type { Time } from './ledger.ts';
import type { RateWindow } from './rate-window.ts';

/** What keeps classes from being taken, their capacity apart: a pause, or that too much of one has started of late. By place. */
export class Gates {
  readonly paused: boolean[] = [];
  readonly windows: (RateWindow | undefined)[] = [];
  readonly #time: Time;

  constructor(time: Time) {
    this.#time = time;
  }

  /** Whether so much of a class can't start now. */
  isShut(place: number, amount: number): boolean {
    if (this.paused[place] === true) return true;
    return this.windows[place]?.admits(amount, this.#time.now) === false;
  }

  /** When the first rate gives room again that has none; `Infinity` where none does. */
  earliestRoom(): number {
    const now = this.#time.now;
    let earliest = Infinity;
    for (const [place, window] of this.windows.entries()) {
      if (this.paused[place] === true) continue;
      earliest = Math.min(earliest, window?.roomAfter(now) ?? Infinity);
    }
    return earliest;
  }
}
