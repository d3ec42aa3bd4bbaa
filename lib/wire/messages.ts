/**
 * What the main side and a thread say to each other, on a MessagePort of their own; what they share besides is in
 * `control.ts`.
 *
 * 1. A thread runs one task at a time, in the order of their messages; `uid` numbers them from 1, anew in every
 *    thread. The next few may be sent before the one that runs is over.
 * 2. Each call has a ticket in shared memory, and who takes it first decides: the thread, that it begins; or the main
 *    side, that it never does.
 * 3. A call that begins is answered by exactly one final message (`result` and after), unless the thread dies; one
 *    that doesn't begin is not answered.
 * 4. To cancel what has begun, the main side posts the message first and raises the flag after: who sees the flag
 *    finds the reason in the port.
 *
 * ```
 * main    run ─▶ run ─▶ ┐                       cancel ─▶ flag = uid ─▶
 * thread                ticket taken … progress* … one of result, failure, empty, unclonable, stopped ─ the next ticket
 * ```
 *
 * A streamed call (`RunMessage.stream`) has a credit of `capacity` values. Each one that is sent takes one; the main
 * side gives credit back in batches as values are read. The values come before the final message, on the same port;
 * a `result` ends them, and says nothing itself.
 *
 * ```
 * main    run(stream) ──▶ ┐                 credit +8 ──▶            credit +8 ──▶
 * thread                  values[1…8] ──▶ values[9…16] ─▶ (held back) ─▶ values[17…24] ──▶ … result
 * ```
 *
 * Progress and logs are heard in batches (`heard`): beyond what is on its way unheard, a task keeps only its latest progress,
 * and counts the lines that it leaves out.
 */
import type { Encoded } from './error-codec.ts';
import type { StreamTerms } from './stream-terms.ts';

/** The kinds of message to a thread. */
export const toWorker = { run: 0, cancel: 1, credit: 2, heard: 3 } as const;

/** The kinds of message from a thread; a {@link FinalMessage} is a task's last. */
export const fromWorker = {
  progress: 0,
  log: 1,
  result: 2,
  failure: 3,
  empty: 4,
  unclonable: 5,
  stopped: 6,
  values: 7,
} as const;

/** Start a task. `isHeard` says whether anyone listens to its progress and logs, `stream` whether to its values; `carrier` is what the
 * run gives along. */
export type RunMessage = readonly [
  kind: typeof toWorker.run,
  uid: number,
  task: string,
  input: unknown,
  attempt: number,
  stepId: string | undefined,
  isHeard: boolean,
  stream?: StreamTerms | undefined,
  carrier?: Readonly<Record<string, string>> | undefined,
];

/** Stop the task. */
type CancelMessage = readonly [kind: typeof toWorker.cancel, uid: number, reason: Encoded];

/** Room for further values of a streamed call. */
type CreditMessage = readonly [kind: typeof toWorker.credit, uid: number, credit: number];

/** So many of the task's progress messages and log lines were heard: further ones may follow. */
type HeardMessage = readonly [kind: typeof toWorker.heard, uid: number, progress: number, lines: number];

/** A message to a thread. */
export type ToWorker = RunMessage | CancelMessage | CreditMessage | HeardMessage;

/** The last message of a task. */
export type FinalMessage =
  | readonly [kind: typeof fromWorker.result, uid: number, value: unknown, durationMs: number]
  | readonly [kind: typeof fromWorker.failure, uid: number, error: Encoded]
  | readonly [kind: typeof fromWorker.empty, uid: number]
  | readonly [kind: typeof fromWorker.unclonable, uid: number, path: string, what: string]
  | readonly [kind: typeof fromWorker.stopped, uid: number];

/** A message from a thread. */
export type FromWorker =
  | readonly [kind: typeof fromWorker.progress, uid: number, amount: unknown, message: string | undefined]
  | readonly [kind: typeof fromWorker.log, uid: number, message: string, data: unknown]
  | readonly [kind: typeof fromWorker.values, uid: number, values: readonly unknown[]]
  | FinalMessage;

/** What the pool gives its workers as `workerData`, so that `exposeTasks` knows where it is. */
export const workerMark = { millrace: 1 } as const;

/** Under which name Node's environment data has 1 while somebody else makes a worker for a pool. */
export const environmentMark = 'millrace.worker';

/** The one function that a worker exposes through threads.js: it takes the port over. */
export interface Handshake<Port> {
  /** Starts listening and gives the names of the tasks. */
  readonly connect: (port: Port, control: Int32Array) => readonly string[];
}
