/**
 * Bodies of steps on other machines, through BullMQ on Redis.
 *
 * @module millrace/bullmq
 */
export { folderBlobs } from './folder-blobs.ts';
export { MissingBlobError } from './missing-blob-error.ts';
export { NoRemoteWorkerError } from './no-remote-worker-error.ts';
export { OutdatedRunError } from './outdated-run-error.ts';
export { QueueUnavailableError } from './queue-unavailable-error.ts';
export type { RedisConnection } from './redis-connection.ts';
export { RemoteClosedError } from './remote-closed-error.ts';
export type {
  QueueOptions,
  RemoteRunOptions,
  RemoteTaskOptions,
  RemoteTasksOptions,
  ServeTasksOptions,
} from './remote-options.ts';
export type { RemoteStats } from './remote-stats.ts';
export { type RemoteRunArguments, type RemoteTasks, remoteTasks } from './remote-tasks.ts';
export { serveTasks, type TaskServer } from './serve-tasks.ts';
export type { BlobStore } from './transport.ts';
export { type LossReason, WorkerLostError } from './worker-lost-error.ts';
