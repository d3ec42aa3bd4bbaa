import type { Choice } from '../engine/keeper.ts';
import { shortDigestLength } from './digest.ts';
import { mostTogether } from './journal-columns.ts';
import { type Head, type JournalRecord, type OutputRecord, outputAt } from './journal-record.ts';
import { type AncestorsOf, ancestorsOf } from './step-paths.ts';

/** An output that is kept, and when it was among all records. */
export interface KeptRecord {
  readonly order: number;
  readonly output: OutputRecord;
}

/** Many outputs that were written together, in columns: a run may have a million of them. */
interface Many {
  /** When the first of them was, among all records. */
  readonly order: number;
  readonly outputs: unknown[];
  /** What children were made of, as one text. */
  readonly items: string | undefined;
}

interface Noted<Value> {
  readonly order: number;
  readonly value: Value;
}

/**
 * What the records of a run come to. Pure: records in, and what counts of them out.
 *
 * 1. The last word on a step counts.
 * 2. What was written of steps within a step counts as long as that step's work is the same: not after it was begun anew.
 */
export class JournalState {
  /** What the last process said that took the run. */
  head: Head | undefined;
  /** How the run ended last; `undefined` where it stopped without an end. */
  outcome: string | undefined;
  /** What holders up to this one have sent for others to do isn't to be taken over: the run has come to an end since, or steps are done again. */
  overUpTo = 0;
  /** By path; of one that was written with others, its number among all such. */
  readonly #outputs = new Map<string, KeptRecord | number>();
  /** In pieces of `mostTogether`. */
  readonly #many: Many[] = [];
  readonly #choices = new Map<string, Noted<Choice>>();
  readonly #blocks = new Map<string, Noted<string>>();
  /** When all within a step was done away with last. */
  readonly #clearedAt = new Map<string, number>();
  readonly #failed = new Map<string, number>();
  readonly #undone = new Map<string, number>();
  readonly #ancestorsOf: AncestorsOf;
  #count = 0;

  constructor(ancestors: AncestorsOf = ancestorsOf) {
    this.#ancestorsOf = ancestors;
  }

  /** How many records there are. */
  get size(): number {
    return this.#count;
  }

  apply(record: JournalRecord): void {
    const order = ++this.#count;
    switch (record[0]) {
      case 'run':
        this.head = record[1];
        this.outcome = undefined;
        break;
      case 'done': {
        const [, path, output] = record;
        this.#completed(path, { order, output });
        break;
      }
      case 'all':
        this.#count += record[1].length - 1;
        this.#addMany(order, record[1], record[2], record[3]);
        break;
      case 'choice':
        this.#choices.set(record[1], { order, value: record[2] });
        break;
      case 'block':
        if (this.blockOf(record[1]) !== record[2]) this.#clearedAt.set(record[1], order);
        this.#blocks.set(record[1], { order, value: record[2] });
        break;
      case 'failed':
        this.#failed.set(record[1], order);
        break;
      case 'undone':
        this.#isOver();
        this.#undone.set(record[1], order);
        break;
      case 'closed':
        this.#outputs.delete(record[1]);
        break;
      case 'again':
        this.#isOver();
        this.#outputs.delete(record[1]);
        this.#choices.delete(record[1]);
        this.#failed.delete(record[1]);
        this.#undone.delete(record[1]);
        this.#clearedAt.set(record[1], order);
        break;
      case 'again-within':
        this.#clearedAt.set(record[1], order);
        break;
      case 'end':
        this.#isOver();
        this.outcome = record[1];
        break;
      case 'keys':
        break;
    }
  }

  #isOver(): void {
    this.overUpTo = this.head?.epoch ?? 0;
  }

  #addMany(
    first: number,
    paths: readonly string[],
    outputs: readonly unknown[],
    items: string | undefined,
  ): void {
    for (let start = 0; start < paths.length; start += mostTogether) {
      const end = start + mostTogether;
      const number = this.#many.length * mostTogether;
      this.#many.push({
        order: first + start,
        outputs: outputs.slice(start, end),
        items: items?.slice(start * shortDigestLength, end * shortDigestLength),
      });
      for (const [at, path] of paths.slice(start, end).entries()) this.#completed(path, number + at);
    }
  }

  #completed(path: string, kept: KeptRecord | number): void {
    this.#outputs.set(path, kept);
    if (this.#failed.size > 0) this.#failed.delete(path);
    if (this.#undone.size > 0) this.#undone.delete(path);
  }

  outputOf(path: string): KeptRecord | undefined {
    const found = this.#outputs.get(path);
    if (found === undefined) return undefined;
    const kept = typeof found === 'number' ? this.#oneOfMany(found) : found;
    return this.#counts(path, kept.order) ? kept : undefined;
  }

  #oneOfMany(number: number): KeptRecord {
    const at = number % mostTogether;
    const { order, outputs, items } = this.#many[(number - at) / mostTogether] as Many;
    return { order: order + at, output: outputAt(outputs, items, at) };
  }

  #orderOf(kept: KeptRecord | number): number {
    if (typeof kept !== 'number') return kept.order;
    const at = kept % mostTogether;
    return (this.#many[(kept - at) / mostTogether] as Many).order + at;
  }

  /** It is wanted no more, and needn't be remembered. */
  drop(path: string): void {
    const found = this.#outputs.get(path);
    this.#outputs.delete(path);
    if (typeof found !== 'number') return;
    const at = found % mostTogether;
    (this.#many[(found - at) / mostTogether] as Many).outputs[at] = undefined;
  }

  choiceOf(path: string): Choice | undefined {
    const noted = this.#choices.get(path);
    return noted === undefined || !this.#counts(path, noted.order) ? undefined : noted.value;
  }

  blockOf(path: string): string | undefined {
    const noted = this.#blocks.get(path);
    return noted === undefined || !this.#counts(path, noted.order) ? undefined : noted.value;
  }

  /** Whether anything was undone or has failed, as far as is known. */
  get hasLosses(): boolean {
    return this.#failed.size + this.#undone.size > 0;
  }

  hasFailed(path: string): boolean {
    const order = this.#failed.get(path);
    return order !== undefined && this.#counts(path, order);
  }

  isUndone(path: string): boolean {
    const order = this.#undone.get(path);
    return order !== undefined && this.#counts(path, order);
  }

  /** The steps within which, at whatever depth, something was undone. */
  undoneWithin(): ReadonlySet<string> {
    const undone = [...this.#undone].filter(([path, order]) => this.#counts(path, order));
    return new Set(undone.flatMap(([path]) => this.#ancestorsOf(path)));
  }

  /** The paths of all outputs that count. */
  *paths(): Iterable<string> {
    for (const [path, kept] of this.#outputs) if (this.#counts(path, this.#orderOf(kept))) yield path;
  }

  #counts(path: string, order: number): boolean {
    if (this.#clearedAt.size === 0) return true;
    return this.#ancestorsOf(path).every((above) => (this.#clearedAt.get(above) ?? 0) < order);
  }
}
