import { MillraceError } from '../base/errors.ts';
import { textOf } from '../base/inspect.ts';

/** How a worker thread ended: it exited, an error or rejection went uncaught, or it ran out of memory. */
export type CrashReason = 'exit' | 'uncaught-error' | 'out-of-memory';

const phrases: Readonly<Record<CrashReason, string>> = {
  exit: 'exited',
  'uncaught-error': 'ended by an uncaught error',
  'out-of-memory': 'ran out of memory',
};

/**
 * The thread died while it ran a task. Only that task fails; the thread is replaced, and queued tasks go on.
 *
 * `cause` is the error that went uncaught, where there was one.
 *
 * @example
 * ```ts
 * pool.run('resize', image).subscribe({
 *   error: (error) => {
 *     if (error instanceof WorkerCrashedError && error.reason === 'out-of-memory') retryWithLess();
 *   },
 * });
 * ```
 */
export class WorkerCrashedError extends MillraceError {
  override readonly name = 'WorkerCrashedError';
  override readonly code = 'WORKER_CRASHED';

  /** The task that ran; `undefined` where the thread was idle. */
  readonly taskName: string | undefined;
  /** The thread's exit code. */
  readonly exitCode: number | undefined;
  /** How it ended. */
  readonly reason: CrashReason;
  /** What its heap might hold, in MiB, where it ran out of memory that was limited. */
  readonly heapLimitMb: number | undefined;

  constructor(
    taskName: string | undefined,
    exitCode: number | undefined,
    options?: ErrorOptions,
    limitMb?: number,
  ) {
    const reason = reasonOf(options?.cause);
    const heapLimitMb = reason === 'out-of-memory' ? limitMb : undefined;
    const limit = heapLimitMb === undefined ? '' : `; its heap was limited to ${String(heapLimitMb)} MiB`;
    const doing = taskName === undefined ? 'while it was idle' : `while it ran the task '${taskName}'`;
    const code = exitCode === undefined ? '' : ` (exit code ${String(exitCode)})`;
    const why = options?.cause === undefined ? '' : `: ${textOf(options.cause)}`;
    super(`a worker ${phrases[reason]} ${doing}${code}${why}${limit}`, options);
    this.taskName = taskName;
    this.exitCode = exitCode;
    this.reason = reason;
    this.heapLimitMb = heapLimitMb;
  }
}

function reasonOf(cause: unknown): CrashReason {
  if (cause === undefined) return 'exit';
  return isOutOfMemory(cause) ? 'out-of-memory' : 'uncaught-error';
}

/** @internal Whether a thread has ended with this because it had no memory left. */
export function isOutOfMemory(fault: unknown): boolean {
  return (Object(fault) as { readonly code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY';
}
