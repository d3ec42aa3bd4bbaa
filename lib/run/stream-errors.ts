import { MillraceError } from '../base/errors.ts';

/**
 * A step emits by itself, as an Observable does, and nobody said what happens to values that its reader has no room for. The cause of
 * the step's failure; never retried.
 *
 * @example
 * ```ts
 * const ticks = step('ticks', () => interval(10).pipe(take(100)));
 * const seen = step('seen', { ticks: stream(ticks, { overflow: 'drop-oldest' }) }, async ({ ticks }) => {
 *   let count = 0;
 *   for await (const tick of ticks) count += tick;
 *   return count;
 * });
 * ```
 */
export class MissingPolicyError extends MillraceError {
  override readonly name = 'MissingPolicyError';
  override readonly code = 'MISSING_POLICY';
  /** The step that emits. */
  readonly stepId: string;
  /** The step that reads. */
  readonly consumer: string;

  constructor(stepId: string, consumer: string) {
    super(
      `step '${stepId}' returns an Observable, which can't be held back while '${consumer}' is slower: give stream(…) in '${consumer}' an overflow policy ('error', 'drop-oldest', 'drop-newest' or 'latest'), or return an AsyncIterable`,
    );
    this.stepId = stepId;
    this.consumer = consumer;
  }
}

/** A step has emitted more values than its reader has room for, and the policy is `'error'`. The cause of the step's failure. */
export class ChannelOverflowError extends MillraceError {
  override readonly name = 'ChannelOverflowError';
  override readonly code = 'CHANNEL_OVERFLOW';
  /** The step that emits. */
  readonly stepId: string;
  /** The step that reads. */
  readonly consumer: string;
  /** How many values may wait. */
  readonly capacity: number;

  constructor(
    { producer, consumer }: { readonly producer: string; readonly consumer: string },
    capacity: number,
  ) {
    super(
      `step '${producer}' emits faster than '${consumer}' reads: ${String(capacity)} values wait; raise the capacity, choose another overflow policy, or return an AsyncIterable`,
    );
    this.stepId = producer;
    this.consumer = consumer;
    this.capacity = capacity;
  }
}
