/** How many attempts run, and how long they have run in all. */
export class RunningTime {
  count = 0;
  #ms = 0;
  #since = 0;

  change(by: 1 | -1, now: number): void {
    this.#ms += this.count * (now - this.#since);
    this.#since = now;
    this.count += by;
  }

  /** Attempts × ms up to now. */
  until(now: number): number {
    return this.#ms + this.count * (now - this.#since);
  }
}
