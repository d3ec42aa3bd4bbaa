/** How much of a class may start in any stretch of time. */
export interface Rate {
  /** The most that may start in it. */
  readonly limit: number;
  /** How long it is, in ms. */
  readonly perMs: number;
}

interface Start {
  readonly at: number;
  amount: number;
}

// Who waits until a start leaves the window adds and subtracts times: the sums may miss by less than this, in ms.
const rounding = 1e-3;

/**
 * What has started of a class, in a window that slides with time.
 *
 * 1. In any stretch of `perMs`, its beginning included and its end not, at most `limit` starts.
 * 2. A start costs a look at those that have left the window since the last one.
 */
export class RateWindow {
  readonly rate: Rate;
  /** The starts in the window, oldest first; those before `#oldest` have left it. */
  readonly #starts: Start[] = [];
  #oldest = 0;
  #inWindow = 0;

  constructor(rate: Rate) {
    this.rate = rate;
  }

  /** A window of another rate with what is in this one now. */
  changedTo(rate: Rate, now: number): RateWindow {
    this.#slide(now);
    const changed = new RateWindow(rate);
    for (const { amount, at } of this.#starts.slice(this.#oldest)) changed.take(amount, at);
    return changed;
  }

  /** Whether as much may start now. */
  admits(amount: number, now: number): boolean {
    this.#slide(now);
    // Sums of fractions may come out a hair above what was meant.
    return this.#inWindow + amount <= this.rate.limit * (1 + 1e-9);
  }

  take(amount: number, now: number): void {
    this.#starts.push({ at: now, amount });
    this.#inWindow += amount;
  }

  /** What was to start at a time has not. */
  undo(amount: number, at: number): void {
    for (let last = this.#starts.length - 1; last >= this.#oldest; last--) {
      const start = this.#starts[last] as Start;
      if (start.at < at) return;
      if (start.at !== at || start.amount !== amount) continue;
      start.amount = 0;
      this.#inWindow -= amount;
      return;
    }
  }

  /** When the oldest start leaves the window, which is later than now, or `undefined` where none is in it. */
  roomAfter(now: number): number | undefined {
    this.#slide(now);
    const oldest = this.#starts[this.#oldest];
    return oldest === undefined ? undefined : oldest.at + this.rate.perMs;
  }

  #slide(now: number): void {
    const starts = this.#starts;
    for (let oldest = starts[this.#oldest]; oldest !== undefined; oldest = starts[this.#oldest]) {
      if (oldest.at + this.rate.perMs > now + rounding) break;
      this.#inWindow -= oldest.amount;
      this.#oldest++;
    }
    if (this.#oldest === starts.length) {
      starts.length = 0;
      this.#oldest = 0;
      // With none left, what remains is the rounding of fractions.
      this.#inWindow = 0;
    } else if (this.#oldest > 1000 && 2 * this.#oldest > starts.length) {
      starts.splice(0, this.#oldest);
      this.#oldest = 0;
    }
  }
}
