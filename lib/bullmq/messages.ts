/**
 * What coordinators and workers tell each other beside the jobs themselves.
 *
 * 1. Whoever gets a message of another protocol than its own ignores it, but for announcements, which say whose it is.
 * 2. Several messages may go as one: they are heard in order.
 */
import { deserialize, serialize } from 'node:v8';
import type { ProgressAmount } from '../definition/step-context.ts';
import type { Encoded } from '../wire/error-codec.ts';
import type { Parcel } from './parcel.ts';

/** What both sides have to agree on: raised with every change of what is sent. */
export const protocol = 3;

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
  /** The ids of the calls that it is at. */
  readonly running: readonly string[];
  /** The ids of the calls that it has taken, for which no thread was free yet. */
  readonly taken: readonly string[];
}

/** How a call ended. */
export type Answer =
  /** `ms` is how long the task took, in the thread of that name. */
  | readonly [kind: 'result', callId: string, output: Parcel, ms: number, thread: string]
  | readonly [kind: 'failure', callId: string, error: Encoded]
  | readonly [kind: 'empty', callId: string]
  /** It was told to stop, and has. */
  | readonly [kind: 'stopped', callId: string]
  /** The worker has stopped it, as it is about to end, or nobody could know any more that it was there. */
  | readonly [kind: 'given-up', callId: string, why: 'closed' | 'connection']
  /** No thread was free for it after all: it hasn't begun. */
  | readonly [kind: 'returned', callId: string]
  /** A later process has the run by now. */
  | readonly [kind: 'outdated', callId: string, epoch: number];

/** What workers tell the coordinator of a call. */
export type OfCall =
  | Answer
  | readonly [kind: 'began', callId: string, worker: string, thread: string]
  | readonly [kind: 'progress', callId: string, amount: ProgressAmount, text: string | undefined]
  | readonly [kind: 'log', callId: string, text: string, data: unknown];

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
  | readonly [kind: 'cancel', callId: string]
  /** The last word of a call hasn't been heard. */
  | readonly [kind: 'repeat', callId: string]
  /** A process has a kept run from now on that is not its first: which run, and how many have had it. */
  | readonly [kind: 'held', life: string, epoch: number]
  /** Somebody else waits for a call from now on: the process that has its run by now. */
  | readonly [kind: 'adopt', callId: string, waiting: WhoWaits];

/** A coordinator, to whoever does something for it. */
export interface Sponsor {
  readonly coordinator: string;
  /** How long, in ms, it may be silent before it is gone. */
  readonly coordinatorLeaseMs: number;
  /** How long, in ms, it may be silent before nobody takes over its kept runs any more. */
  readonly takeoverWait: number;
}

/** Who waits for the answer of a call. */
export interface WhoWaits extends Sponsor {
  /** How many processes have had the run, the one that waits included. */
  readonly epoch: number;
}

/** What a job is, for whoever does it: calls of one task, each for itself. */
export interface JobBody extends Sponsor {
  readonly protocol: number;
  readonly task: string;
  readonly calls: readonly CallBody[];
}

/** What a call is, for whoever does it. */
export interface CallBody {
  readonly id: string;
  readonly runId: string;
  readonly epoch: number;
  /** What tells its run from others of its name, where somebody else may go on with that, and wait for it. */
  readonly life: string | undefined;
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

/** Anything that is told. */
export type Message = ToCoordinators | ToWorkers | OfCall;

/** A message, a job or the answers of one as bytes. Plain data, and nothing that is evaluated. */
export function pack(content: Message | readonly Message[] | JobBody): Uint8Array {
  return serialize(content);
}

/** What was packed; `undefined` where it is something else. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- whoever listens knows what is told there
export function unpack<Content>(bytes: Uint8Array): Content | undefined {
  try {
    return deserialize(bytes) as Content;
  } catch {
    return undefined;
  }
}

/** The messages that were told as one. */
export function unpackAll(bytes: Uint8Array): readonly Message[] {
  const content = unpack<Message | readonly Message[]>(bytes);
  if (!Array.isArray(content)) return [];
  return Array.isArray(content[0]) ? (content as readonly Message[]) : [content as unknown as Message];
}
