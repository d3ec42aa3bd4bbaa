// Long because the start, the calls and the end of a thread share one state, and any of them may come at any time.
import { clockOf } from '../base/clock.ts';
import { messageOf } from '../base/inspect.ts';
import { heardLines } from '../task/log-gate.ts';
import { heardBatch } from '../task/progress-gate.ts';
import { encodeThrown } from '../wire/error-codec.ts';
import { type FromWorker, fromWorker, type ToWorker, toWorker } from '../wire/messages.ts';
import { refuseGone } from '../wire/transfer.ts';
import { unclonablePart } from '../wire/unclonable-part.ts';
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
  /** One of the thread's calls is over, and it takes another. */
  free(thread: Thread): void;
  /** The thread has ended. Calls that it hadn't begun are given back, in the order in which they were sent. */
  gone(thread: Thread, unbegun: readonly PoolCall[]): void;
}

/** How many threads there have been: each has a number of its own. */
let threads = 0;

/** A call that was sent to a thread. */
interface SentCall {
  readonly uid: number;
  readonly call: PoolCall;
  readonly likelyMs: number;
  stopGrace: (() => void) | undefined;
}

/**
 * One worker thread: its start, the call that it runs, and its end.
 *
 * 1. It runs one call at a time, in the order in which they were sent: the oldest that isn't over.
 * 2. Its owner hears `gone` exactly once, after the thread has really ended, however it did.
 * 3. It keeps the process alive only while it starts or has a call.
 * 4. Messages that were sent before the thread ended, or before the grace period was over, still count.
 */
export class Thread {
  readonly #settings: PoolSettings;
  readonly #owner: ThreadOwner;
  readonly #name: string;
  readonly #control = new ThreadControl();
  readonly #port: ThreadPort;
  readonly #far: ThreadPort;
  #worker: NodeWorker | undefined;
  #state: 'starting' | 'alive' | 'dying' | 'gone' = 'starting';
  /** The oldest first. */
  readonly #sent: SentCall[] = [];
  #uid = 0;
  #isHeld = true;
  /** How much progress and how many lines of the present call were heard. */
  #heard = 0;
  #heardLines = 0;
  /** Why a message from the thread couldn't be read, in a list so that any reason counts. */
  #unread: readonly [reason: unknown] | undefined;

  /** The names of the tasks; none before the thread is ready. */
  names: ReadonlySet<string> = new Set();
  /** When it last became free, in ms; kept by its owner. */
  idleSince = 0;
  /** How many tries to start threads had failed before it; kept by its owner. */
  earlierFailures = 0;
  /** Whether its call takes longer than was expected of it; kept by its owner. */
  isOverdue = false;
  /** Whether it has ever taken calls. */
  wasReady = false;
  /** Whether it was ended on purpose. */
  wasKilled = false;
  /** Whether it was ended since its call didn't end. */
  wasOverrun = false;
  /** Why it died, where something said so. */
  fault: unknown;
  /** Its exit code, once it is gone. */
  exitCode: number | undefined;

  constructor(settings: PoolSettings, owner: ThreadOwner) {
    this.#settings = settings;
    this.#owner = owner;
    this.#name = `${settings.name} ${String(++threads)}`;
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

  /** The call that it runs. */
  get call(): PoolCall | undefined {
    return this.#sent[0]?.call;
  }

  /** The call that it runs and those that were sent ahead. */
  get calls(): readonly PoolCall[] {
    return this.#sent.map(({ call }) => call);
  }

  /** How many these are. */
  get callCount(): number {
    return this.#sent.length;
  }

  /** How long it is likely to work on them, in ms. */
  get likelyMs(): number {
    let sum = 0;
    for (const { likelyMs } of this.#sent) sum += likelyMs;
    return sum;
  }

  /** Whether another call can be sent to it, behind those it has. */
  get hasRoom(): boolean {
    const [oldest] = this.#sent;
    return this.#state === 'alive' && oldest !== undefined && this.#control.isFree(this.#nextUid, oldest.uid);
  }

  /** Whether it has ever begun a task, or tried to. */
  get hasWorked(): boolean {
    return this.#control.hasBegunAny || this.#wasTooMuch;
  }

  /** Starts the thread. Never rejects: a failure is told as `gone`. */
  async start(): Promise<void> {
    const { source, name, resourceLimits, startTimeout } = this.#settings;
    try {
      const library = await loadThreads();
      if (!this.#isStarting()) {
        this.#ended(undefined);
        return;
      }
      this.#worker = startWorker(source, name, resourceLimits);
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
    const { taskName, input, attempt, stepId, transferList, stream, carrier } = call.request;
    const uid = this.#nextUid;
    try {
      refuseGone(transferList);
      this.#post(
        [toWorker.run, uid, taskName, input, attempt, stepId, call.isHeard, stream, carrier],
        transferList,
      );
    } catch (error) {
      const { path, what } = unclonablePart(input, 'input', transferList);
      return new UnclonableValueError(taskName, path, `${what} (${messageOf(error)})`, { cause: error });
    }
    this.#uid = uid;
    this.#sent.push({ uid, call, likelyMs: call.likelyMs, stopGrace: undefined });
    if (this.#sent.length === 1) this.#begins();
    this.#hold(true);
    return undefined;
  }

  /**
   * Takes a call back that hasn't begun; else tells its task to stop, and ends the thread where it hasn't within the
   * grace period. Says whether the thread works on the call still.
   */
  stop(call: PoolCall, reason: unknown): boolean {
    const sent = this.#sent.find((one) => one.call === call);
    if (sent === undefined) return false;
    const { uid } = sent;
    if (this.#state === 'alive' && this.#control.withdraw(uid)) {
      this.#letGo(sent);
      this.#owner.free(this);
      return false;
    }
    this.#post([toWorker.cancel, uid, encodeThrown(reason)]);
    this.#control.cancel(uid);
    sent.stopGrace = clockOf(undefined).after(call.request.gracePeriod, () => {
      this.#drain();
      if (!this.#sent.includes(sent)) return;
      this.wasOverrun = true;
      this.kill();
    });
    return true;
  }

  /** Takes back what was sent ahead and hasn't begun, the last first. */
  takeBack(): readonly PoolCall[] {
    const taken: PoolCall[] = [];
    while (this.#sent.length > 1) {
      const last = this.#sent.at(-1);
      if (last === undefined || !this.#control.withdraw(last.uid)) break;
      this.#sent.pop();
      taken.push(last.call);
    }
    return taken;
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

  get #nextUid(): number {
    return (this.#uid % 0x7fff_ffff) + 1;
  }

  /** It is the first call's turn. */
  #begins(): void {
    const [sent] = this.#sent;
    this.#heard = 0;
    this.#heardLines = 0;
    sent?.call.started(this.#name, (credit) => {
      this.#post([toWorker.credit, sent.uid, credit]);
    });
  }

  #post(message: ToWorker, list?: readonly object[]): void {
    this.#port.postMessage(message, list as readonly ArrayBuffer[] | undefined);
  }

  #receive(message: FromWorker): void {
    const sent = this.#sent[0];
    if (sent?.uid !== message[1]) return;
    const { call } = sent;
    switch (message[0]) {
      case fromWorker.progress:
        call.progress(message[2], message[3]);
        if (++this.#heard % heardBatch === 0) this.#post([toWorker.heard, sent.uid, heardBatch, 0]);
        return;
      case fromWorker.log:
        call.log(message[2], message[3]);
        if (++this.#heardLines % heardLines === 0) this.#post([toWorker.heard, sent.uid, 0, heardLines]);
        return;
      case fromWorker.values:
        call.values(message[2]);
        return;
      default:
        this.#control.over(sent.uid);
        this.#letGo(sent);
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

  #letGo(sent: SentCall): void {
    sent.stopGrace?.();
    const wasFirst = this.#sent[0] === sent;
    this.#sent.splice(this.#sent.indexOf(sent), 1);
    if (wasFirst) this.#begins();
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
    const sent = this.#sent.splice(0);
    const unbegun: PoolCall[] = [];
    const failed: PoolCall[] = [];
    // An input that was too much for this thread would be so for the next, too. Where it may be another call's, each is
    // sent by itself from now on.
    const hasChoked = this.#control.couldNotRead || this.#wasTooMuch;
    const isBlamed = hasChoked && sent.length === 1;
    for (const { uid, call, stopGrace } of sent) {
      stopGrace?.();
      call.isSuspect ||= hasChoked;
      const isLost = this.#control.hasBegun(uid) || call.isMoved || !call.isWanted;
      (isLost || isBlamed ? failed : unbegun).push(call);
    }
    this.#owner.gone(this, unbegun);
    for (const call of failed) call.fail(this.#failureOf(call.request.taskName));
  }

  /** Whether it ran out of memory once it had been sent a call. */
  get #wasTooMuch(): boolean {
    return this.#uid > 0 && isOutOfMemory(this.fault);
  }

  get #heapLimitMb(): number | undefined {
    const { maxOldGenerationSizeMb, maxYoungGenerationSizeMb = 0 } = this.#settings.resourceLimits ?? {};
    return maxOldGenerationSizeMb === undefined
      ? undefined
      : maxOldGenerationSizeMb + maxYoungGenerationSizeMb;
  }

  #failureOf(taskName: string): Error {
    if (this.#unread === undefined) {
      return new WorkerCrashedError(taskName, this.exitCode, causeOf(this.fault), this.#heapLimitMb);
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
