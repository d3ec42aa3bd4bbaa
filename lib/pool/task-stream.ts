import type { Observable, Subscription } from 'rxjs';
import { BoundedQueue, done } from '../channel/bounded-queue.ts';
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
interface StreamSource {
  /** How many values may be under way or unread. */
  readonly capacity: number;
  /** Starts the call at its subscription, and tells which it is. */
  readonly open: (opened: (call: PoolCall) => void) => Observable<unknown>;
  /** Whether it was told to stop from outside, so that what is unread counts no more. */
  readonly isAborted: () => boolean;
}

/**
 * Reads a call's values one by one.
 *
 * 1. The call starts with the first `next()`; without one, nothing ever runs.
 * 2. Credit goes back for values that were *read*, half the capacity at a time, so that a message pays for several.
 * 3. An error comes after the values before it; a cancel comes at once, and what is unread is dropped.
 */
export class CallStream implements TaskStream<unknown> {
  readonly #source: StreamSource;
  readonly #batch: number;
  /** Credit bounds it. */
  readonly #unread: BoundedQueue;
  #subscription: Subscription | undefined;
  #call: PoolCall | undefined;
  #read = 0;

  constructor(source: StreamSource) {
    this.#source = source;
    this.#batch = Math.ceil(source.capacity / 2);
    this.#unread = new BoundedQueue(source.capacity, undefined, () => {
      this.#giveCredit();
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#subscription === undefined && !this.#unread.isOver) this.#start();
    return this.#unread.next();
  }

  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.#unread.clear();
    this.#unread.end();
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
        this.#unread.push(value);
      },
      error: (error: unknown) => {
        if (this.#source.isAborted()) this.#unread.clear();
        this.#unread.fail(error);
      },
      complete: () => {
        this.#unread.end();
      },
    });
  }

  #giveCredit(): void {
    if (++this.#read < this.#batch) return;
    this.#call?.grant(this.#read);
    this.#read = 0;
  }
}
