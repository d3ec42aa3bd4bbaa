import type { Observable, Subscriber } from 'rxjs';
import { InvalidOptionsError } from '../base/errors.ts';
import type { Overflow } from '../base/overflow.ts';
import { Observable as RxObservable } from '../base/rxjs-parts.ts';
import type { LiveStream } from '../definition/live-stream.ts';
import { BoundedQueue, done } from './bounded-queue.ts';
import { StreamOverflowError } from './stream-errors.ts';

/** Who is at the two ends of a channel, for messages. */
interface ChannelEnds {
  readonly producer: string;
  readonly consumer: string;
}

/** Who hears of what happens at a channel. */
interface ChannelListener {
  /** Whether a reader that has read nothing may come back after it has left: then it has not left before it is over. */
  readonly mayReopen: boolean;
  /** Its reader has left before the end. Called once. */
  left(): void;
  /** Somebody waits: a producer for room, or a reader while a producer does. */
  blocked(): void;
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
  readonly #listener: ChannelListener;
  readonly #queue: BoundedQueue;
  #subscriber: Subscriber<unknown> | undefined;
  #isUsed = false;
  #isRead = false;
  #hasLeft = false;
  /** How many values were read. */
  #passed = 0;
  /** How often it was opened anew: who read it before is none of its readers any more. */
  #reopened = 0;
  #giveRoom: (() => void) | undefined;

  constructor(
    ends: ChannelEnds,
    capacity: number,
    overflow: Overflow | undefined,
    listener: ChannelListener,
  ) {
    this.#ends = ends;
    this.overflow = overflow;
    this.#listener = listener;
    this.#queue = new BoundedQueue(capacity, overflow, () => {
      this.#passed++;
      this.#tellOfRoom();
    });
  }

  get capacity(): number {
    return this.#queue.capacity;
  }

  /** Whether a value has come. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** How many values were read. */
  get passed(): number {
    return this.#passed;
  }

  /** Whether somebody has begun to read it. */
  get isOpened(): boolean {
    return this.#isRead;
  }

  /** Whether its reader waits for a value. */
  get isAwaited(): boolean {
    return this.#queue.isAwaited || (this.#subscriber !== undefined && !this.isClosed);
  }

  /** Whether its producer waits for room. */
  get holdsBack(): boolean {
    return this.#giveRoom !== undefined && this.isFull;
  }

  /** There is room for one more from now on. */
  grow(): void {
    this.#queue.grow();
    this.#tellOfRoom();
  }

  /** A reader that has read nothing begins anew. */
  reopen(): void {
    this.#isRead = false;
    this.#subscriber = undefined;
    this.#reopened++;
    this.#queue.dismiss();
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
    this.#listener.blocked();
  }

  /** @throws StreamOverflowError where there is no room and the policy says so */
  push(value: unknown): void {
    if (this.isClosed) return;
    this.#isUsed = true;
    if (this.#subscriber !== undefined) {
      this.#passed++;
      this.#subscriber.next(value);
    } else if (!this.#queue.push(value)) throw new StreamOverflowError(this.#ends, this.#queue.capacity);
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
    if (wasOpen) this.#listener.left();
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined, undefined> {
    this.#readOnce();
    const reading = this.#reopened;
    return {
      next: () => {
        if (reading !== this.#reopened) return Promise.resolve(done);
        const next = this.#queue.next();
        if (this.#queue.isAwaited) this.#listener.blocked();
        return next;
      },
      return: () => {
        this.#stopReading(reading);
        return Promise.resolve(done);
      },
    };
  }

  toObservable(): Observable<unknown> {
    return new RxObservable((subscriber) => {
      this.#readOnce();
      const reading = this.#reopened;
      subscriber.add(() => {
        this.#stopReading(reading);
      });
      while (this.#queue.size > 0 && !subscriber.closed) {
        this.#passed++;
        subscriber.next(this.#queue.shift());
      }
      this.#tellOfRoom();
      if (this.#passFailure(subscriber)) return;
      if (this.isClosed) subscriber.complete();
      else this.#subscriber = subscriber;
    });
  }

  /** Its reader reads no further; one that has read nothing may come back. */
  #stopReading(reading: number): void {
    if (reading === this.#reopened && (this.#passed > 0 || !this.#listener.mayReopen)) this.leave();
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
