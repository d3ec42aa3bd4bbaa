/** What many steps have to say alike, and becomes one line: an open line that is added to until it is full, or something else is to be said. */
import { lengthOf, listOf, type ShortJson } from './codec.ts';
import type { KeyRecord } from './journal-record.ts';

/** So many steps share a line at most. */
export const mostTogether = 256;
/** So long, in characters, is a line of many outputs at most, but for the last of them. */
const longestLine = 64 * 1024;

/** What steps have come to. */
export class OutputColumns {
  #paths: string[] = [];
  #outputs: ShortJson[] = [];
  /** As one text: so they take less, here and in whoever reads them. */
  #items: string[] | undefined;
  #length = 0;

  get isEmpty(): boolean {
    return this.#paths.length === 0;
  }

  get isFull(): boolean {
    return this.#paths.length >= mostTogether || this.#length >= longestLine;
  }

  /** Children and other steps don't share a line. */
  takes(item: string | undefined): boolean {
    return this.isEmpty || (item === undefined) === (this.#items === undefined);
  }

  add(path: string, output: ShortJson, item: string | undefined): void {
    this.#paths.push(path);
    this.#outputs.push(output);
    this.#length += path.length + lengthOf(output);
    if (item === undefined) return;
    this.#items ??= [];
    this.#items.push(item);
  }

  /** The line, which begins anew. */
  take(): string {
    const more = this.#items === undefined ? '' : `,"${this.#items.join('')}"`;
    const line = `["all",${JSON.stringify(this.#paths)},${listOf(this.#outputs)}${more}]`;
    this.#paths = [];
    this.#outputs = [];
    this.#items = undefined;
    this.#length = 0;
    return line;
  }
}

/** What the outputs of steps are found by. */
export class KeyColumns {
  #names = '';
  #paths: string[] = [];
  #digests: string[] = [];
  #found: (0 | 1)[] = [];
  #parts: Record<string, string[]> = {};

  get isEmpty(): boolean {
    return this.#paths.length === 0;
  }

  get isFull(): boolean {
    return this.#paths.length >= mostTogether;
  }

  /** Those that are made of the same things share a line. */
  takes({ parts }: KeyRecord): boolean {
    return this.isEmpty || this.#names === namesOf(parts);
  }

  add(path: string, { digest, isFound, parts }: KeyRecord): void {
    if (this.isEmpty) {
      this.#names = namesOf(parts);
      this.#parts = Object.fromEntries(Object.keys(parts).map((name) => [name, []]));
    }
    this.#paths.push(path);
    this.#digests.push(digest);
    this.#found.push(isFound ? 1 : 0);
    for (const [name, part] of Object.entries(parts)) this.#parts[name]?.push(part);
  }

  /** The line, which begins anew. */
  take(): string {
    const parts = Object.fromEntries(
      Object.entries(this.#parts).map(([name, column]) => [name, sameOrAll(column)]),
    );
    const line = JSON.stringify(['keys', this.#paths, this.#digests, sameOrAll(this.#found), parts]);
    this.#paths = [];
    this.#digests = [];
    this.#found = [];
    return line;
  }
}

function namesOf(parts: KeyRecord['parts']): string {
  return JSON.stringify(Object.keys(parts));
}

function sameOrAll<Value>(column: readonly Value[]): Value | readonly Value[] | undefined {
  const [first] = column;
  return column.every((one) => one === first) ? first : column;
}
