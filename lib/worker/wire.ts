/**
 * What the main side and a thread say to each other, on a MessagePort of their own.
 *
 * 1. A thread has one task at a time; `uid` numbers them from 1, anew in every thread.
 * 2. Every run message is answered by exactly one final message (`result` and after), unless the thread dies.
 * 3. To cancel, the main side posts the message first and raises the flag after: who sees the flag finds the
 *    reason in the port.
 *
 * ```
 * main    run ───────────────────▶ ┐             cancel ─▶ flag = uid ─▶
 * thread                           started = uid … progress* … one of result, failure, empty, unclonable, stopped
 * ```
 */
import type { Encoded } from './error-codec.ts';

/** The kinds of message to a thread. */
export const toWorker = { run: 0, cancel: 1 } as const;

/** The kinds of message from a thread; those from `result` on are final. */
export const fromWorker = {
  progress: 0,
  log: 1,
  result: 2,
  failure: 3,
  empty: 4,
  unclonable: 5,
  stopped: 6,
} as const;

/** Start a task. `isHeard` says whether anyone listens to its progress and logs. */
export type RunMessage = readonly [
  kind: typeof toWorker.run,
  uid: number,
  task: string,
  input: unknown,
  attempt: number,
  stepId: string | undefined,
  isHeard: boolean,
];

/** Stop the task. */
type CancelMessage = readonly [kind: typeof toWorker.cancel, uid: number, reason: Encoded];

/** A message to a thread. */
export type ToWorker = RunMessage | CancelMessage;

/** The last message of a task. */
export type FinalMessage =
  | readonly [kind: typeof fromWorker.result, uid: number, value: unknown]
  | readonly [kind: typeof fromWorker.failure, uid: number, error: Encoded]
  | readonly [kind: typeof fromWorker.empty, uid: number]
  | readonly [kind: typeof fromWorker.unclonable, uid: number, path: string, what: string]
  | readonly [kind: typeof fromWorker.stopped, uid: number];

/** A message from a thread. */
export type FromWorker =
  | readonly [kind: typeof fromWorker.progress, uid: number, amount: unknown, message: string | undefined]
  | readonly [kind: typeof fromWorker.log, uid: number, message: string, data: unknown]
  | FinalMessage;

/** The words of the memory that the main side and a thread share. */
export const controlWord = {
  /** The uid of the task that should stop; written by the main side. */
  cancelled: 0,
  /** The uid of the last task that was started, or {@link unreadable}; written by the thread. */
  started: 1,
} as const;

/** What a thread writes that couldn't read a message: as it has one task at a time, it is that one's. */
export const unreadable = -1;

/** The size of the shared memory: one cache line. */
export const controlBytes = 64;

/** What the pool gives its workers as `workerData`, so that `exposeTasks` knows where it is. */
export const workerMark = { millrace: 1 } as const;

/** The one function that a worker exposes through threads.js: it takes the port over. */
export interface Handshake<Port> {
  /** Starts listening and gives the names of the tasks. */
  readonly connect: (port: Port, control: Int32Array<SharedArrayBuffer>) => readonly string[];
}
