/** Thread pools: steps and calls that leave the event loop. */
export { EmptyStepError } from '../base/empty-step-error.ts';
export type { Task, TaskInput, TaskName, TaskOutput, Tasks } from '../worker/task-record.ts';
export { type TransferItem, type Transferred, transfer } from '../worker/transfer.ts';
export type { RunTaskOptions, TaskOptions } from './call-options.ts';
export { PoolClosedError } from './pool-closed-error.ts';
export type { ThreadPoolOptions, ThreadResourceLimits } from './pool-options.ts';
export { SharedTransferError } from './shared-transfer-error.ts';
export type { DirectTaskBody, InputsGiven, NoInputs, TaskBody } from './task-body.ts';
export { type ClosePoolOptions, type RunTaskArguments, type ThreadPool, threadPool } from './thread-pool.ts';
export type { ThreadPoolStats } from './thread-pool-stats.ts';
export { UnclonableValueError } from './unclonable-value-error.ts';
export { UnknownTaskError } from './unknown-task-error.ts';
export { type CrashReason, WorkerCrashedError } from './worker-crashed-error.ts';
export { WorkerStartError } from './worker-start-error.ts';
