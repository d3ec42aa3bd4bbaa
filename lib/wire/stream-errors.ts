import { MillraceError } from '../base/errors.ts';

/**
 * A task under `pool.stream` has returned an Observable, and nobody said what happens to values that come faster
 * than they are read: an Observable can't be held back.
 *
 * @example
 * ```ts
 * for await (const count of pool.stream('count', table, { overflow: 'latest' })) console.log(count);
 * ```
 */
export class MissingOverflowError extends MillraceError {
  override readonly name = 'MissingOverflowError';
  override readonly code = 'MISSING_OVERFLOW';
  /** The task. */
  readonly taskName: string;

  constructor(taskName: string) {
    super(
      `the task '${taskName}' returns an Observable, which can't be held back: give pool.stream an overflow policy ('error', 'drop-oldest', 'drop-newest' or 'latest'), or let the task be an async generator`,
    );
    this.taskName = taskName;
  }
}

/** The Observable of a task has emitted more values than there is room for, and the policy is `'error'`. */
export class StreamOverflowError extends MillraceError {
  override readonly name = 'StreamOverflowError';
  override readonly code = 'STREAM_OVERFLOW';
  /** The task. */
  readonly taskName: string;
  /** The stream's capacity. */
  readonly capacity: number;

  constructor(taskName: string, capacity: number) {
    super(
      `the task '${taskName}' emits faster than its values are read: ${String(capacity)} are under way and as many wait; raise the capacity, choose another overflow policy, or let the task be an async generator`,
    );
    this.taskName = taskName;
    this.capacity = capacity;
  }
}
