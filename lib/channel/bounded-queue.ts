/**
 * Values on their way from one who emits to one who reads: the queue behind streams between steps, and on both sides of
 * those out of threads.
 *
 * ```
 * push ─▶ a reader that waits
 *     └─▶ values, at most `capacity` ─▶ next, shift
 * ```
 *
 * 1. Values are read in order, each once; the end, or an error, after those before it. The error is told to one reader.
 * 2. Either values wait or readers do, never both.
 * 3. Beyond the capacity the policy decides. Without one, who pushes looks at `isFull` before.
 */
import { Fifo } from '../base/fifo.ts';
import type { Overflow } from '../base/overflow.ts';

interface Reader {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

/** What is read once nothing comes any more. */
export const done = { done: true, value: undefined } as const;

/** Values that wait to be read, no more of them than there is room for. */
export class BoundedQueue {
  #capacity: number;
  readonly #overflow: Overflow | undefined;
  readonly #wasRead: (() => void) | undefined;
  readonly #values = new Fifo<unknown>();
  readonly #readers = new Fifo<Reader>();
  #isOver = false;
  /** What it ended with, in a list as anything may be thrown. */
  #failure: readonly [error: unknown] | undefined;

  /** @param wasRead - called once for each value that `next` gives */
  constructor(capacity: number, overflow: Overflow | undefined, wasRead?: () => void) {
    this.#capacity = overflow === 'latest' ? 1 : capacity;
    this.#overflow = overflow;
    this.#wasRead = wasRead;
  }

  /** How many values may wait. */
  get capacity(): number {
    return this.#capacity;
  }

  /** There is room for one more from now on. */
  grow(): void {
    this.#capacity++;
  }

  /** Whether somebody waits for a value. */
  get isAwaited(): boolean {
    return this.#readers.size > 0;
  }

  /** How many values wait. */
  get size(): number {
    return this.#values.size;
  }

  get isFull(): boolean {
    return this.#values.size >= this.capacity;
  }

  /** Whether nothing comes any more; what waits may still be read. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes a value. Says whether there was room for it, or the policy knew what to do. */
  push(value: unknown): boolean {
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value });
      this.#wasRead?.();
      return true;
    }
    if (this.isFull) {
      if (this.#overflow === 'error') return false;
      if (this.#overflow === 'drop-newest') return true;
      if (this.#overflow !== undefined) this.#values.shift();
    }
    this.#values.push(value);
    return true;
  }

  /** Takes the first value out; ask for `size` before. */
  shift(): unknown {
    return this.#values.shift();
  }

  /** The next value, the error or the end, as soon as there is one of them. */
  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#values.size > 0) {
      const value = this.#values.shift();
      this.#wasRead?.();
      return Promise.resolve({ done: false, value });
    }
    const failure = this.takeFailure();
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- who emits may throw anything
    if (failure !== undefined) return Promise.reject(failure[0]);
    if (this.#isOver) return Promise.resolve(done);
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }

  /** Nothing comes any more. */
  end(): void {
    this.#isOver = true;
    this.dismiss();
  }

  /** Whoever waits reads nothing more; others may. */
  dismiss(): void {
    while (this.#readers.size > 0) this.#readers.shift()?.resolve(done);
  }

  /** Nothing comes any more, and this is why. */
  fail(error: unknown): void {
    const reader = this.#readers.shift();
    if (reader === undefined) this.#failure = [error];
    else reader.reject(error);
    this.end();
  }

  /** What it failed with, unless a reader was told; from now on one was. */
  takeFailure(): readonly [error: unknown] | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  /** Drops what waits: nobody wants it any more. */
  clear(): void {
    this.#values.clear();
    this.#failure = undefined;
  }
}
