// Long because a call that is under way has one state, which its work, its caller and its thread change.
import type { ObservableInput } from 'rxjs';
import type { CancellationToken } from '../base/cancellation.ts';
import { monotonicNow } from '../base/clock.ts';
import { MissingOverflowError } from '../channel/stream-errors.ts';
import { encodeThrown } from '../wire/error-codec.ts';
import { type FinalMessage, type FromWorker, fromWorker, type RunMessage } from '../wire/messages.ts';
import type { StreamTerms } from '../wire/stream-terms.ts';
import { isTransferred, refuseGone, type TransferItem } from '../wire/transfer.ts';
import { contextOf } from './context-of.ts';
import { followIterator } from './iterator-work.ts';
import { followObservable } from './observable-work.ts';
import { openOutlet } from './open-outlet.ts';
import { isObservable, isPromiseLike } from './returned-kinds.ts';
import type { StreamOutlet } from './stream-outlet.ts';
import type { TaskContext } from './task-context.ts';
import { TaskVoice } from './task-voice.ts';
import { unclonableOutput } from './unclonable-output.ts';
import type { WorkSink } from './work-sink.ts';

/** What a running task needs of its thread. */
export interface TaskHost {
  /** Sends a message to the main side. */
  post(message: FromWorker, list?: readonly TransferItem[]): void;
  /** Handles the messages that have arrived. */
  receive(): void;
  /** Makes the token of a task. */
  token(uid: number): CancellationToken;
  /** Hears that the task is over, before its last message is sent. */
  over(task: RunningTask): void;
}

/**
 * One call of a task, from its start to its one final message.
 *
 * 1. Exactly one final message is sent, whatever the task does.
 * 2. Once stopped, it is `stopped` and never a result or a failure, and only after the task's work has ended: a
 *    Promise has settled, an Observable is unsubscribed, an iterator has returned.
 * 3. The work itself may ask for the stop (a token that is checked fetches the message), so every wait looks at
 *    `#isStopping` once it is set up.
 */
export class RunningTask {
  readonly uid: number;
  readonly context: TaskContext;
  readonly #host: TaskHost;
  readonly #voice: TaskVoice;
  /** Where values go one by one; absent where only the output counts. */
  readonly #outlet: StreamOutlet | undefined;
  readonly #stream: StreamTerms | undefined;
  /** What is said instead of `stopped`, as the task was stopped from here. */
  #refusal: FinalMessage | undefined;
  #token: CancellationToken | undefined;
  #startedAt = 0;
  #isStopping = false;
  #isOver = false;
  /** How to end the work that is waited for; absent where that can only be awaited. */
  #stopWork: (() => void) | undefined;

  constructor(
    [, uid, taskName, , attempt, stepId, isHeard, stream, carrier = nothing]: RunMessage,
    host: TaskHost,
  ) {
    this.uid = uid;
    this.#host = host;
    this.#voice = new TaskVoice(uid, isHeard, host);
    this.#stream = stream;
    this.#outlet =
      stream &&
      openOutlet([uid, taskName, stream], host, (message) => {
        this.#refuse(message);
      });
    this.context = contextOf({ taskName, stepId, attempt, carrier }, this.#voice, () => this.#ownToken());
  }

  /** Calls the task and follows what it returns to its end. */
  start(work: (context: TaskContext) => unknown): void {
    this.#startedAt = monotonicNow();
    this.#go(work);
  }

  /** Tells the task to stop. */
  stop(reason: unknown): void {
    if (this.#isOver || this.#isStopping) return;
    this.#isStopping = true;
    this.#voice.silence();
    this.#ownToken().cancel(reason);
    this.#outlet?.close();
    this.#stopWork?.();
  }

  /** Lets further values leave. */
  grant(credit: number): void {
    this.#outlet?.grant(credit);
  }

  /** Hears that so much progress and so many lines were heard. */
  heard(progress: number, lines: number): void {
    this.#voice.heard(progress, lines);
  }

  /** Stops the task from here. */
  #refuse(message: FinalMessage): void {
    this.#refusal ??= message;
    this.stop(undefined);
  }

  #go(work: (context: TaskContext) => unknown): void {
    try {
      this.#follow(work(this.context));
    } catch (error) {
      this.#fail(error);
    }
  }

  #ownToken(): CancellationToken {
    this.#token ??= this.#host.token(this.uid);
    return this.#token;
  }

  #follow(returned: unknown): void {
    if ((typeof returned !== 'object' && typeof returned !== 'function') || returned === null)
      this.#succeed(returned);
    else if (isPromiseLike(returned)) this.#followPromise(returned);
    else if (isObservable(returned)) this.#followObservable(returned);
    else if (Symbol.asyncIterator in returned)
      void followIterator((returned as AsyncIterable<unknown>)[Symbol.asyncIterator](), this.#sink());
    else this.#succeed(returned);
  }

  #followPromise(promise: PromiseLike<unknown>): void {
    promise.then(
      (value) => {
        if (this.#isStopping) this.#settle([fromWorker.stopped, this.uid]);
        else this.#go(() => value);
      },
      (error: unknown) => {
        this.#fail(error);
      },
    );
  }

  #followObservable(returned: ObservableInput<unknown>): void {
    if (this.#stream !== undefined && this.#stream[1] === undefined) {
      this.#fail(new MissingOverflowError({ producer: this.context.taskName, consumer: undefined }));
      return;
    }
    followObservable(returned, this.#sink()).catch((error: unknown) => {
      this.#fail(error);
    });
  }

  /** Where the values of work that may give several go: to the main side one by one, or only the last as the output. */
  #sink(): WorkSink {
    const isStopping = (): boolean => this.#isStopping;
    const outlet = this.#outlet;
    let last: unknown;
    let isEmpty = true;
    const took = (value: unknown): void => {
      if (outlet === undefined) last = value;
      isEmpty = false;
      this.#lookForStop();
    };
    return {
      get isStopping() {
        return isStopping();
      },
      stopBy: (stop) => {
        this.#stopWork = stop;
        if (this.#isStopping) stop();
      },
      room: () => outlet?.ready(),
      pulled: (value) => {
        outlet?.send(value);
        took(value);
      },
      pushed: (value) => {
        outlet?.push(value);
        took(value);
      },
      ended: () => {
        if (outlet !== undefined) this.#endStream(outlet);
        else if (isEmpty) this.#settle([fromWorker.empty, this.uid]);
        else this.#succeed(last);
      },
      failed: (error) => {
        this.#fail(error);
      },
      stopped: () => {
        this.#settle([fromWorker.stopped, this.uid]);
      },
    };
  }

  /** Fetches a cancel that has been sent: work that never waits leaves the event loop no room to deliver it. */
  #lookForStop(): void {
    if (this.#ownToken().isCancelled) this.stop(this.#token?.reason);
  }

  #endStream(outlet: StreamOutlet): void {
    this.#afterValues(outlet, () => {
      this.#settle([fromWorker.result, this.uid, undefined, monotonicNow() - this.#startedAt]);
    });
  }

  /** Settles once every value has left; until then there is nothing but waiting values to stop. */
  #afterValues(outlet: StreamOutlet, settle: () => void): void {
    if (this.#isStopping) {
      settle();
      return;
    }
    this.#stopWork = settle;
    outlet.end(settle);
  }

  #succeed(output: unknown): void {
    if (this.#outlet !== undefined) {
      this.#outlet.push(output);
      this.#endStream(this.#outlet);
      return;
    }
    const duration = monotonicNow() - this.#startedAt;
    if (!isTransferred(output)) this.#settle([fromWorker.result, this.uid, output, duration]);
    else this.#settle([fromWorker.result, this.uid, output.value, duration], output.list);
  }

  #fail(error: unknown): void {
    const fail = (): void => {
      this.#settle([fromWorker.failure, this.uid, encodeThrown(error)]);
    };
    if (this.#outlet === undefined) fail();
    else this.#afterValues(this.#outlet, fail);
  }

  #settle(message: FinalMessage, list?: readonly TransferItem[]): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#voice.end();
    this.#stopWork = undefined;
    this.#host.over(this);
    const { uid } = this;
    if (this.#isStopping) {
      this.#host.post(this.#refusal ?? [fromWorker.stopped, uid]);
      return;
    }
    try {
      refuseGone(list);
      this.#host.post(message, list);
    } catch (error) {
      this.#host.post(unclonableOutput(uid, message[2], list, error));
    }
  }
}

const nothing: TaskContext['carrier'] = Object.freeze({});
