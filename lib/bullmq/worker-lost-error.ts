import { MillraceError } from '../base/errors.ts';

/** Why a worker is taken for lost: it was `silent` for longer than its lease, it was `closed`, or it gave the job up as it had lost its `connection`. */
export type LossReason = 'silent' | 'closed' | 'connection';

const phrases: Readonly<Record<LossReason, string>> = {
  silent: 'gave no sign of life for longer than its lease',
  closed: 'was closed',
  connection: 'lost its connection and gave up what it did',
};

/**
 * The worker that had a task is gone. An ordinary failure of the step, which its `retry` tries again elsewhere: whatever that worker may
 * still come to is dropped.
 *
 * The task may have been done in part, or wholly: only its answer is known not to count.
 *
 * @example
 * ```ts
 * const frames = step('frames', { scene }, remote.task('render', ({ scene }) => scene), {
 *   retry: { attempts: 4, when: (error) => error instanceof WorkerLostError },
 * });
 * ```
 */
export class WorkerLostError extends MillraceError {
  override readonly name = 'WorkerLostError';
  override readonly code = 'WORKER_LOST';

  /** Which worker: its host, process and a tag; `undefined` where it was lost before it said that it had the task. */
  readonly worker: string | undefined;
  /** The task that it had. */
  readonly taskName: string;
  /** The step that the task was run for; `undefined` outside of runs. */
  readonly stepId: string | undefined;
  /** Why it counts as lost. */
  readonly reason: LossReason;

  constructor(taskName: string, stepId: string | undefined, worker: string | undefined, reason: LossReason) {
    const whose = stepId === undefined ? '' : ` of step '${stepId}'`;
    const who = worker === undefined ? 'the worker' : `the worker ${worker}`;
    super(`${who} ${phrases[reason]} while it had the task '${taskName}'${whose}`);
    this.worker = worker;
    this.taskName = taskName;
    this.stepId = stepId;
    this.reason = reason;
  }
}
