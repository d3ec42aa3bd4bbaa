/**
 * Thread pools: steps and calls that leave the event loop.
 *
 * @module millrace/workers
 */
export { EmptyStepError } from '../base/empty-step-error.ts';
export type { Overflow } from '../base/overflow.ts';
export { MissingOverflowError, type StreamEnds, StreamOverflowError } from '../channel/stream-errors.ts';
export type { Task, TaskInput, TaskName, TaskOutput, Tasks } from '../task/task-record.ts';
export { type ErrorClass, registerError } from '../wire/error-classes.ts';
export { type TransferItem, type Transferred, transfer } from '../wire/transfer.ts';
export type { Inline, RunTaskArguments, RunTaskOptions, TaskOptions } from './call-options.ts';
export type { ClosePoolOptions } from './close-pool-options.ts';
export { PoolClosedError } from './pool-closed-error.ts';
export type { ThreadPoolOptions, ThreadResourceLimits } from './pool-options.ts';
export { SharedTransferError } from './shared-transfer-error.ts';
export type { StreamTaskArguments, StreamTaskOptions } from './stream-options.ts';
export type { DirectTaskBody, InputsGiven, ItemGiven, NoInputs, TaskBody } from './task-body.ts';
export type { TaskStream } from './task-stream.ts';
export type { TaskStats } from './task-times.ts';
export { type ThreadPool, threadPool } from './thread-pool.ts';
export type { ThreadPoolStats } from './thread-pool-stats.ts';
export { UnclonableValueError } from './unclonable-value-error.ts';
export { UnknownTaskError } from './unknown-task-error.ts';
export { type CrashReason, WorkerCrashedError } from './worker-crashed-error.ts';
export type { MadeWorker, WorkerSource } from './worker-source.ts';
export { WorkerStartError } from './worker-start-error.ts';
