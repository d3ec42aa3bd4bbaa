/**
 * The events of a run for `for await`: a queue between a run that waits for nobody and a reader that takes its time.
 *
 * ```
 * progress$ ─▶ [dropped] events, at most `capacity` ─▶ next
 * ```
 *
 * 1. Each iteration subscribes for itself, as it begins; a run is neither started nor held by it.
 * 2. Where there is no room, the oldest goes. What is lost is said, once, in the place where it would have been read.
 * 3. After the run's end what waits is still read; after `return` nothing is.
 */
import type { Observable, Subscription } from 'rxjs';
import { OptionChecker } from '../base/option-checker.ts';
import { BoundedQueue, done } from '../channel/bounded-queue.ts';
import type { ProgressEvent, Warned } from '../observe/progress-event.ts';

/** How a run's events are read. `undefined` is always absent. */
export interface EventsOptions {
  /**
   * How many events may wait to be read, from 1. Once as many do, the oldest is dropped for each that comes; with `Infinity` none
   * ever is, and what waits takes as much memory as it takes.
   *
   * @defaultValue 131,072: several times what a run tells before it gives the event loop back
   */
  readonly capacity?: number | undefined;
}

const defaultCapacity = 131_072;

/**
 * The events of a run to iterate over.
 *
 * @throws InvalidOptionsError where the options can't be used
 */
export function eventsToRead(
  events$: Observable<ProgressEvent>,
  options: EventsOptions,
): AsyncIterable<ProgressEvent, undefined> {
  const checker = new OptionChecker();
  let capacity: number | undefined;
  if (checker.record('options', options)) {
    checker.knownKeys('', options, ['capacity']);
    capacity = checker.count('capacity', options.capacity, 1);
  }
  checker.throwIfAny('events');
  return { [Symbol.asyncIterator]: () => new EventReader(events$, capacity ?? defaultCapacity) };
}

class EventReader implements AsyncIterator<ProgressEvent, undefined> {
  readonly #queue: BoundedQueue;
  readonly #subscription: Subscription;
  #dropped = 0;
  #lastDropped: ProgressEvent | undefined;

  constructor(events$: Observable<ProgressEvent>, capacity: number) {
    const queue = new BoundedQueue(capacity, undefined);
    this.#queue = queue;
    this.#subscription = events$.subscribe({
      next: (event) => {
        if (queue.isFull) {
          this.#dropped++;
          this.#lastDropped = queue.shift() as ProgressEvent;
        }
        queue.push(event);
      },
      // It never does; but who reads must not wait for ever.
      error: (error: unknown) => {
        queue.fail(error);
      },
      complete: () => {
        queue.end();
      },
    });
  }

  next(): Promise<IteratorResult<ProgressEvent, undefined>> {
    const last = this.#lastDropped;
    if (last === undefined) return this.#queue.next() as Promise<IteratorResult<ProgressEvent, undefined>>;
    const value = markOf(last, this.#dropped, this.#queue.capacity);
    this.#lastDropped = undefined;
    this.#dropped = 0;
    return Promise.resolve({ done: false, value });
  }

  return(): Promise<IteratorResult<ProgressEvent, undefined>> {
    this.#subscription.unsubscribe();
    this.#lastDropped = undefined;
    this.#queue.clear();
    this.#queue.end();
    return Promise.resolve(done);
  }
}

/** What is read in place of events that were dropped. */
function markOf(last: ProgressEvent, count: number, capacity: number): Warned {
  const { seq, at, runId } = last;
  const many = `${String(count)} event${count === 1 ? '' : 's'}`;
  return {
    type: 'warning',
    seq,
    at,
    runId,
    topic: 'dropped',
    message: `${many} up to seq ${String(seq)} were dropped, since ${String(capacity)} wait to be read: read them faster, or give events() a larger capacity`,
    stepId: 'stepId' in last ? last.stepId : '',
    attempt: 0,
    count,
  };
}
