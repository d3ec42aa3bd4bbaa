import { ask, type Wake } from './ask.ts';
import type { OpenedRun } from './backend.ts';
import type { ShortJson } from './codec.ts';
import { KeyColumns, OutputColumns } from './journal-columns.ts';
import type { KeyRecord } from './journal-record.ts';

/** Who waits for what was written to be sure to stay. */
export interface Waiting {
  stays(): void;
}

/**
 * The lines that a run writes, in groups: all that is to be written when the run comes to rest, or when the group before is sure to stay, is
 * one write and one sync.
 *
 * 1. Lines are written in the order in which they were added. Who waits for an addition hears once its line is sure to stay.
 * 2. Outputs that follow each other, with nothing to be said beside, share a line, and so do keys; a step's key comes before its output. Both come
 *    before any other line that is added later.
 * 3. After a failure nothing more is written, and nobody is kept waiting.
 */
export class Journal {
  readonly #opened: OpenedRun;
  readonly #wake: Wake;
  readonly #failed: (error: unknown) => void;
  #lines: string[] = [];
  #waiting: Waiting[] = [];
  readonly #outputs = new OutputColumns();
  readonly #keys = new KeyColumns();
  /** How many additions are yet to be written. */
  backlog = 0;
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

  add(line: string, waiting?: Waiting): void {
    if (this.#isGivenUp) {
      waiting?.stays();
      return;
    }
    this.#closeLines();
    this.#lines.push(line);
    this.#added(waiting);
  }

  /**
   * Adds that a step has come to something.
   *
   * @param output - what it is, as JSON
   * @param item - the digest of what a child was made of
   */
  addOutput(path: string, output: ShortJson, item: string | undefined, waiting: Waiting | undefined): void {
    if (this.#isGivenUp) {
      waiting?.stays();
      return;
    }
    if (!this.#outputs.takes(item)) this.#closeLines();
    this.#outputs.add(path, output, item);
    if (this.#outputs.isFull) this.#closeLines();
    this.#added(waiting);
  }

  /** Adds what a step's output is found by. */
  addKey(path: string, key: KeyRecord): void {
    if (this.#isGivenUp) return;
    if (!this.#keys.takes(key)) this.#closeLines();
    this.#keys.add(path, key);
    if (this.#keys.isFull) this.#closeLines();
    this.#added(undefined);
  }

  #closeLines(): void {
    if (!this.#keys.isEmpty) this.#lines.push(this.#keys.take());
    if (!this.#outputs.isEmpty) this.#lines.push(this.#outputs.take());
  }

  #added(waiting: Waiting | undefined): void {
    this.backlog++;
    if (waiting !== undefined) this.#waiting.push(waiting);
    // Whoever waits for its end has no rest to come to.
    if (this.#whenIdle !== undefined) this.flush();
  }

  flush(): void {
    if (this.#isWriting || this.backlog === 0) return;
    this.#closeLines();
    const lines = this.#lines;
    const waiting = this.#waiting;
    this.#lines = [];
    this.#waiting = [];
    this.backlog = 0;
    this.#isWriting = true;
    const goOn = (): void => {
      this.#isWriting = false;
      for (const one of waiting) one.stays();
      // What they bring about is to be in one group: it is written when the run comes to rest.
      if (this.#whenIdle === undefined) return;
      if (this.backlog > 0) this.flush();
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
    this.#closeLines();
    this.#lines = [];
    this.backlog = 0;
    for (const one of this.#waiting.splice(0)) one.stays();
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
