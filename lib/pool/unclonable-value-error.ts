import { MillraceError } from '../base/errors.ts';

/**
 * The input or the output of a task can't go to another thread: a function, a symbol, a Promise or such is in
 * it, or something was moved that can't be. `path` leads to the culprit.
 *
 * @example
 * ```ts
 * pool.run('count', { rows: [{ onClick: () => {} }] }).subscribe({
 *   error: (error) => {
 *     if (error instanceof UnclonableValueError) console.error(error.path); // input.rows[0].onClick
 *   },
 * });
 * ```
 */
export class UnclonableValueError extends MillraceError {
  override readonly name = 'UnclonableValueError';
  override readonly code = 'UNCLONABLE_VALUE';

  /** The task whose input or output it is. */
  readonly taskName: string;
  /** The path to the part that can't be cloned, from `input` or `output`. */
  readonly path: string;

  constructor(taskName: string, path: string, what: string, options?: ErrorOptions) {
    super(`the task '${taskName}' can't have ${path} sent between threads: ${what}`, options);
    this.taskName = taskName;
    this.path = path;
  }
}
