import type { Waited } from '../observe/wait-reason.ts';
import { EngineFaultError } from './engine-fault-error.ts';
import { firstSettled, followers, status, statusNames } from './transitions.ts';

/** A step of a run, whenever it came: its place in the table. */
export type Row = number;

/** Stands where an output was, once nothing needs it any more. */
export const released = Symbol('millrace.released');

/** Said of a row that nobody made ready: the run did, or whoever its scope is the work of. */
export const nobody = -1;

/** What is known of a row that has needed more than one attempt. */
interface Repeated {
  readonly attempts: number;
  /** How long the attempts before the last held their resources. */
  readonly earlierBusy: number;
  readonly lastStart: number;
}

/**
 * The facts of a run: a row a step, in columns that grow. Pure, and the only place where they are kept.
 *
 * 1. A row's status changes by `transition` alone, along the table of `transitions.ts`.
 * 2. `missing` counts the needs (as often as named) that haven't come, `consumers` the uses of the output still to come.
 * 3. An output is there from completion until its last use.
 * 4. Rows are used again once they are freed; nobody may know a row that is free.
 */
export class StepTable {
  status: Uint8Array;
  missing: Uint32Array;
  consumers: Uint32Array;
  readonly outputs: unknown[];
  /** When the first attempt started and the last one ended; NaN before. */
  startedAt: Float64Array;
  endedAt: Float64Array;
  /** When all that a row needs was there, for its last attempt. Only of one that is ready or further. */
  readyAt: Float64Array;
  /** When work elsewhere on the last attempts began. */
  readonly offloadedAt = new Map<Row, number>();
  /** The row whose end, or decision, settled that this one may start or never will. */
  readyBy: Int32Array;
  /** The rows that nobody needs any more, told to stop but not stopped yet. */
  readonly unneeded = new Set<Row>();
  /** How far the running steps say they are. */
  readonly fractions = new Map<Row, number>();
  #waited: (Waited | undefined)[] | undefined;
  readonly #repeated = new Map<Row, Repeated>();
  /** When the last attempts gave back what they held since steps of their own took over. */
  readonly #handedOverAt = new Map<Row, number>();
  /** The last changes of all rows, in a ring: row × 16 + status. */
  readonly #story = new Int32Array(storyLength);
  #told = 0;
  #size: number;
  /** Blocks that may be used again, by their length. */
  readonly #free = new Map<number, Row[]>();

  constructor(size: number) {
    this.#size = size;
    this.status = new Uint8Array(size);
    this.missing = new Uint32Array(size);
    this.consumers = new Uint32Array(size);
    this.outputs = new Array<undefined>(size).fill(undefined);
    this.startedAt = new Float64Array(size).fill(Number.NaN);
    this.endedAt = new Float64Array(size).fill(Number.NaN);
    this.readyAt = new Float64Array(size).fill(Number.NaN);
    this.readyBy = new Int32Array(size).fill(nobody);
  }

  /** How many rows there are, free ones included. */
  get size(): number {
    return this.#size;
  }

  /** Rows for so many steps, one after the other; gives the first. */
  addBlock(count: number): Row {
    const first = this.#free.get(count)?.pop();
    if (first !== undefined) return first;
    const added = this.#size;
    this.#size += count;
    if (this.#size > this.status.length) this.#grow(Math.max(64, this.#size, 2 * this.status.length));
    while (this.outputs.length < this.#size) this.outputs.push(undefined);
    return added;
  }

  /** Nobody knows these rows any more. */
  free(first: Row, count: number): void {
    const end = first + count;
    // Faster than to fill, by far, where there is but one.
    for (let row = first; row < end; row++) {
      this.status[row] = status.waiting;
      this.missing[row] = 0;
      this.consumers[row] = 0;
      this.outputs[row] = undefined;
      this.startedAt[row] = Number.NaN;
      this.endedAt[row] = Number.NaN;
      this.readyBy[row] = nobody;
    }
    if (this.#repeated.size + this.#handedOverAt.size + this.fractions.size > 0)
      for (let row = first; row < end; row++) {
        this.#repeated.delete(row);
        this.#handedOverAt.delete(row);
        this.fractions.delete(row);
      }
    const free = this.#free.get(count);
    if (free === undefined) this.#free.set(count, [first]);
    else free.push(first);
  }

  /** @throws EngineFaultError where that can't become of the row, with its story */
  transition(row: Row, to: number): void {
    const from = this.status[row] as number;
    if (((followers[from] as number) & (1 << to)) === 0)
      throw new EngineFaultError(
        `a row can't go from ${statusNames[from] ?? '?'} to ${statusNames[to] ?? '?'}`,
        this.storyOf(row),
      );
    this.status[row] = to;
    this.#story[this.#told++ & (storyLength - 1)] = row * 16 + to;
  }

  /** What is remembered of how a row came to where it is. */
  storyOf(row: Row): string {
    const length = Math.min(this.#told, storyLength);
    const changes = Array.from(
      { length },
      (_, at) => this.#story[(this.#told - length + at) & (storyLength - 1)] as number,
    );
    const own = changes.filter((change) => change >> 4 === row).map((change) => statusNames[change & 15]);
    return `row ${String(row)}: ${own.join(' → ') || (statusNames[this.status[row] as number] ?? '?')}; missing ${String(this.missing[row])}, ${String(this.attemptsOf(row))} attempts, started ${String(this.startedAt[row])}, ended ${String(this.endedAt[row])}`;
  }

  isSettled(row: Row): boolean {
    return (this.status[row] as number) >= firstSettled;
  }

  /** Notes how long a row of the run's own was kept waiting before its first attempt, and for what. */
  noteWait(row: Row, waited: Waited): void {
    // Faster than a map, where all are kept waiting.
    this.#waited ??= new Array<undefined>(this.startedAt.length).fill(undefined);
    this.#waited[row] = waited;
  }

  waitedOf(row: Row): Waited | undefined {
    return this.#waited?.[row];
  }

  /** Whether an attempt of it is under way. */
  isUnderWay(row: Row): boolean {
    const current = this.status[row] as number;
    return current >= status.running && current <= status.stopping;
  }

  /** Lets go of an output that nothing will ever use. */
  dropUnused(row: Row): void {
    if (this.consumers[row] === 0 && this.status[row] === status.completed) this.outputs[row] = released;
  }

  /** One use less of the outputs of some steps of a block; the last one lets go. */
  release(first: Row, steps: Uint32Array, start: number, end: number): void {
    const { consumers } = this;
    for (let at = start; at < end; at++) {
      const row = first + (steps[at] as number);
      const left = (consumers[row] as number) - 1;
      consumers[row] = left;
      if (left === 0 && this.status[row] === status.completed) this.outputs[row] = released;
    }
  }

  /** Notes the start of an attempt; gives its number, from 1. */
  startAttempt(row: Row, now: number): number {
    this.transition(row, status.running);
    const first = this.startedAt[row] as number;
    if (Number.isNaN(first)) {
      this.startedAt[row] = now;
      return 1;
    }
    const attempts = this.attemptsOf(row) + 1;
    const earlierBusy = this.busyOf(row, now);
    this.#handedOverAt.delete(row);
    this.offloadedAt.delete(row);
    this.endedAt[row] = Number.NaN;
    this.#repeated.set(row, { attempts, earlierBusy, lastStart: now });
    return attempts;
  }

  /** Whether it has failed and is about to be tried again. */
  isToRetry(row: Row): boolean {
    const current = this.status[row];
    return current === status.retrying || (current === status.ready && this.attemptsOf(row) > 0);
  }

  attemptsOf(row: Row): number {
    return this.#repeated.get(row)?.attempts ?? (Number.isNaN(this.startedAt[row]) ? 0 : 1);
  }

  /** When the last attempt started; NaN before. */
  lastStartOf(row: Row): number {
    const repeated = this.#repeated.size === 0 ? undefined : this.#repeated.get(row);
    return repeated?.lastStart ?? (this.startedAt[row] as number);
  }

  /** Steps of its own have taken over: it holds nothing from now on. */
  noteHandedOver(row: Row, now: number): void {
    this.#handedOverAt.set(row, now);
  }

  /** How long, in ms, the row's attempts held their resources up to `now`. */
  busyOf(row: Row, now: number): number {
    const start = this.lastStartOf(row);
    if (Number.isNaN(start)) return 0;
    const end = (this.#handedOverAt.get(row) ?? this.endedAt[row]) as number;
    return (this.#repeated.get(row)?.earlierBusy ?? 0) + (Number.isNaN(end) ? now : end) - start;
  }

  #grow(capacity: number): void {
    this.status = grown(this.status, new Uint8Array(capacity));
    this.missing = grown(this.missing, new Uint32Array(capacity));
    this.consumers = grown(this.consumers, new Uint32Array(capacity));
    this.startedAt = grown(this.startedAt, new Float64Array(capacity).fill(Number.NaN));
    this.endedAt = grown(this.endedAt, new Float64Array(capacity).fill(Number.NaN));
    this.readyAt = grown(this.readyAt, new Float64Array(capacity).fill(Number.NaN));
    this.readyBy = grown(this.readyBy, new Int32Array(capacity).fill(nobody));
  }
}

/** A power of two. */
const storyLength = 512;

function grown<Column extends Uint8Array | Uint32Array | Int32Array | Float64Array>(
  from: Column,
  to: Column,
): Column {
  to.set(from);
  return to;
}
