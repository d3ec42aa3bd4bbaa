import type { Subscriber } from 'rxjs';
import { EmptyStepError } from '../base/empty-step-error.ts';
import { CancelledError } from '../base/errors.ts';
import { markNotRetriable } from '../base/not-retriable.ts';
import type { ProgressAmount } from '../definition/step-context.ts';
import { decodeThrown } from '../worker/error-codec.ts';
import type { TransferItem } from '../worker/transfer.ts';
import { type FinalMessage, fromWorker } from '../worker/wire.ts';
import { QueueEntry } from './call-queue.ts';
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
  /** Hears that a thread has taken the call. */
  readonly onBegin: (() => void) | undefined;
}

/** Where a call is taken back from: the queue, or the thread that runs it. */
export interface CallHolder {
  /** Gives a call up, at once where it is queued; the thread that runs it settles it later. */
  abandon(call: PoolCall, reason: unknown): void;
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
 */
export class PoolCall extends QueueEntry {
  readonly request: CallRequest;
  readonly #subscriber: Subscriber<unknown>;
  readonly #holder: CallHolder;
  #state: 'waiting' | 'running' | 'stopping' | 'over' = 'waiting';
  #isMoved = false;
  #resolveStopped: (() => void)[] | undefined;

  constructor(request: CallRequest, subscriber: Subscriber<unknown>, holder: CallHolder) {
    super();
    this.request = request;
    this.#subscriber = subscriber;
    this.#holder = holder;
  }

  /** Whether someone still waits for the outcome. */
  get isWanted(): boolean {
    return this.#state === 'waiting' || this.#state === 'running';
  }

  /** Whether the input was moved to a thread, so that the call can't be sent to another. */
  get isMoved(): boolean {
    return this.#isMoved;
  }

  /** Whether progress and logs are of use. */
  get isHeard(): boolean {
    return this.request.onProgress !== undefined || this.request.onLog !== undefined;
  }

  /** A thread has taken the call. */
  started(): void {
    this.#state = 'running';
    this.#isMoved = this.request.transferList !== undefined && this.request.transferList.length > 0;
    this.request.onBegin?.();
  }

  /** The thread died before it began: the call waits again. */
  returned(): void {
    this.#state = 'waiting';
  }

  /** Nobody wants the outcome any more. */
  cancel(reason: unknown): void {
    if (!this.isWanted) return;
    this.#state = this.#state === 'running' ? 'stopping' : 'over';
    this.#holder.abandon(this, reason);
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

  /** The task is over, and this was its last message. */
  settle(message: FinalMessage): void {
    const { taskName, stepId } = this.request;
    switch (message[0]) {
      case fromWorker.result:
        if (this.#end()) {
          this.#subscriber.next(message[2]);
          this.#subscriber.complete();
        }
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
    if (this.#end()) this.#subscriber.error(this.#isMoved ? markNotRetriable(error) : error);
  }

  /** Fails a call that may be running: its task is stopped as by `cancel`. */
  interrupt(error: unknown): void {
    if (this.isWanted) this.#subscriber.error(error);
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
      listener();
    } catch (error) {
      // As where the work is done here: what the listener throws fails the call.
      this.interrupt(error);
    }
  }
}
