/**
 * What coordinators and workers tell each other beside the jobs themselves.
 *
 * 1. Whoever gets a message of another protocol than its own ignores it, but for announcements, which say whose it is.
 */
import { deserialize, serialize } from 'node:v8';
import type { ProgressAmount } from '../definition/step-context.ts';
import type { Encoded } from '../wire/error-codec.ts';
import type { Parcel } from './parcel.ts';

/** What both sides have to agree on: raised with every change of what is sent. */
export const protocol = 1;

/** What a worker says of itself, again and again. */
export interface Announcement {
  readonly protocol: number;
  /** Which process it is. */
  readonly worker: string;
  /** Where it takes its jobs from: one for each manifest. */
  readonly lane: string;
  readonly tasks: readonly string[];
  readonly version: string | undefined;
  readonly slots: number;
  /** How long, in ms, it may be silent before it is taken for lost. It stops by itself what it does before that is over. */
  readonly leaseMs: number;
  /** The ids of the jobs that it is at. */
  readonly running: readonly string[];
}

/** How a job ended. */
export type Answer =
  | readonly [kind: 'result', jobId: string, output: Parcel]
  | readonly [kind: 'failure', jobId: string, error: Encoded]
  | readonly [kind: 'empty', jobId: string]
  /** It was told to stop, and has. */
  | readonly [kind: 'stopped', jobId: string]
  /** The worker has stopped it, as it is about to end, or nobody could know any more that it was there. */
  | readonly [kind: 'given-up', jobId: string, why: 'closed' | 'connection']
  /** A later process has the run by now. */
  | readonly [kind: 'outdated', jobId: string, epoch: number];

/** What workers tell the coordinator of a job. */
export type OfJob =
  | Answer
  | readonly [kind: 'began', jobId: string, worker: string, thread: string]
  | readonly [kind: 'progress', jobId: string, amount: ProgressAmount, text: string | undefined]
  | readonly [kind: 'log', jobId: string, text: string, data: unknown];

/** What all coordinators are told. */
export type ToCoordinators =
  | readonly [kind: 'announce', announcement: Announcement]
  | readonly [kind: 'left', worker: string];

/** What workers are told: all of them, or one. */
export type ToWorkers =
  /** A coordinator has come: they are to announce themselves. */
  | readonly [kind: 'hello']
  /** A coordinator is there still. */
  | readonly [kind: 'here', coordinator: string]
  | readonly [kind: 'cancel', jobId: string]
  /** The last word of a job hasn't been heard. */
  | readonly [kind: 'repeat', jobId: string];

/** What a job is, for whoever does it. */
export interface JobBody {
  readonly protocol: number;
  /** Who waits for the answer. */
  readonly coordinator: string;
  /** How long, in ms, the coordinator may be silent before nobody waits any more. */
  readonly coordinatorLeaseMs: number;
  readonly task: string;
  readonly runId: string;
  readonly epoch: number;
  readonly stepId: string | undefined;
  readonly attempt: number;
  readonly gracePeriod: number;
  readonly idempotencyKey: string;
  /** Texts that the run gives along; absent where there are none. */
  readonly carrier?: Readonly<Record<string, string>> | undefined;
  /** Whether it gets a thread of its own, and how many bytes the heap of that may have. */
  readonly isolation: { readonly memory: number | undefined } | undefined;
  /** Whether progress and logs are of use. */
  readonly isHeard: boolean;
  readonly input: Parcel;
}

/** The channels of a queue. */
export const channels = {
  coordinators: (queue: string) => `millrace:${queue}:coordinators`,
  workers: (queue: string) => `millrace:${queue}:workers`,
  one: (queue: string, id: string) => `millrace:${queue}:to:${id}`,
};

/** The class that remote bodies of a queue demand. */
export function resourceOf(queue: string): string {
  return `remote:${queue}`;
}

/** Anything of the above as bytes. Plain data, and nothing that is evaluated. */
export function pack(message: ToCoordinators | ToWorkers | OfJob | JobBody): Uint8Array {
  return serialize(message);
}

/** What was packed; `undefined` where it is something else. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- whoever listens knows what is told there
export function unpack<Message>(bytes: Uint8Array): Message | undefined {
  try {
    return deserialize(bytes) as Message;
  } catch {
    return undefined;
  }
}
