/** How the steps fare that came of a step, and of these in turn: in numbers, since there may be a million of them. */
export interface ChildCounts {
  /** How many there are by now. */
  readonly added: number;
  /** How many run. */
  readonly running: number;
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

  started(): void {
    this.running++;
    this.#changed();
  }

  ended(): void {
    this.running--;
    this.#changed();
  }

  settled(as: 'completed' | 'failed' | 'cancelled' | 'skipped'): void {
    this[as]++;
    this.#changed();
  }

  /** The numbers as they are now. */
  counts(): ChildCounts {
    const { added, running, completed, failed, cancelled, skipped } = this;
    return { added, running, completed, failed, cancelled, skipped };
  }
}
