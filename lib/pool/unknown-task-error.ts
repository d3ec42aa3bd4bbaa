import { MillraceError } from '../base/errors.ts';
import { hintOr } from '../base/nearest.ts';
import { shortUrl } from './worker-source.ts';

/**
 * The worker module exposes no task of that name. The message has the nearest one that it does, or all of them.
 *
 * @example
 * ```ts
 * const name = JSON.parse('"resise"'); // a name that the compiler couldn't check
 * pool.run(name, image).subscribe({
 *   error: (error) => console.error(error.message), // … did you mean 'resize'?
 * });
 * ```
 */
export class UnknownTaskError extends MillraceError {
  override readonly name = 'UnknownTaskError';
  override readonly code = 'UNKNOWN_TASK';

  /** The name that was asked for. */
  readonly taskName: string;
  /** The names of the tasks there are. */
  readonly known: readonly string[];

  constructor(taskName: string, known: Iterable<string>, url: string, options?: ErrorOptions) {
    const names = [...known];
    const hint = hintOr(`it has ${names.map((name) => `'${name}'`).join(', ')}`, taskName, names);
    super(`the worker ${shortUrl(url)} exposes no task '${taskName}'; ${hint}`, options);
    this.taskName = taskName;
    this.known = names;
  }
}
