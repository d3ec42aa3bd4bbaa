import type { RowShape } from './row-rules.ts';
import type { Row } from './step-table.ts';

/**
 * What a fan-out over a stream holds for its children, one at a time: or what its producer holds could be what all of them wait for.
 * Who runs in it takes nothing itself, but keeps to pauses and rates.
 */
export class Lane {
  /** Who runs in it, or is about to. */
  user: Row | undefined;
  isOver = false;
  readonly #shape: RowShape;

  /** @param shape - of who runs in it */
  constructor(shape: RowShape) {
    this.#shape = shape;
  }

  /** What a row demands that takes the lane; `undefined` where it can't have it. */
  enter(row: Row): RowShape | undefined {
    if (this.isOver) return undefined;
    this.user ??= row;
    return this.user === row ? this.#shape : undefined;
  }

  leave(): void {
    this.user = undefined;
  }

  /** There is nothing to run in any more. */
  end(): void {
    this.isOver = true;
    this.user = undefined;
  }
}
