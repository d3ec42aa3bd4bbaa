import type { Observable, Subscription } from 'rxjs';
import { Fifo } from '../base/fifo.ts';
import type { PoolCall } from './pool-call.ts';

/**
 * The values of one call of a task, made by `pool.stream`: as a generator's, they can be read once.
 *
 * `return()`, which `break` calls, resolves when the task has stopped in its thread. A stream that is no longer read,
 * and wasn't returned from, keeps its thread, and with it the process.
 */
export interface TaskStream<out Value>
  extends AsyncIterableIterator<Value, undefined, undefined>,
    AsyncDisposable {
  /** Stops the task; resolves when it has stopped. */
  return(): Promise<IteratorResult<Value, undefined>>;
}

/** A stream's way to its call. */
export interface StreamSource {
  /** How many values may be under way or unread. */
  readonly capacity: number;
  /** Starts the call at its subscription, and tells which it is. */
  readonly open: (opened: (call: PoolCall) => void) => Observable<unknown>;
  /** Whether it was told to stop from outside, so that what is unread counts no more. */
  readonly isAborted: () => boolean;
}

interface Reader {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const done = { done: true, value: undefined } as const;

/**
 * Reads a call's values one by one.
 *
 * 1. The call starts with the first `next()`; without one, nothing ever runs.
 * 2. Credit goes back for values that were *read*, half the capacity at a time, so that a message pays for several.
 * 3. An error comes after the values before it, once; a cancel comes at once, and what is unread is dropped.
 * 4. Several `next()` may wait at a time; they are served in order.
 */
export class CallStream implements TaskStream<unknown> {
  readonly #source: StreamSource;
  readonly #batch: number;
  readonly #unread = new Fifo<unknown>();
  readonly #readers = new Fifo<Reader>();
  #subscription: Subscription | undefined;
  #call: PoolCall | undefined;
  #read = 0;
  #isOver = false;
  /** What it ended with, in a list as anything may be thrown. Taken by the one who is told. */
  #failure: readonly [error: unknown] | undefined;

  constructor(source: StreamSource) {
    this.#source = source;
    this.#batch = Math.ceil(source.capacity / 2);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#subscription === undefined && !this.#isOver) this.#start();
    if (this.#unread.size > 0) {
      const value = this.#unread.shift();
      this.#giveCredit();
      return Promise.resolve({ done: false, value });
    }
    const failure = this.#failure;
    this.#failure = undefined;
    // What a task throws may be anything.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    if (failure !== undefined) return Promise.reject(failure[0]);
    if (this.#isOver) return Promise.resolve(done);
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.#unread.clear();
    this.#failure = undefined;
    this.#end();
    this.#subscription?.unsubscribe();
    await this.#call?.stopped();
    return done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #start(): void {
    const values$ = this.#source.open((call) => {
      this.#call = call;
    });
    this.#subscription = values$.subscribe({
      next: (value) => {
        this.#take(value);
      },
      error: (error: unknown) => {
        this.#fail(error);
      },
      complete: () => {
        this.#end();
      },
    });
  }

  #take(value: unknown): void {
    if (this.#readers.size === 0) {
      this.#unread.push(value);
      return;
    }
    this.#readers.shift()?.resolve({ done: false, value });
    this.#giveCredit();
  }

  #giveCredit(): void {
    if (++this.#read < this.#batch) return;
    this.#call?.grant(this.#read);
    this.#read = 0;
  }

  #fail(error: unknown): void {
    if (this.#source.isAborted()) this.#unread.clear();
    const reader = this.#readers.shift();
    if (reader === undefined) this.#failure = [error];
    else reader.reject(error);
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    while (this.#readers.size > 0) this.#readers.shift()?.resolve(done);
  }
}
