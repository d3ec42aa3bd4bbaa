import { inspectValue } from '../base/inspect.ts';

/** Thrown where a value has a part that can't be stored, or told apart from others by what it is. */
export class Unstorable extends Error {
  /** Where the part is in the value, as in `.rows[3].parse`; empty where it is the value itself. */
  readonly path: string;
  /** What it is, in words. */
  readonly part: string;

  /** @param words - what it is, where that isn't seen from what it shows of itself */
  constructor(path: readonly string[], part: unknown, words?: string) {
    const text = words ?? inspectValue(part);
    super(text);
    this.path = path.join('');
    this.part = text;
  }

  /** In a sentence, `what` being the value. */
  told(what: string): string {
    const where = this.path === '' ? `it is ${this.part}` : `at '${this.path}' is ${this.part}`;
    return `${what} can't be stored: ${where}`;
  }
}
