/**
 * Who holds a run, and whether it lives.
 *
 * 1. Whom this process itself holds for lives, however long its event loop has been busy.
 * 2. A process of this machine is dead when there is none of its number, or one that was started at another time: numbers come again. It is
 *    taken for dead too when it has given no sign for long: it may be stopped for ever.
 * 3. Of any other (another machine, another container, another thread of this process) nothing is known but its signs of life. Clocks of
 *    other machines are not believed: only whether signs come, watched for as long as it takes on one's own clock.
 */
import { inspectValue } from '../base/inspect.ts';

/** A process, or a thread of one, that holds a run. */
export interface Owner extends Identity {
  /** Tells it from every other, also from those of the same process. */
  readonly nonce: string;
  /** Since when it holds the run, in ms of epoch time by its own clock. */
  readonly since: number;
}

/** What a process knows of itself. */
export interface Identity {
  readonly host: string;
  /** Another one after each start of the machine; empty where the system doesn't tell. */
  readonly boot: string;
  /** Within what numbers of processes mean the same; empty where that is the whole machine. */
  readonly space: string;
  readonly pid: number;
  /** When the process was started, in whatever unit; empty where the system doesn't tell. */
  readonly start: string;
  readonly thread: number;
}

/** A sign of life. */
export interface Beat {
  /** How many there were. */
  readonly count: number;
  /** When, by the machine's own clock, which only its own processes understand. */
  readonly machineMs: number;
  /** When, in ms of epoch time. */
  readonly wallMs: number;
}

/** What a process knows, can find out, and can wait for. */
export interface Machine {
  readonly self: Identity;
  /** The nonces of what this process, or this thread of it, holds. */
  readonly held: Set<string>;
  machineMs(): number;
  wallMs(): number;
  /** When the process of that number was started, empty where that can't be known; `undefined` where there is none. */
  startOf(pid: number): string | undefined;
  /** Calls `work` every so many ms, without keeping the process alive for it. The returned function ends that. */
  every(ms: number, work: () => void): () => void;
  /** Settles after so many ms. */
  pause(ms: number): Promise<void>;
}

/** `silentMs` is how long it has been silent already, as far as is known. */
export type Verdict =
  | { readonly is: 'dead' }
  | { readonly is: 'live' }
  | { readonly is: 'unknown'; readonly silentMs: number };

const dead: Verdict = { is: 'dead' };
const live: Verdict = { is: 'live' };

/** Whether an owner lives. What can't be known at once has to be watched. */
export function judge(owner: Owner, beat: Beat | undefined, machine: Machine, staleMs: number): Verdict {
  if (machine.held.has(owner.nonce)) return live;
  const { self } = machine;
  const isSameMachine = owner.boot === self.boot && (self.boot !== '' || owner.host === self.host);
  if (!isSameMachine || owner.space !== self.space) return { is: 'unknown', silentMs: 0 };
  const start = machine.startOf(owner.pid);
  if (start === undefined || (start !== '' && owner.start !== '' && start !== owner.start)) return dead;
  const silentMs = beat === undefined ? 0 : machine.machineMs() - beat.machineMs;
  // Where starts of the machine can't be told apart, its clock may have begun anew.
  if (silentMs >= staleMs || silentMs < 0) return dead;
  return owner.pid === self.pid ? { is: 'unknown', silentMs } : live;
}

/** Who it is, for messages. */
export function wordsOf(owner: Owner, self: Identity): string {
  const who =
    owner.pid === self.pid && owner.boot === self.boot && owner.space === self.space
      ? `this process (${String(owner.pid)})`
      : `process ${String(owner.pid)}`;
  // eslint-disable-next-line no-restricted-syntax -- nobody is asked what time it is
  return `${who} on host ${inspectValue(owner.host)} since ${new Date(owner.since).toISOString()}`;
}

/** What it says of itself, if it is whole. */
export function parseOwner(text: string): Owner | undefined {
  try {
    const { nonce, since, host, boot, space, pid, start, thread } = JSON.parse(text) as Owner;
    const texts = [nonce, host, boot, space, start];
    const numbers = [since, pid, thread];
    if (texts.every((field) => typeof field === 'string') && numbers.every(Number.isFinite))
      return { nonce, since, host, boot, space, pid, start, thread };
  } catch {
    // Then it isn't.
  }
  return undefined;
}
