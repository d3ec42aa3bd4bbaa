import type { StepDefinition } from '../definition/step.ts';

/** Something that a step has done, and when it completed among all such of the run. */
export interface Done {
  readonly definition: StepDefinition;
  /** The path of the step. */
  readonly stepId: () => string;
  readonly output: unknown;
  readonly attempt: number;
  readonly order: number;
}

/** What is to be undone of a graph's work, should it not succeed; and what is to be closed after that, or when it has. */
export class Undoing {
  readonly #toUndo: Done[] = [];
  readonly #toClose: Done[] = [];

  add(done: Done): void {
    this.#toUndo.push(done);
  }

  /** Something that was opened is closed no earlier than after all that is to be undone. */
  closeLater(opened: Done): void {
    this.#toClose.push(opened);
  }

  /** Takes over from a part that has succeeded. */
  adopt(other: Undoing): void {
    for (const done of other.#toUndo) this.#toUndo.push(done);
    for (const opened of other.#toClose) this.#toClose.push(opened);
  }

  /** Whether there is anything to undo. */
  get isEmpty(): boolean {
    return this.#toUndo.length === 0;
  }

  /** Takes out all that is to be undone, the last to complete first. */
  takeUndone(): Done[] {
    return lastFirst(this.#toUndo.splice(0));
  }

  /** Takes out all that is to be closed, the last to complete first. */
  takeOpened(): Done[] {
    return lastFirst(this.#toClose.splice(0));
  }
}

function lastFirst(all: Done[]): Done[] {
  return all.sort((left, right) => right.order - left.order);
}
