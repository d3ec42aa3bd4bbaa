import type { Subscriber } from 'rxjs';
import type { EnterContext } from '../base/async-context.ts';
import type { ProgressAmount } from '../definition/step-context.ts';

import type { UsedBlob } from './blob-uses.ts';
import type { Written } from './parcel.ts';

/** What a call is made of. */
export interface RemoteRequest {
  readonly taskName: string;
  readonly input: unknown;
  readonly runId: string;
  readonly epoch: number;
  /** What tells its run from others of its name, where another process may go on with that. */
  readonly life: string | undefined;
  /** Settles when it may be sent, where it may not yet. */
  readonly mayBeSent: Promise<void> | undefined;
  readonly stepId: string | undefined;
  readonly attempt: number;
  readonly gracePeriod: number;
  readonly idempotencyKey: string;
  /** Texts that the run gives along. */
  readonly carrier?: Readonly<Record<string, string>> | undefined;
  readonly isolation: { readonly memory: number | undefined } | undefined;
  /** How many at most share a job where it was said that they are short; `undefined` where that is measured. */
  readonly batch: number | undefined;
  readonly onProgress: ((amount: ProgressAmount, message?: string) => void) | undefined;
  readonly onLog: ((message: string, data?: unknown) => void) | undefined;
  /** Hears which worker and thread have begun. */
  readonly onBegin: ((thread: string) => void) | undefined;
  /** Hears why nobody has begun. */
  readonly onWait: ((message: string) => void) | undefined;
}

/** A job on its way: one call, or several short ones of one task. */
export interface SentJob {
  readonly lane: string;
  readonly id: string;
  /** Those of its calls that aren't over, as far as this process waits for them. */
  readonly calls: Set<RemoteCall>;
  /** Whether it was sent by a process before this one, so that others may wait for calls in it. */
  readonly isAdopted: boolean;
  /** Since when it is known that somebody has taken it, who hasn't said so. */
  activeSince: number | undefined;
  /** Since when the queue doesn't know of it. */
  missedAt: number | undefined;
  /** Settles when it is there; never rejects. */
  sending: Promise<void> | undefined;
  /** It is just being taken back: whether that has been done. */
  takingBack: Promise<boolean> | undefined;
}

/** Where a call is, on its way to a worker. */
export interface Sent {
  /** What it is called there. */
  readonly id: string;
  readonly job: SentJob;
  /** Who has it; `undefined` while nobody has said so. */
  worker: string | undefined;
  /** What its input lies in, where that was too large. */
  readonly blob: UsedBlob | undefined;
}

/**
 * One call of a task, from its subscription to the end of its work.
 *
 * ```
 * waiting ──▶ sent ──▶ running ──▶ over        delivers an outcome
 *    │          │         │
 *    ▼          ▼         ▼
 *   over      stopping, until it was taken back, acknowledged or its worker's lease is out ──▶ over
 * ```
 *
 * 1. The outcome is delivered once, and not after `cancel`.
 * 2. `stopped()` ends when nobody works on it any more, as far as that can be known.
 */
export class RemoteCall {
  readonly request: RemoteRequest;
  readonly #subscriber: Subscriber<unknown>;
  readonly #enter: EnterContext;
  /** Its input. */
  input: Written | undefined;
  /** How often this process has sent it. */
  dispatches = 0;
  /** Tells what it was sent as from all that the same attempt was sent as before, by whatever process: it rises. */
  dispatchNumber = 0;
  /** What was sent before for the same step of the same run has been looked for. */
  hasLookedForEarlier = false;
  sent: Sent | undefined;
  /** Since when it waits for somebody to begin. */
  readonly since: number;
  #state: 'waiting' | 'running' | 'stopping' | 'over' = 'waiting';
  #resolveStopped: (() => void)[] = [];
  /** Ends its wait for a worker that has its task. */
  leaveWaiting: (() => void) | undefined;

  constructor(request: RemoteRequest, subscriber: Subscriber<unknown>, enter: EnterContext, since: number) {
    this.request = request;
    this.#subscriber = subscriber;
    this.#enter = enter;
    this.since = since;
  }

  get isWanted(): boolean {
    return this.#state === 'waiting' || this.#state === 'running';
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  get isStopping(): boolean {
    return this.#state === 'stopping';
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** Whether another process may go on with its run. */
  get isKept(): boolean {
    return this.request.life !== undefined;
  }

  get isHeard(): boolean {
    return this.request.onProgress !== undefined || this.request.onLog !== undefined;
  }

  /** A worker has begun, in the thread named. */
  began(thread: string): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'running';
    this.#enter(() => this.request.onBegin?.(thread));
  }

  waits(message: string): void {
    if (this.isWanted) this.#enter(() => this.request.onWait?.(message));
  }

  progress(amount: ProgressAmount, message: string | undefined): void {
    this.#tell(() => this.request.onProgress?.(amount, message));
  }

  log(message: string, data: unknown): void {
    this.#tell(() => this.request.onLog?.(message, data));
  }

  /** Nobody wants the outcome any more. */
  cancel(): void {
    if (this.isWanted) this.#state = 'stopping';
  }

  /** Says at once what it comes to, though a worker may be at it still. */
  refuse(error: unknown): void {
    this.#enter(() => {
      this.#subscriber.error(error);
    });
  }

  complete(output: unknown): void {
    if (!this.end()) return;
    this.#enter(() => {
      this.#subscriber.next(output);
      this.#subscriber.complete();
    });
  }

  fail(error: unknown): void {
    if (!this.end()) return;
    this.#enter(() => {
      this.#subscriber.error(error);
    });
  }

  /** Nobody works on it any more. Says whether there is an outcome to deliver. */
  end(): boolean {
    const { isWanted } = this;
    this.#state = 'over';
    this.leaveWaiting?.();
    this.leaveWaiting = undefined;
    const resolvers = this.#resolveStopped;
    this.#resolveStopped = [];
    for (const resolve of resolvers) resolve();
    return isWanted;
  }

  stopped(): Promise<void> | undefined {
    if (this.isOver || (this.#state === 'waiting' && this.sent === undefined)) return undefined;
    return new Promise((resolve) => {
      this.#resolveStopped.push(resolve);
    });
  }

  #tell(listener: () => void): void {
    if (this.#state !== 'running') return;
    try {
      this.#enter(listener);
    } catch (error) {
      // As where the work is done here: what the listener throws fails the call, whose task is stopped.
      this.refuse(error);
    }
  }
}
