import { CancellationToken } from '../base/cancellation.ts';
import { clockOf } from '../base/clock.ts';
import { messageOf } from '../base/inspect.ts';
import { ownOf } from '../base/record.ts';
import { RunningTask, type TaskHost } from '../task/running-task.ts';
import type { Tasks } from '../task/task-record.ts';
import { type FromWorker, fromWorker, toWorker } from '../wire/messages.ts';
import { refuseGone, type TransferItem } from '../wire/transfer.ts';
import { unclonablePart } from '../wire/unclonable-part.ts';
import { warn } from './node-worker.ts';
import type { CallHolder, PoolCall } from './pool-call.ts';
import { PoolClosedError } from './pool-closed-error.ts';
import { UnclonableValueError } from './unclonable-value-error.ts';
import { UnknownTaskError } from './unknown-task-error.ts';

interface Running {
  readonly task: RunningTask;
  stopGrace: (() => void) | undefined;
}

/**
 * Runs calls on the main thread, as a thread would: by the same {@link RunningTask}, on clones of what goes in and
 * out, with errors that go through the same codec.
 *
 * What can't be the same: a call never waits for a place, what a task does to its module's state is done here, and a
 * task that doesn't stop within its grace period can't be ended. It is let go of with a warning.
 */
export class InlineTasks implements CallHolder {
  readonly #tasks: Tasks;
  readonly #poolName: string;
  readonly #url: string;
  readonly #changed: () => void;
  readonly #running = new Map<PoolCall, Running>();
  #isClosed = false;
  #whenQuiet: (() => void)[] = [];

  constructor(tasks: Tasks, poolName: string, url: string, changed: () => void) {
    this.#tasks = tasks;
    this.#poolName = poolName;
    this.#url = url;
    this.#changed = changed;
  }

  /** How many calls run. */
  get size(): number {
    return this.#running.size;
  }

  /** Runs a call at once. */
  submit(call: PoolCall): void {
    const { taskName, input, transferList, attempt, stepId, carrier } = call.request;
    const work = ownOf(this.#tasks, taskName);
    const refusal = this.#isClosed
      ? new PoolClosedError(this.#poolName, taskName)
      : work === undefined
        ? new UnknownTaskError(taskName, Object.keys(this.#tasks), this.#url)
        : undefined;
    if (work === undefined || refusal !== undefined) {
      call.fail(refusal);
      return;
    }
    let own: unknown;
    try {
      own = cloneInput(taskName, input, transferList);
    } catch (error) {
      call.fail(error);
      return;
    }
    const task = new RunningTask(
      [toWorker.run, 0, taskName, undefined, attempt, stepId, call.isHeard, undefined, carrier],
      this.#hostOf(call),
    );
    this.#running.set(call, { task, stopGrace: undefined });
    this.#changed();
    call.started();
    task.start((context) => work(own as never, context));
  }

  abandon(call: PoolCall, reason: unknown): boolean {
    const running = this.#running.get(call);
    if (running === undefined) return false;
    running.task.stop(reason);
    if (!this.#running.has(call)) return false;
    const { gracePeriod, taskName } = call.request;
    running.stopGrace = clockOf(undefined).after(gracePeriod, () => {
      warn(
        new Error(
          `the inline task '${taskName}' hasn't stopped within its grace period; it can't be ended, so the pool '${this.#poolName}' lets go of it`,
        ),
      );
      this.#over(call);
      call.settle([fromWorker.stopped, 0]);
    });
    return true;
  }

  /** Takes no further calls, lets those that run finish or stops them, and ends when none is left. */
  close(drain: boolean): Promise<void> {
    this.#isClosed = true;
    if (!drain) {
      for (const call of this.#running.keys())
        call.interrupt(new PoolClosedError(this.#poolName, call.request.taskName));
    }
    return new Promise((resolve) => {
      this.#whenQuiet.push(resolve);
      this.#tellWhenQuiet();
    });
  }

  #hostOf(call: PoolCall): TaskHost {
    return {
      post: (message, list) => {
        deliver(call, clone(message, list));
        const isProgress = message[0] === fromWorker.progress;
        if (isProgress || message[0] === fromWorker.log) {
          this.#running.get(call)?.task.heard(isProgress ? 1 : 0, isProgress ? 0 : 1);
        }
      },
      // What the main side says is heard at once.
      receive: () => undefined,
      token: () => new CancellationToken(),
      over: () => {
        this.#over(call);
      },
    };
  }

  #over(call: PoolCall): void {
    this.#running.get(call)?.stopGrace?.();
    this.#running.delete(call);
    this.#changed();
    this.#tellWhenQuiet();
  }

  #tellWhenQuiet(): void {
    if (this.#running.size > 0) return;
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
