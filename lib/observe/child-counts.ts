/** How the steps fare that came of a step, and of these in turn: in numbers, since there may be a million of them. */
export interface ChildCounts {
  /** How many there are by now. */
  readonly added: number;
  /** How many run. */
  readonly running: number;
  /** How many have failed and are about to be tried again: they back off, or wait for resources. */
  readonly retrying: number;
  /** How many have completed. */
  readonly completed: number;
  /** How many have failed. */
  readonly failed: number;
  /** How many were cancelled. */
  readonly cancelled: number;
  /** How many were skipped. */
  readonly skipped: number;
}

/** Counts them. */
export class Counts implements ChildCounts {
  added = 0;
  running = 0;
  retrying = 0;
  completed = 0;
  failed = 0;
  cancelled = 0;
  skipped = 0;
  readonly #changed: () => void;

  /** @param changed - called at every change */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  add(count: number): void {
    this.added += count;
    this.#changed();
  }

  /** @param isAgain - whether it had failed before */
  started(isAgain: boolean): void {
    this.running++;
    if (isAgain) this.retrying--;
    this.#changed();
  }

  ended(): void {
    this.running--;
    this.#changed();
  }

  /** It has failed, and will be tried again. */
  waits(): void {
    this.retrying++;
    this.#changed();
  }

  /** @param wasToRetry - whether it was about to be tried again */
  settled(as: 'completed' | 'failed' | 'cancelled' | 'skipped', wasToRetry: boolean): void {
    this[as]++;
    if (wasToRetry) this.retrying--;
    this.#changed();
  }

  /** The numbers as they are now. */
  counts(): ChildCounts {
    const { added, running, retrying, completed, failed, cancelled, skipped } = this;
    return { added, running, retrying, completed, failed, cancelled, skipped };
  }
}
