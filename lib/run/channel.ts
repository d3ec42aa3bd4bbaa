import { Observable, type Subscriber } from 'rxjs';
import { InvalidOptionsError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import type { Overflow } from '../base/overflow.ts';
import type { LiveStream } from '../definition/stream.ts';
import { ChannelOverflowError } from './stream-errors.ts';

/** Who is at the two ends of a channel, for messages. */
export interface ChannelEnds {
  readonly producer: string;
  readonly consumer: string;
}

interface Reader {
  readonly resolve: (result: IteratorResult<unknown, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const done = { done: true, value: undefined } as const;

/**
 * What one step emits, on its way to another that runs at the same time.
 *
 * 1. At most `capacity` values are in it. A producer that can be held back asks for room before the next value; for one that
 *    can't, the policy says what happens to a value too many.
 * 2. Values arrive in order, each once; an end or an error after the values before it.
 * 3. It is read once: as an AsyncIterable, or as an Observable, which takes values as they come.
 * 4. Who leaves it early, or is over, reads nothing more, and nobody is held back for it.
 */
export class Channel implements LiveStream<unknown> {
  readonly overflow: Overflow | undefined;
  readonly #ends: ChannelEnds;
  readonly #capacity: number;
  readonly #left: () => void;
  readonly #values = new Fifo<unknown>();
  readonly #readers = new Fifo<Reader>();
  #subscriber: Subscriber<unknown> | undefined;
  /** Whether a value has come. */
  #isUsed = false;
  #isRead = false;
  #hasLeft = false;
  #isOver = false;
  /** What it ended with, in a list as anything may be thrown. Taken by the one who is told. */
  #failure: readonly [error: unknown] | undefined;
  #giveRoom: (() => void) | undefined;

  /** @param left - called once, where its reader leaves before the end */
  constructor(ends: ChannelEnds, capacity: number, overflow: Overflow | undefined, left: () => void) {
    this.#ends = ends;
    this.#capacity = overflow === 'latest' ? 1 : capacity;
    this.overflow = overflow;
    this.#left = left;
  }

  /** Whether nobody reads it any more, or ever will. */
  get isClosed(): boolean {
    return this.#hasLeft || this.#isOver;
  }

  /** Whether the producer has to wait before the next value. */
  get isFull(): boolean {
    return !this.isClosed && this.#values.size >= this.#capacity;
  }

  /** Calls back once it isn't full any more. */
  whenRoom(call: () => void): void {
    this.#giveRoom = call;
  }

  /** @throws ChannelOverflowError where there is no room and the policy says so */
  push(value: unknown): void {
    if (this.isClosed) return;
    this.#isUsed = true;
    if (this.#subscriber !== undefined) {
      this.#subscriber.next(value);
      return;
    }
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value });
      return;
    }
    if (this.#values.size >= this.#capacity && !this.#makeRoom()) return;
    this.#values.push(value);
  }

  /** No more values come. What came to an output otherwise than by emitting has that as its one value. */
  end(output: unknown): void {
    if (this.isClosed) return;
    if (!this.#isUsed) this.push(output);
    this.close();
  }

  /** No more values come, even if none has. */
  close(): void {
    if (this.isClosed) return;
    this.#isOver = true;
    this.#subscriber?.complete();
    while (this.#readers.size > 0) this.#readers.shift()?.resolve(done);
  }

  /** No more values come, and the reader is told why. */
  fail(error: unknown): void {
    if (this.isClosed) return;
    this.#isOver = true;
    this.#failure = [error];
    if (this.#subscriber !== undefined) this.#takeFailure(([failure]) => this.#subscriber?.error(failure));
    const reader = this.#readers.shift();
    if (reader !== undefined) this.#takeFailure(([failure]) => reader.reject(failure));
    while (this.#readers.size > 0) this.#readers.shift()?.resolve(done);
  }

  /** Nothing more is read: what is in it counts no more. */
  leave(): void {
    if (this.#hasLeft) return;
    const wasOpen = !this.#isOver;
    this.#hasLeft = true;
    this.#values.clear();
    this.#failure = undefined;
    while (this.#readers.size > 0) this.#readers.shift()?.resolve(done);
    this.#tellOfRoom();
    if (wasOpen) this.#left();
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined, undefined> {
    this.#readOnce();
    return {
      next: () => this.#next(),
      return: () => {
        this.leave();
        return Promise.resolve(done);
      },
    };
  }

  toObservable(): Observable<unknown> {
    return new Observable((subscriber) => {
      this.#readOnce();
      subscriber.add(() => {
        this.leave();
      });
      while (this.#values.size > 0 && !subscriber.closed) subscriber.next(this.#values.shift());
      this.#tellOfRoom();
      if (this.#failure !== undefined) this.#takeFailure(([failure]) => subscriber.error(failure));
      else if (this.isClosed) subscriber.complete();
      else this.#subscriber = subscriber;
    });
  }

  #next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#values.size > 0) {
      const value = this.#values.shift();
      this.#tellOfRoom();
      return Promise.resolve({ done: false, value });
    }
    const failure = this.#failure;
    this.#failure = undefined;
    // What a step throws may be anything.
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    if (failure !== undefined) return Promise.reject(failure[0]);
    if (this.isClosed) return Promise.resolve(done);
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
    });
  }

  #readOnce(): void {
    const { producer, consumer } = this.#ends;
    if (this.#isRead)
      throw new InvalidOptionsError(`step '${consumer}'`, [
        {
          option: `the stream of '${producer}'`,
          expected: 'read once (a second reader is a second stream(…) of the step)',
          value: this,
        },
      ]);
    this.#isRead = true;
  }

  #makeRoom(): boolean {
    if (this.overflow === 'drop-newest') return false;
    if (this.overflow === 'drop-oldest' || this.overflow === 'latest') this.#values.shift();
    else if (this.overflow === 'error') throw new ChannelOverflowError(this.#ends, this.#capacity);
    return true;
  }

  #tellOfRoom(): void {
    if (this.#giveRoom === undefined || this.isFull) return;
    const tell = this.#giveRoom;
    this.#giveRoom = undefined;
    tell();
  }

  #takeFailure(tell: (failure: readonly [error: unknown]) => void): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) tell(failure);
  }
}
