import { messageOf } from '../base/inspect.ts';
import { encodeThrown } from '../worker/error-codec.ts';
import { refuseGone } from '../worker/transfer.ts';
import { unclonablePart } from '../worker/unclonable-part.ts';
import { type FromWorker, fromWorker, type ToWorker, toWorker } from '../worker/wire.ts';
import { createChannel, type NodeWorker, receiveNow, startWorker, type ThreadPort } from './node-worker.ts';
import type { PoolCall } from './pool-call.ts';
import type { PoolSettings } from './pool-options.ts';
import { loadThreads, shakeHands } from './shake-hands.ts';
import { ThreadControl } from './thread-control.ts';
import { UnclonableValueError } from './unclonable-value-error.ts';
import { isOutOfMemory, WorkerCrashedError } from './worker-crashed-error.ts';

/** Who decides what a thread does next. */
export interface ThreadOwner {
  /** The thread takes calls from now on. */
  ready(thread: Thread): void;
  /** The thread's call is over, and it takes the next. */
  free(thread: Thread): void;
  /** The thread has ended. A call that it hadn't begun is given back. */
  gone(thread: Thread, unbegun: PoolCall | undefined): void;
}

/**
 * One worker thread: its start, the call that it runs, and its end.
 *
 * 1. It runs one call at a time.
 * 2. Its owner hears `gone` exactly once, after the thread has really ended, however it did.
 * 3. It keeps the process alive only while it starts or has a call.
 * 4. Messages that were sent before the thread ended, or before the grace period was over, still count.
 */
export class Thread {
  readonly #settings: PoolSettings;
  readonly #owner: ThreadOwner;
  readonly #control = new ThreadControl();
  readonly #port: ThreadPort;
  readonly #far: ThreadPort;
  #worker: NodeWorker | undefined;
  #state: 'starting' | 'alive' | 'dying' | 'gone' = 'starting';
  #call: PoolCall | undefined;
  #uid = 0;
  #isHeld = true;
  #stopGrace: (() => void) | undefined;
  /** Why a message from the thread couldn't be read, in a list so that any reason counts. */
  #unread: readonly [reason: unknown] | undefined;

  /** The names of the tasks; none before the thread is ready. */
  names: ReadonlySet<string> = new Set();
  /** When it last became free, in ms; kept by its owner. */
  idleSince = 0;
  /** Whether it has ever taken calls. */
  wasReady = false;
  /** Whether it was ended on purpose. */
  wasKilled = false;
  /** Why it died, where something said so. */
  fault: unknown;
  /** Its exit code, once it is gone. */
  exitCode: number | undefined;

  constructor(settings: PoolSettings, owner: ThreadOwner) {
    this.#settings = settings;
    this.#owner = owner;
    const { near, far } = createChannel(
      (message) => {
        this.#receive(message);
      },
      (error) => {
        this.#failToRead(error);
      },
    );
    this.#port = near;
    this.#far = far;
  }

  get call(): PoolCall | undefined {
    return this.#call;
  }

  /** Whether it has ever begun a task, or tried to. */
  get hasWorked(): boolean {
    return this.#control.hasBegunAny || this.#wasTooMuch;
  }

  /** Starts the thread. Never rejects: a failure is told as `gone`. */
  async start(): Promise<void> {
    const { url, name, resourceLimits, startTimeout } = this.#settings;
    try {
      const library = await loadThreads();
      if (!this.#isStarting()) {
        this.#ended(undefined);
        return;
      }
      this.#worker = startWorker(url, name, resourceLimits);
      this.#worker.on('error', (error) => {
        this.fault ??= error;
      });
      this.#worker.on('exit', (code) => {
        this.#ended(code);
      });
      this.names = await shakeHands(library, this.#worker, this.#far, this.#control.words, startTimeout);
    } catch (error) {
      if (this.#worker === undefined) {
        this.fault = error;
        this.#ended(undefined);
      } else this.#die(error);
      return;
    }
    if (!this.#isStarting()) return;
    this.#state = 'alive';
    this.wasReady = true;
    this.#owner.ready(this);
  }

  /** Sends a call to the thread. Where it can't be, the error; the thread is free still. */
  run(call: PoolCall): UnclonableValueError | undefined {
    const { taskName, input, attempt, stepId, transferList } = call.request;
    this.#uid = (this.#uid % 0x7fff_ffff) + 1;
    try {
      refuseGone(transferList);
      this.#post([toWorker.run, this.#uid, taskName, input, attempt, stepId, call.isHeard], transferList);
    } catch (error) {
      const { path, what } = unclonablePart(input, 'input', transferList);
      return new UnclonableValueError(taskName, path, `${what} (${messageOf(error)})`, { cause: error });
    }
    this.#call = call;
    call.started();
    this.#hold(true);
    return undefined;
  }

  /** Tells the task to stop, and ends the thread where it hasn't within the grace period. */
  stop(call: PoolCall, reason: unknown): void {
    if (this.#call !== call) return;
    this.#post([toWorker.cancel, this.#uid, encodeThrown(reason)]);
    this.#control.cancel(this.#uid);
    const timer = setTimeout(() => {
      this.#drain();
      if (this.#call === call) this.kill();
    }, call.request.gracePeriod);
    this.#stopGrace = () => {
      clearTimeout(timer);
    };
  }

  /** Lets the process end while the thread has no work; not while the thread itself is being ended. */
  rest(): void {
    if (this.#state === 'alive') this.#hold(false);
  }

  /** Ends the thread. */
  kill(): void {
    this.wasKilled = true;
    this.#die(undefined);
  }

  /** Asked anew after each wait: `kill` may have come between. */
  #isStarting(): boolean {
    return this.#state === 'starting';
  }

  #post(message: ToWorker, list?: readonly object[]): void {
    this.#port.postMessage(message, list as readonly ArrayBuffer[] | undefined);
  }

  #receive(message: FromWorker): void {
    const call = this.#call;
    if (call === undefined || message[1] !== this.#uid) return;
    switch (message[0]) {
      case fromWorker.progress:
        call.progress(message[2], message[3]);
        return;
      case fromWorker.log:
        call.log(message[2], message[3]);
        return;
      default:
        this.#letGo();
        // The thread gets its next call before this one's outcome is delivered.
        if (this.#state === 'alive') this.#owner.free(this);
        call.settle(message);
    }
  }

  /** The message may have been the last one of the task: nobody would ever know, so the thread is ended. */
  #failToRead(reason: unknown): void {
    this.#unread ??= [reason];
    this.kill();
  }

  #drain(): void {
    for (let message = receiveNow(this.#port); message !== undefined; message = receiveNow(this.#port)) {
      this.#receive(message);
    }
  }

  #letGo(): void {
    this.#call = undefined;
    this.#stopGrace?.();
    this.#stopGrace = undefined;
  }

  #hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld) return;
    this.#isHeld = isHeld;
    if (isHeld) this.#worker?.ref();
    else this.#worker?.unref();
  }

  #die(fault: unknown): void {
    if (this.#state === 'dying' || this.#state === 'gone') return;
    this.#state = 'dying';
    this.fault ??= fault;
    // The exit event tells that it is over.
    if (this.#worker !== undefined) void this.#worker.terminate();
  }

  #ended(exitCode: number | undefined): void {
    if (this.#state === 'gone') return;
    this.#state = 'dying';
    this.exitCode = exitCode;
    this.#drain();
    this.#state = 'gone';
    this.#port.close();
    const call = this.#call;
    this.#letGo();
    // An input that was too much for this thread would be so for the next, too.
    const hasBegun = this.#control.hasBegun(this.#uid) || this.#wasTooMuch;
    const isUnbegun = call?.isWanted === true && !hasBegun && !call.isMoved;
    this.#owner.gone(this, isUnbegun ? call : undefined);
    if (!isUnbegun) call?.fail(this.#failureOf(call.request.taskName));
  }

  /** Whether it ran out of memory once it had been sent a call. */
  get #wasTooMuch(): boolean {
    return this.#uid > 0 && isOutOfMemory(this.fault);
  }

  #failureOf(taskName: string): Error {
    if (this.#unread === undefined) {
      return new WorkerCrashedError(taskName, this.exitCode, causeOf(this.fault));
    }
    const [cause] = this.#unread;
    return new UnclonableValueError(taskName, 'output', `it can't be read here (${messageOf(cause)})`, {
      cause,
    });
  }
}

function causeOf(fault: unknown): ErrorOptions | undefined {
  return fault === undefined ? undefined : { cause: fault };
}
