import { MillraceError } from '../base/errors.ts';
import { nearestName } from '../base/nearest.ts';

/** What is known of the workers there are, none of which will do. */
export interface UnfitWorkers {
  /** The tasks that they have. */
  readonly tasks: readonly string[];
  /** Those that are of another version, in a few words each. */
  readonly others: readonly string[];
}

/**
 * Nobody came who has the task, in the time that is waited for that: no worker is there, those that are lack the task, or they are of
 * another version.
 */
export class NoRemoteWorkerError extends MillraceError {
  override readonly name = 'NoRemoteWorkerError';
  override readonly code = 'NO_REMOTE_WORKER';

  /** The task that nobody has. */
  readonly taskName: string;
  /** The queue whose workers were asked. */
  readonly queue: string;

  constructor(taskName: string, queue: string, waitMs: number, unfit: UnfitWorkers) {
    super(`${noWorkerMessage(taskName, queue, unfit)}, for ${String(waitMs)} ms`);
    this.taskName = taskName;
    this.queue = queue;
  }
}

/** Says why nobody can do a task. */
export function noWorkerMessage(taskName: string, queue: string, { tasks, others }: UnfitWorkers): string {
  const said = `no worker of queue '${queue}' has the task '${taskName}'`;
  const nearest = nearestName(taskName, tasks);
  const hints = [
    nearest === undefined ? undefined : `did you mean '${nearest}'?`,
    tasks.length > 0 && nearest === undefined
      ? `they have ${tasks.map((name) => `'${name}'`).join(', ')}`
      : undefined,
    ...others,
    tasks.length === 0 && others.length === 0 ? 'there are none: start some with serveTasks' : undefined,
  ];
  return `${said} (${hints.filter((hint) => hint !== undefined).join('; ')})`;
}
