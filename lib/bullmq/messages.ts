/**
 * What coordinators and workers tell each other beside the jobs themselves.
 *
 * 1. Whoever gets a message of another protocol than its own ignores it, but for announcements, which say whose it is.
 * 2. Several messages may go as one: they are heard in order.
 * 3. All is JSON. Values are parcels in it: a value is written once, when it is given, and read once, with its message.
 */
import type { InlineParcel, Parcel, ParcelText } from './parcel.ts';

/** What both sides have to agree on: raised with every change of what is sent. */
export const protocol = 4;

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

/** How a call ended, as it is heard. */
export type Answer<AnyParcel = Parcel, Inline = InlineParcel> =
  /** `ms` is how long the task took, in the thread of that name. */
  | readonly [kind: 'result', callId: string, output: AnyParcel, ms: number, thread: string]
  /** What was thrown, encoded. */
  | readonly [kind: 'failure', callId: string, error: Inline]
  | readonly [kind: 'empty', callId: string]
  /** It was told to stop, and has. */
  | readonly [kind: 'stopped', callId: string]
  /** The worker has stopped it, as it is about to end, or nobody could know any more that it was there. */
  | readonly [kind: 'given-up', callId: string, why: 'closed' | 'connection']
  /** No thread was free for it after all: it hasn't begun. */
  | readonly [kind: 'returned', callId: string]
  /** A later process has the run by now. */
  | readonly [kind: 'outdated', callId: string, epoch: number];

/** What workers tell the coordinator of a call, as it is heard. */
export type OfCall<AnyParcel = Parcel, Inline = InlineParcel> =
  | Answer<AnyParcel, Inline>
  | readonly [kind: 'began', callId: string, worker: string, thread: string]
  | readonly [kind: 'progress', callId: string, amount: Inline, text?: string]
  | readonly [kind: 'log', callId: string, text: string, data: Inline];

/** The same as it is told. */
export type AnswerToTell = Answer<ParcelText, ParcelText>;
export type OfCallToTell = OfCall<ParcelText, ParcelText>;

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
  /** What the calls have in common: as it is of the first. */
  readonly shared: Omit<CallBody, 'id'>;
  /** What each is called, and what is otherwise of it. */
  readonly calls: readonly SentCall[];
  /** Their inputs, in the same order. */
  readonly inputs: readonly Parcel[];
}

/** `null` is what isn't there of this one. */
type SentCall = readonly [id: string, otherwise?: Readonly<Record<string, unknown>>];

/** What a call is, for whoever does it: its input is beside it. */
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

/** Anything that is heard. */
export type Message = ToCoordinators | ToWorkers | OfCall;

/** A message as JSON. */
export function messageText(message: ToCoordinators | ToWorkers | OfCallToTell): string {
  switch (message[0]) {
    case 'result':
      return `["result",${JSON.stringify(message[1])},${message[2]},${message[3].toFixed(3)},${JSON.stringify(message[4])}]`;
    case 'failure':
      return `["failure",${JSON.stringify(message[1])},${message[2]}]`;
    case 'progress': {
      const [, id, amount, text] = message;
      return `["progress",${JSON.stringify(id)},${amount}${text === undefined ? '' : `,${JSON.stringify(text)}`}]`;
    }
    case 'log':
      return `["log",${JSON.stringify(message[1])},${JSON.stringify(message[2])},${message[3]}]`;
    default:
      return JSON.stringify(message);
  }
}

/** Several as one. */
export function messagesText(texts: readonly string[]): string {
  return `[${texts.join(',')}]`;
}

/** A job as JSON: some calls with their inputs, one at least. */
export function jobText(
  job: Omit<JobBody, 'shared' | 'calls' | 'inputs'>,
  calls: readonly CallBody[],
  inputs: readonly ParcelText[],
): string {
  const [first] = calls as readonly [CallBody];
  const { id: _, ...shared } = first;
  const sent = calls.map((call): SentCall => {
    const otherwise = call === first ? undefined : otherwiseThan(shared, call);
    return otherwise === undefined ? [call.id] : [call.id, otherwise];
  });
  // Its last brace makes room.
  return `${JSON.stringify({ ...job, shared, calls: sent }).slice(0, -1)},"inputs":[${inputs.join(',')}]}`;
}

function otherwiseThan(
  shared: Omit<CallBody, 'id'>,
  call: CallBody,
): Readonly<Record<string, unknown>> | undefined {
  let otherwise: Record<string, unknown> | undefined;
  for (const [key, value] of Object.entries(call) as readonly [keyof CallBody, unknown][]) {
    if (key === 'id' || value === shared[key]) continue;
    otherwise ??= {};
    otherwise[key] = value ?? null;
  }
  return otherwise;
}

/** The calls of a job, each as it was. */
export function callsOf({ shared, calls }: JobBody): CallBody[] {
  return calls.map(([id, otherwise = {}]) => {
    const call: Record<string, unknown> = { ...shared, id };
    for (const [key, value] of Object.entries(otherwise)) call[key] = value ?? undefined;
    return call as unknown as CallBody;
  });
}

/** What was told; `undefined` where it is something else. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- whoever listens knows what is told there
export function read<Content>(text: string): Content | undefined {
  try {
    return JSON.parse(text) as Content;
  } catch {
    return undefined;
  }
}

/** The messages that were told as one. */
export function readAll(text: string): readonly Message[] {
  const content = read<unknown>(text);
  return Array.isArray(content)
    ? (content.filter((each) => Array.isArray(each)) as unknown as Message[])
    : [];
}
