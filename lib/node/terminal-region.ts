import { clearScreenDown, cursorTo, moveCursor } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import type { ProgressStream } from './stream-abilities.ts';
import { widthOf } from './terminal-text.ts';

type LogUpdate = ReturnType<typeof import('log-update')['createLogUpdate']>;

/** The lines at the end of a terminal that are drawn over, again and again. */
export interface TerminalRegion {
  /** Draws other lines in place of those that are there. */
  draw(lines: readonly string[]): void;
  /** Writes lines that stay, above the region, which is gone until it is drawn again. */
  keep(lines: readonly string[]): void;
  /** Leaves nothing behind but what was kept. */
  close(): void;
}

/** Opens a region; `undefined` where log-update isn't installed. */
export async function terminalRegion(stream: ProgressStream): Promise<TerminalRegion | undefined> {
  try {
    const { createLogUpdate } = await import('log-update');
    // Who hides the cursor must bring it back when a signal ends the process, and who listens to signals decides whether
    // it does. That is the program's business.
    return new Region(stream, createLogUpdate(stream as NodeJS.WritableStream, { showCursor: true }));
  } catch {
    return undefined;
  }
}

class Region implements TerminalRegion {
  readonly #stream: ProgressStream;
  readonly #log: LogUpdate;
  #lines: readonly string[] = [];
  #columns: number;

  constructor(stream: ProgressStream, log: LogUpdate) {
    this.#stream = stream;
    this.#log = log;
    this.#columns = stream.columns ?? 0;
    stream.on?.('resize', this.#resize);
  }

  draw(lines: readonly string[]): void {
    this.#lines = lines;
    this.#log(lines.join('\n'));
  }

  keep(lines: readonly string[]): void {
    this.#log.clear();
    this.#lines = [];
    if (lines.length > 0) this.#stream.write(`${lines.join('\n')}\n`);
  }

  close(): void {
    this.#stream.off?.('resize', this.#resize);
    this.#log.clear();
    this.#log.done();
  }

  /** A terminal that gets narrower breaks the lines that are there: they take more rows than log-update knows of. */
  readonly #resize = (): void => {
    const columns = this.#stream.columns ?? 0;
    if (columns < this.#columns && columns > 0 && this.#lines.length > 0) {
      const rows = this.#lines.reduce(
        (sum, line) => sum + Math.max(1, Math.ceil(widthOf(stripVTControlCharacters(line)) / columns)),
        0,
      );
      const stream = this.#stream as NodeJS.WritableStream;
      cursorTo(stream, 0);
      moveCursor(stream, 0, -rows);
      clearScreenDown(stream);
      this.#log.done();
      this.#lines = [];
    }
    this.#columns = columns;
  };
}
