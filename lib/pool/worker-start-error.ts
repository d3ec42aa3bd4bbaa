import { MillraceError } from '../base/errors.ts';
import { textOf } from '../base/inspect.ts';
import { hintForUrl, shortUrl } from './worker-source.ts';

/**
 * A worker module didn't load, threw at its top level, exposed nothing, or kept dying before it ran a task.
 *
 * Every call that waits for a thread fails with it once the pool has tried `maxRestarts` times again. A later
 * call tries anew.
 *
 * @example
 * ```ts
 * await pool.prewarm().catch((error) => {
 *   if (error instanceof WorkerStartError) console.error(error.url, error.cause);
 * });
 * ```
 */
export class WorkerStartError extends MillraceError {
  override readonly name = 'WorkerStartError';
  override readonly code = 'WORKER_START';

  /** The URL of the worker module. */
  readonly url: string;
  /** How often it was tried in a row; threads that start side by side are one try. */
  readonly tries: number;

  constructor(url: string, tries: number, exitCode: number | undefined, options?: ErrorOptions) {
    const why =
      options?.cause === undefined
        ? `exited with code ${String(exitCode)} before it ran a task; does it call exposeTasks() of 'millrace/worker'?`
        : `failed to start: ${textOf(options.cause)}`;
    super(`the worker ${shortUrl(url)} ${why}${hintFor(url, why)} (tries: ${String(tries)})`, options);
    this.url = url;
    this.tries = tries;
  }
}

function hintFor(url: string, why: string): string {
  if (why.includes('Dynamic require of')) {
    return "; threads.js can't be bundled into an ES module: keep 'threads' external, and installed";
  }
  return hintForUrl(url, why);
}
