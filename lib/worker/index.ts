/** What a worker module needs: `exposeTasks`, and `transfer` for outputs that are moved. */
export { CancellationToken } from '../base/cancellation.ts';
export { CancelledError } from '../base/errors.ts';
export type { ProgressAmount } from '../definition/step-context.ts';
export { type ErrorClass, registerError } from './error-classes.ts';
export { exposeTasks } from './expose-tasks.ts';
export type { TaskContext } from './task-context.ts';
export type { Task, TaskInput, TaskName, TaskOutput, Tasks } from './task-record.ts';
export { type TransferItem, type Transferred, transfer } from './transfer.ts';
