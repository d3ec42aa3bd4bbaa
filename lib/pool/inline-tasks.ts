import { CancellationToken } from '../base/cancellation.ts';
import { clockOf } from '../base/clock.ts';
import { messageOf } from '../base/inspect.ts';
import { LinkedList, ListNode } from '../base/linked-list.ts';
import { ownOf } from '../base/record.ts';
import { RunningTask, type TaskHost } from '../task/running-task.ts';
import type { Task, Tasks } from '../task/task-record.ts';
import { type FromWorker, fromWorker, type RunMessage, toWorker } from '../wire/messages.ts';
import { refuseGone, type TransferItem } from '../wire/transfer.ts';
import { unclonablePart } from '../wire/unclonable-part.ts';
import { CallQueue } from './call-queue.ts';
import { warn } from './node-worker.ts';
import type { CallHolder, PoolCall } from './pool-call.ts';
import { PoolClosedError } from './pool-closed-error.ts';
import { UnclonableValueError } from './unclonable-value-error.ts';
import { UnknownTaskError } from './unknown-task-error.ts';

/** What inline tasks are of, and how they are run. */
export interface InlineTerms {
  readonly tasks: Tasks;
  readonly poolName: string;
  readonly url: string;
  /** How many at once; the others wait. */
  readonly most: number;
  /** Whether nobody else has what goes in, or goes on with what comes out, so that neither needs to be cloned. */
  readonly areValuesOwn: boolean;
}

/** A call that runs. */
class Running extends ListNode {
  readonly call: PoolCall;
  readonly task: RunningTask;
  stopGrace: (() => void) | undefined;

  constructor(call: PoolCall, message: RunMessage, hostOf: (running: Running) => TaskHost) {
    super();
    this.call = call;
    this.task = new RunningTask(message, hostOf(this));
  }
}

/**
 * Runs calls on the main thread, as a thread would: by the same {@link RunningTask}, on clones of what goes in and
 * out, with errors that go through the same codec.
 *
 * What can't be the same: what a task does to its module's state is done here, and a task that doesn't stop within its grace
 * period can't be ended. It is let go of with a warning.
 */
export class InlineTasks implements CallHolder {
  readonly #terms: InlineTerms;
  readonly #changed: () => void;
  readonly #queue = new CallQueue<PoolCall>();
  readonly #running = new LinkedList<Running>();
  #isStarting = false;
  #isClosed = false;
  #whenQuiet: (() => void)[] = [];

  constructor(terms: InlineTerms, changed: () => void) {
    this.#terms = terms;
    this.#changed = changed;
  }

  /** How many calls run. */
  get size(): number {
    return this.#running.size;
  }

  /** Runs a call at once, if there is a place. */
  submit(call: PoolCall): void {
    const { taskName } = call.request;
    const { tasks, url } = this.#terms;
    if (this.#isClosed) call.fail(this.#closedError(call));
    else if (ownOf(tasks, taskName) === undefined)
      call.fail(new UnknownTaskError(taskName, Object.keys(tasks), url));
    else if (this.#running.size < this.#terms.most) this.#start(call);
    else this.#queue.push(call);
  }

  /** Starts what waits, as far as there are places. One that is over at once makes room for the next. */
  #startNext(): void {
    if (this.#isStarting) return;
    this.#isStarting = true;
    try {
      while (this.#queue.size > 0 && this.#running.size < this.#terms.most)
        this.#start(this.#queue.shift() as PoolCall);
    } finally {
      this.#isStarting = false;
    }
  }

  #start(call: PoolCall): void {
    const { taskName, input, transferList, attempt, stepId, carrier } = call.request;
    const work = ownOf(this.#terms.tasks, taskName) as Task;
    let own: unknown;
    try {
      own = this.#terms.areValuesOwn ? input : cloneInput(taskName, input, transferList);
    } catch (error) {
      call.fail(error);
      return;
    }
    const running = new Running(
      call,
      [toWorker.run, 0, taskName, undefined, attempt, stepId, call.isHeard, undefined, carrier],
      (each) => this.#hostOf(each),
    );
    this.#running.push(running);
    this.#changed();
    call.started();
    running.task.start((context) => work(own as never, context));
  }

  abandon(call: PoolCall, reason: unknown): boolean {
    this.#queue.remove(call);
    const running = this.#all().find((each) => each.call === call);
    if (running === undefined) return false;
    running.task.stop(reason);
    if (!running.isListed) return false;
    const { gracePeriod, taskName } = call.request;
    running.stopGrace = clockOf(undefined).after(gracePeriod, () => {
      warn(
        new Error(
          `the inline task '${taskName}' hasn't stopped within its grace period; it can't be ended, so the pool '${this.#terms.poolName}' lets go of it`,
        ),
      );
      this.#over(running);
      call.settle([fromWorker.stopped, 0]);
    });
    return true;
  }

  /** Takes no further calls, lets those that run finish or stops them, and ends when none is left. */
  close(drain: boolean): Promise<void> {
    this.#isClosed = true;
    if (!drain) {
      for (const call of this.#queue.drain()) call.fail(this.#closedError(call));
      for (const { call } of this.#all()) call.interrupt(this.#closedError(call));
    }
    return new Promise((resolve) => {
      this.#whenQuiet.push(resolve);
      this.#tellWhenQuiet();
    });
  }

  #hostOf(running: Running): TaskHost {
    const { call } = running;
    return {
      post: (message, list) => {
        const isResult = message[0] === fromWorker.result;
        deliver(call, isResult && this.#terms.areValuesOwn ? message : clone(message, list));
        const isProgress = message[0] === fromWorker.progress;
        if (isProgress || message[0] === fromWorker.log) {
          running.task.heard(isProgress ? 1 : 0, isProgress ? 0 : 1);
        }
      },
      // What the main side says is heard at once.
      receive: () => undefined,
      token: () => new CancellationToken(),
      over: () => {
        this.#over(running);
      },
    };
  }

  #all(): Running[] {
    const all: Running[] = [];
    for (let each = this.#running.first; each !== undefined; each = each.next as Running | undefined)
      all.push(each);
    return all;
  }

  #over(running: Running): void {
    running.stopGrace?.();
    if (!running.isListed) return;
    this.#running.remove(running);
    this.#changed();
    this.#startNext();
    this.#tellWhenQuiet();
  }

  #closedError(call: PoolCall): PoolClosedError {
    return new PoolClosedError(this.#terms.poolName, call.request.taskName);
  }

  #tellWhenQuiet(): void {
    if (this.#running.size + this.#queue.size > 0) return;
    const waiting = this.#whenQuiet;
    this.#whenQuiet = [];
    for (const resolve of waiting) resolve();
  }
}

function deliver(call: PoolCall, message: FromWorker): void {
  switch (message[0]) {
    case fromWorker.progress:
      call.progress(message[2], message[3]);
      return;
    case fromWorker.log:
      call.log(message[2], message[3]);
      return;
    case fromWorker.values:
      // Calls that are streamed don't run here.
      return;
    default:
      call.settle(message);
  }
}

function cloneInput(
  taskName: string,
  input: unknown,
  transferList: readonly TransferItem[] | undefined,
): unknown {
  try {
    refuseGone(transferList);
    return clone(input, transferList);
  } catch (error) {
    const { path, what } = unclonablePart(input, 'input', transferList);
    throw new UnclonableValueError(taskName, path, `${what} (${messageOf(error)})`, { cause: error });
  }
}

/** What would arrive in another thread. */
function clone<Value>(value: Value, list: readonly TransferItem[] | undefined): Value {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return value;
  return structuredClone(value, list === undefined ? undefined : { transfer: list as ArrayBuffer[] });
}
