import { MillraceError } from '../base/errors.ts';

/** The remote tasks were closed before this call was over, or before it began. */
export class RemoteClosedError extends MillraceError {
  override readonly name = 'RemoteClosedError';
  override readonly code = 'REMOTE_CLOSED';

  /** The queue that it was to go to. */
  readonly queue: string;
  /** The task that was called. */
  readonly taskName: string;

  constructor(queue: string, taskName: string) {
    super(`the remote tasks of queue '${queue}' are closed: the task '${taskName}' can't run`);
    this.queue = queue;
    this.taskName = taskName;
  }
}
