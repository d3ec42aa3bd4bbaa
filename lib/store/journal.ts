import { ask, type Wake } from './ask.ts';
import type { OpenedRun } from './backend.ts';
import { lengthOf, listOf, type ShortJson } from './codec.ts';
import { allLine } from './journal-record.ts';
import { mostTogether } from './journal-state.ts';

/** Who waits for what was written to be sure to stay. */
export interface Waiting {
  stays(): void;
}

/** So long, in characters, is a line of many outputs at most, but for the last of them. */
const longestLine = 64 * 1024;

/**
 * The lines that a run writes, in groups: all that is to be written when the run comes to rest, or when the group before is sure to stay, is
 * one write and one sync.
 *
 * 1. Lines are written in the order in which they were added. Who waits for an addition hears once its line is sure to stay.
 * 2. Outputs that follow each other, with nothing to be said beside, share a line: what is in no line yet comes before any other line.
 * 3. After a failure nothing more is written, and nobody is kept waiting.
 */
export class Journal {
  readonly #opened: OpenedRun;
  readonly #wake: Wake;
  readonly #failed: (error: unknown) => void;
  #lines: string[] = [];
  #waiting: Waiting[] = [];
  // Outputs that are in no line yet.
  #paths: string[] = [];
  #outputs: ShortJson[] = [];
  #items: string[] | undefined;
  #length = 0;
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
    this.#closeLine();
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
    if (this.#paths.length > 0 && (item === undefined) !== (this.#items === undefined)) this.#closeLine();
    this.#paths.push(path);
    this.#outputs.push(output);
    this.#length += path.length + lengthOf(output);
    if (item !== undefined) {
      this.#items ??= [];
      this.#items.push(item);
    }
    if (this.#paths.length >= mostTogether || this.#length >= longestLine) this.#closeLine();
    this.#added(waiting);
  }

  #closeLine(): void {
    if (this.#paths.length === 0) return;
    this.#lines.push(allLine(this.#paths, listOf(this.#outputs), this.#items));
    this.#paths = [];
    this.#outputs = [];
    this.#items = undefined;
    this.#length = 0;
  }

  #added(waiting: Waiting | undefined): void {
    this.backlog++;
    if (waiting !== undefined) this.#waiting.push(waiting);
    // Whoever waits for its end has no rest to come to.
    if (this.#whenIdle !== undefined) this.flush();
  }

  flush(): void {
    if (this.#isWriting || this.backlog === 0) return;
    this.#closeLine();
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
    this.#closeLine();
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
