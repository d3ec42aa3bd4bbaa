import { ask, type Wake } from './ask.ts';
import type { OpenedRun } from './backend.ts';

/**
 * The lines that a run writes, in groups: all that is to be written when the run comes to rest, or when the group before is sure to stay, is
 * one write and one sync.
 *
 * 1. Lines are written in the order in which they were added. What an addition waits for is called once its line is sure to stay.
 * 2. After a failure nothing more is written, and nobody is kept waiting.
 */
export class Journal {
  readonly #opened: OpenedRun;
  readonly #wake: Wake;
  readonly #failed: (error: unknown) => void;
  #lines: string[] = [];
  #waiting: (() => void)[] = [];
  #isWriting = false;
  #isGivenUp = false;
  #whenIdle: (() => void) | undefined;

  /** @param failed - called once, with what the store says */
  constructor(opened: OpenedRun, wake: Wake, failed: (error: unknown) => void) {
    this.#opened = opened;
    this.#wake = wake;
    this.#failed = failed;
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** How many lines are yet to be written. */
  get backlog(): number {
    return this.#lines.length;
  }

  add(line: string, written?: () => void): void {
    if (this.#isGivenUp) {
      written?.();
      return;
    }
    this.#lines.push(line);
    if (written !== undefined) this.#waiting.push(written);
    // Whoever waits for its end has no rest to come to.
    if (this.#whenIdle !== undefined) this.flush();
  }

  flush(): void {
    if (this.#isWriting || this.#lines.length === 0) return;
    const lines = this.#lines;
    const waiting = this.#waiting;
    this.#lines = [];
    this.#waiting = [];
    this.#isWriting = true;
    const goOn = (): void => {
      this.#isWriting = false;
      for (const written of waiting) written();
      // What they bring about is to be in one group: it is written when the run comes to rest.
      if (this.#whenIdle === undefined) return;
      if (this.#lines.length > 0) this.flush();
      else this.#whenIdle();
    };
    ask(
      () => this.#opened.append(lines),
      doNow,
      () => {
        this.#wake(goOn);
      },
      (error) => {
        this.#wake(() => {
          this.giveUp();
          this.#failed(error);
          goOn();
        });
      },
    );
  }

  /** Writes no more, and lets go of those who wait. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#lines = [];
    for (const written of this.#waiting.splice(0)) written();
  }

  /** Writes what there is; then calls `ended`. */
  end(ended: () => void): void {
    this.flush();
    if (this.#isWriting) this.#whenIdle = ended;
    else ended();
  }
}

function doNow(work: () => void): void {
  work();
}
