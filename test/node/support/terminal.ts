import { EventEmitter } from 'node:events';
import xterm from '@xterm/headless';

/** A terminal, and the stream that leads to it: what a user would see. */
export class FakeTerminal extends EventEmitter {
  readonly isTTY = true;
  columns: number;
  rows: number;
  /** How often something was written, and all of it. */
  writes = 0;
  written = '';
  readonly #terminal;

  constructor(columns: number, rows: number) {
    super();
    this.columns = columns;
    this.rows = rows;
    // The terminal's driver makes a line feed a new line.
    this.#terminal = new xterm.Terminal({ cols: columns, rows, convertEol: true, allowProposedApi: true });
  }

  hasColors(): boolean {
    return false;
  }

  write(text: string): boolean {
    this.writes++;
    this.written += text;
    this.#terminal.write(text);
    return true;
  }

  /** What the user does with the window; the program hears of it. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.#settle();
    this.#terminal.resize(columns, rows);
    this.columns = columns;
    this.rows = rows;
    this.emit('resize');
    await this.#settle();
  }

  /** Every line, those that have scrolled away too, without the empty ones at the end. */
  async lines(): Promise<string[]> {
    await this.#settle();
    const { active } = this.#terminal.buffer;
    const lines = Array.from(
      { length: active.length },
      (_, row) => active.getLine(row)?.translateToString(true) ?? '',
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  #settle(): Promise<void> {
    return new Promise((resolve) => {
      this.#terminal.write('', resolve);
    });
  }
}
