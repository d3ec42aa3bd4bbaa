import type { Subscriber } from 'rxjs';
import type { EnterContext } from '../base/async-context.ts';
import { EmptyStepError } from '../base/empty-step-error.ts';
import { CancelledError } from '../base/errors.ts';
import { markNotRetriable } from '../base/not-retriable.ts';
import type { ProgressAmount } from '../definition/step-context.ts';
import { decodeThrown } from '../wire/error-codec.ts';
import { type FinalMessage, fromWorker } from '../wire/messages.ts';
import type { StreamTerms } from '../wire/stream-terms.ts';
import type { TransferItem } from '../wire/transfer.ts';
import { QueueEntry } from './call-queue.ts';
import type { TaskTimes } from './task-times.ts';
import { UnclonableValueError } from './unclonable-value-error.ts';

/** What a call is made of. */
export interface CallRequest {
  readonly taskName: string;
  readonly input: unknown;
  readonly transferList: readonly TransferItem[] | undefined;
  readonly attempt: number;
  readonly stepId: string | undefined;
  readonly gracePeriod: number;
  readonly onProgress: ((amount: ProgressAmount, message?: string) => void) | undefined;
  readonly onLog: ((message: string, data?: unknown) => void) | undefined;
  /** Hears that a thread has taken the call, and which; none where it runs here. */
  readonly onBegin: ((thread: string | undefined) => void) | undefined;
  /** Texts that the run gives along. */
  readonly carrier?: Readonly<Record<string, string>> | undefined;
  /** Whose turn it waits for; `undefined` outside of runs. */
  readonly group: object | undefined;
  /** Whether it wants a thread of its own, and what the heap of that may hold, in bytes. */
  readonly isolation: { readonly memory: number | undefined } | undefined;
  /** How its values come one by one; absent where only the output counts. */
  readonly stream?: StreamTerms | undefined;
  /** Where it is written down how long the task took. */
  readonly times: TaskTimes;
}

/** Where a call is taken back from: the queue, or the thread that runs it. */
export interface CallHolder {
  /** Gives a call up. Says whether a thread works on it still, which then settles it later. */
  abandon(call: PoolCall, reason: unknown): boolean;
}

/**
 * One call of a task, from its subscription to the end of its work.
 *
 * ```
 * waiting ──▶ running ──▶ over        delivers an outcome
 *    │           │
 *    ▼           ▼
 *   over      stopping ──▶ over       nobody listens any more
 * ```
 *
 * 1. The outcome is delivered once, and not after `cancel`.
 * 2. `stopped()` ends when no thread works on the call any more.
 * 3. Whoever listens hears everything in the async context of the subscription: a thread that calls share answers in that
 *    of whoever first started it.
 */
export class PoolCall extends QueueEntry {
  readonly request: CallRequest;
  readonly #subscriber: Subscriber<unknown>;
  readonly #enter: EnterContext;
  readonly #holder: CallHolder;
  #state: 'waiting' | 'running' | 'stopping' | 'over' = 'waiting';
  #isMoved = false;
  #grant: ((credit: number) => void) | undefined;
  /** Whether it may be what a thread has died of before it began, so that no other call is sent along with it. */
  isSuspect = false;
  #resolveStopped: (() => void)[] | undefined;

  /** @param enter - enters the context of the subscription */
  constructor(
    request: CallRequest,
    subscriber: Subscriber<unknown>,
    holder: CallHolder,
    enter: EnterContext,
  ) {
    super(request.group);
    this.#enter = enter;
    this.request = request;
    this.#subscriber = subscriber;
    this.#holder = holder;
  }

  /** Whether someone still waits for the outcome. */
  get isWanted(): boolean {
    return this.#state === 'waiting' || this.#state === 'running';
  }

  /** Whether it may be sent to a thread that still works on another: it can be taken back. */
  get mayBeSentAhead(): boolean {
    const { transferList } = this.request;
    return transferList === undefined || transferList.length === 0;
  }

  /** How long a thread is likely to work on it, in ms; Infinity where that isn't known. */
  get likelyMs(): number {
    const { stream, taskName, times } = this.request;
    return this.isSuspect || stream !== undefined ? Number.POSITIVE_INFINITY : times.meanOf(taskName);
  }

  /** Whether the input was moved to a thread, so that the call can't be sent to another. */
  get isMoved(): boolean {
    return this.#isMoved;
  }

  /** Whether progress and logs are of use. */
  get isHeard(): boolean {
    return this.request.onProgress !== undefined || this.request.onLog !== undefined;
  }

  /** It is the turn of the thread named to work on the call; `grant` lets the task send so many further values. */
  started(thread?: string, grant?: (credit: number) => void): void {
    this.#state = 'running';
    this.#grant = grant;
    this.#isMoved = this.request.transferList !== undefined && this.request.transferList.length > 0;
    const { onBegin } = this.request;
    if (onBegin === undefined) return;
    this.#enter(() => {
      onBegin(thread);
    });
  }

  /** The thread died before it began: the call waits again. */
  returned(): void {
    this.#state = 'waiting';
  }

  /** Nobody wants the outcome any more. */
  cancel(reason: unknown): void {
    if (!this.isWanted) return;
    this.#state = 'stopping';
    if (!this.#holder.abandon(this, reason)) this.#end();
  }

  /** Ends when no thread works on the call; `undefined` where none does. */
  stopped(): Promise<void> | undefined {
    if (this.#state !== 'running' && this.#state !== 'stopping') return undefined;
    return new Promise((resolve) => {
      this.#resolveStopped ??= [];
      this.#resolveStopped.push(resolve);
    });
  }

  progress(amount: unknown, message: string | undefined): void {
    this.#tell(() => this.request.onProgress?.(amount as ProgressAmount, message));
  }

  log(message: string, data: unknown): void {
    this.#tell(() => this.request.onLog?.(message, data));
  }

  /** Lets the task send so many further values. */
  grant(credit: number): void {
    if (this.#state === 'running') this.#grant?.(credit);
  }

  /** Some values of a streamed call. */
  values(values: readonly unknown[]): void {
    this.#enter(() => {
      for (const value of values) if (this.isWanted) this.#subscriber.next(value);
    });
  }

  /** The task is over, and this was its last message. */
  settle(message: FinalMessage): void {
    const { taskName, stepId } = this.request;
    switch (message[0]) {
      case fromWorker.result:
        this.request.times.add(taskName, message[3]);
        if (!this.#end()) return;
        this.#enter(() => {
          if (this.request.stream === undefined) this.#subscriber.next(message[2]);
          this.#subscriber.complete();
        });
        return;
      case fromWorker.failure:
        this.fail(decodeThrown(message[2]));
        return;
      case fromWorker.empty:
        this.fail(new EmptyStepError(stepId ?? taskName));
        return;
      case fromWorker.unclonable:
        this.fail(new UnclonableValueError(taskName, message[2], message[3]));
        return;
      case fromWorker.stopped:
        // Nobody here asked for it: the task has cancelled its own token.
        this.fail(new CancelledError(undefined, `the task '${taskName}'`));
    }
  }

  /** The call is over without an output. */
  fail(error: unknown): void {
    if (this.#end()) this.#error(this.#isMoved ? markNotRetriable(error) : error);
  }

  /** Fails a call that may be running: its task is stopped as by `cancel`. */
  interrupt(error: unknown): void {
    if (this.isWanted) this.#error(error);
  }

  #error(error: unknown): void {
    this.#enter(() => {
      this.#subscriber.error(error);
    });
  }

  /** Whether there is an outcome to deliver. */
  #end(): boolean {
    const { isWanted } = this;
    this.#state = 'over';
    const resolvers = this.#resolveStopped;
    this.#resolveStopped = undefined;
    if (resolvers !== undefined) for (const resolve of resolvers) resolve();
    return isWanted;
  }

  #tell(listener: () => void): void {
    if (this.#state !== 'running') return;
    try {
      this.#enter(listener);
    } catch (error) {
      // As where the work is done here: what the listener throws fails the call.
      this.interrupt(error);
    }
  }
}
