/**
 * What a module of tasks needs, in its thread.
 *
 * @module millrace/worker
 */
export { CancellationToken } from '../base/cancellation.ts';
export { CancelledError } from '../base/errors.ts';
export type { ProgressAmount } from '../definition/step-context.ts';
export type { TaskContext } from '../task/task-context.ts';
export type { Task, TaskInput, TaskName, TaskOutput, Tasks } from '../task/task-record.ts';
export { type ErrorClass, registerError } from '../wire/error-classes.ts';
export { type TransferItem, type Transferred, transfer } from '../wire/transfer.ts';
export { exposeTasks } from './expose-tasks.ts';
