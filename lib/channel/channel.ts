import { Observable, type Subscriber } from 'rxjs';
import { InvalidOptionsError } from '../base/errors.ts';
import type { Overflow } from '../base/overflow.ts';
import type { LiveStream } from '../definition/stream.ts';
import { BoundedQueue, done } from './bounded-queue.ts';
import { StreamOverflowError } from './stream-errors.ts';

/** Who is at the two ends of a channel, for messages. */
export interface ChannelEnds {
  readonly producer: string;
  readonly consumer: string;
}

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
  readonly #left: () => void;
  readonly #queue: BoundedQueue;
  #subscriber: Subscriber<unknown> | undefined;
  /** Whether a value has come. */
  #isUsed = false;
  #isRead = false;
  #hasLeft = false;
  #giveRoom: (() => void) | undefined;

  /** @param left - called once, where its reader leaves before the end */
  constructor(ends: ChannelEnds, capacity: number, overflow: Overflow | undefined, left: () => void) {
    this.#ends = ends;
    this.overflow = overflow;
    this.#left = left;
    this.#queue = new BoundedQueue(capacity, overflow, () => {
      this.#tellOfRoom();
    });
  }

  /** Whether nobody reads it any more, or ever will. */
  get isClosed(): boolean {
    return this.#hasLeft || this.#queue.isOver;
  }

  /** Whether the producer has to wait before the next value. */
  get isFull(): boolean {
    return !this.isClosed && this.#queue.isFull;
  }

  /** Calls back once it isn't full any more. */
  whenRoom(call: () => void): void {
    this.#giveRoom = call;
  }

  /** @throws StreamOverflowError where there is no room and the policy says so */
  push(value: unknown): void {
    if (this.isClosed) return;
    this.#isUsed = true;
    if (this.#subscriber !== undefined) this.#subscriber.next(value);
    else if (!this.#queue.push(value)) throw new StreamOverflowError(this.#ends, this.#queue.capacity);
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
    this.#queue.end();
    this.#subscriber?.complete();
  }

  /** No more values come, and the reader is told why. */
  fail(error: unknown): void {
    if (this.isClosed) return;
    this.#queue.fail(error);
    if (this.#subscriber !== undefined) this.#passFailure(this.#subscriber);
  }

  /** Nothing more is read: what is in it counts no more. */
  leave(): void {
    if (this.#hasLeft) return;
    const wasOpen = !this.#queue.isOver;
    this.#hasLeft = true;
    this.#queue.clear();
    this.#queue.end();
    this.#tellOfRoom();
    if (wasOpen) this.#left();
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined, undefined> {
    this.#readOnce();
    return {
      next: () => this.#queue.next(),
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
      while (this.#queue.size > 0 && !subscriber.closed) subscriber.next(this.#queue.shift());
      this.#tellOfRoom();
      if (this.#passFailure(subscriber)) return;
      if (this.isClosed) subscriber.complete();
      else this.#subscriber = subscriber;
    });
  }

  #passFailure(subscriber: Subscriber<unknown>): boolean {
    const failure = this.#queue.takeFailure();
    if (failure === undefined) return false;
    subscriber.error(failure[0]);
    return true;
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

  #tellOfRoom(): void {
    if (this.#giveRoom === undefined || this.isFull) return;
    const tell = this.#giveRoom;
    this.#giveRoom = undefined;
    tell();
  }
}
