import { status } from './run-state.ts';

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
export class ChildTally implements ChildCounts {
  added = 0;
  running = 0;
  completed = 0;
  failed = 0;
  cancelled = 0;
  skipped = 0;
  readonly #changed: (() => void) | undefined;
  readonly #outer: ChildTally | undefined;

  /**
   * @param changed - called at every change
   * @param outer - counts them as well: of the step that this one came of
   */
  constructor(changed: (() => void) | undefined, outer: ChildTally | undefined) {
    this.#changed = changed;
    this.#outer = outer;
  }

  add(count: number): void {
    this.added += count;
    this.#outer?.add(count);
    this.#changed?.();
  }

  started(): void {
    this.running++;
    this.#outer?.started();
    this.#changed?.();
  }

  ended(): void {
    this.running--;
    this.#outer?.ended();
    this.#changed?.();
  }

  settled(final: number): void {
    this.#outer?.settled(final);
    if (final === status.completed) this.completed++;
    else if (final === status.failed) this.failed++;
    else if (final === status.cancelled) this.cancelled++;
    else this.skipped++;
    this.#changed?.();
  }

  /** The numbers as they are now. */
  counts(): ChildCounts {
    const { added, running, completed, failed, cancelled, skipped } = this;
    return { added, running, completed, failed, cancelled, skipped };
  }
}
