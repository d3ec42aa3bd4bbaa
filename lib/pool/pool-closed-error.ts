import { MillraceError } from '../base/errors.ts';

/**
 * The pool was closed before this call was over, or before it began.
 *
 * @example
 * ```ts
 * await pool.close();
 * pool.run('resize', image).subscribe({ error: (error) => console.error(error.code) }); // POOL_CLOSED
 * ```
 */
export class PoolClosedError extends MillraceError {
  override readonly name = 'PoolClosedError';
  override readonly code = 'POOL_CLOSED';

  /** The task that was called, if one was. */
  readonly taskName: string | undefined;

  constructor(poolName: string, taskName?: string, options?: ErrorOptions) {
    const what = taskName === undefined ? '' : `: the task '${taskName}' can't run`;
    super(`the thread pool '${poolName}' is closed${what}`, options);
    this.taskName = taskName;
  }
}
