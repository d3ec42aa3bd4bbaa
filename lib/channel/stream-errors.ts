import { MillraceError } from '../base/errors.ts';
import { markNotRetriable } from '../base/not-retriable.ts';

/** Who is at the two ends of a stream. */
export interface StreamEnds {
  /** The step that emits, or the task. */
  readonly producer: string;
  /** The step that reads; `undefined` where the values come out of a thread, to whoever called `pool.stream`. */
  readonly consumer: string | undefined;
}

/**
 * An Observable is streamed, and nobody said what happens to values that come faster than they are read: it emits by itself and
 * can't be held back. The cause of the failure of a step that emits, or what `pool.stream` fails with.
 *
 * Never retried: no attempt can mend it.
 *
 * @example
 * ```ts
 * const ticks = step('ticks', () => interval(10).pipe(take(100)));
 * const seen = step('seen', { ticks: stream(ticks, { overflow: 'drop-oldest' }) }, async ({ ticks }) => {
 *   let count = 0;
 *   for await (const tick of ticks) count += tick;
 *   return count;
 * });
 * for await (const count of pool.stream('count', table, { overflow: 'latest' })) console.log(count);
 * ```
 */
export class MissingOverflowError extends MillraceError {
  override readonly name = 'MissingOverflowError';
  override readonly code = 'MISSING_OVERFLOW';
  /** The step that emits, or the task. */
  readonly producer: string;
  /** The step that reads; `undefined` where the values come out of a thread. */
  readonly consumer: string | undefined;

  constructor({ producer, consumer }: StreamEnds) {
    super(
      consumer === undefined
        ? `the task '${producer}' returns an Observable, which can't be held back while its stream is read more slowly: give pool.stream('${producer}', …) an overflow policy (${policies}), or let the task be an async generator`
        : `step '${producer}' returns an Observable, which can't be held back while '${consumer}' is slower: give stream(…) in '${consumer}' an overflow policy (${policies}), or return an AsyncIterable`,
    );
    this.producer = producer;
    this.consumer = consumer;
  }
}

// On the prototype, which one that comes from a thread has too.
markNotRetriable(MissingOverflowError.prototype);

/**
 * An Observable has emitted more values than its reader has room for, and the policy is `'error'`. The cause of the failure of a
 * step that emits, or what `pool.stream` fails with, after the values that were under way.
 *
 * @example
 * ```ts
 * run.result$.subscribe({
 *   error: ({ cause }) => {
 *     if (cause instanceof StreamOverflowError) console.error(`${cause.producer}: ${cause.capacity} weren't enough`);
 *   },
 * });
 * ```
 */
export class StreamOverflowError extends MillraceError {
  override readonly name = 'StreamOverflowError';
  override readonly code = 'STREAM_OVERFLOW';
  /** The step that emits, or the task. */
  readonly producer: string;
  /** The step that reads; `undefined` where the values come out of a thread. */
  readonly consumer: string | undefined;
  /** How many values may wait. */
  readonly capacity: number;

  constructor({ producer, consumer }: StreamEnds, capacity: number) {
    super(
      consumer === undefined
        ? `the task '${producer}' emits faster than its stream is read: ${String(capacity)} values are under way and as many wait; raise the capacity, choose another overflow policy, or let the task be an async generator`
        : `step '${producer}' emits faster than '${consumer}' reads: ${String(capacity)} values wait; raise the capacity, choose another overflow policy, or return an AsyncIterable`,
    );
    this.producer = producer;
    this.consumer = consumer;
    this.capacity = capacity;
  }
}

const policies = "'error', 'drop-oldest', 'drop-newest' or 'latest'";
