// Long because which thread gets which call depends on all that it knows of both.
import { captureContext } from '../base/async-context.ts';
import { CallQueue } from './call-queue.ts';
import { GivenPlaces, type Grant } from './given-places.ts';
import { IdleThreads } from './idle-threads.ts';
import { warn } from './node-worker.ts';
import type { CallHolder, PoolCall } from './pool-call.ts';
import { PoolClosedError } from './pool-closed-error.ts';
import type { PoolSettings } from './pool-options.ts';
import { SendingAhead } from './sending-ahead.ts';
import { Thread, type ThreadOwner } from './thread.ts';
import { countCalls, type ThreadStats } from './thread-pool-stats.ts';
import { UnknownTaskError } from './unknown-task-error.ts';
import { WarmUps } from './warm-ups.ts';
import { WorkerCrashedError } from './worker-crashed-error.ts';
import { WorkerStartError } from './worker-start-error.ts';

/**
 * Which call runs in which thread, and how many threads there are.
 *
 * 1. A call waits only while no thread is idle, or a few ms behind short ones (see {@link SendingAhead}). Runs are served in turn; the calls of one start in the order they came.
 * 2. There are never more than `size` threads, those that are ending and the places given away included.
 * 3. Threads start when calls wait and end when they were idle for `idleTimeout`, the longest idle first.
 * 4. Threads that die before they ran a task are replaced `maxRestarts` times in a row at most; then every waiting
 *    call fails, unless another thread lives.
 */
export class Dispatcher implements ThreadOwner, CallHolder {
  readonly #settings: PoolSettings;
  readonly #queue = new CallQueue<PoolCall>();
  readonly #threads = new Set<Thread>();
  readonly #idle: IdleThreads;
  readonly #ahead = new SendingAhead(this.#threads, (calls) => {
    for (const call of calls) this.#giveBack(call);
    this.#pump();
  });
  /** A thread outlives the call it was started for, and must not hold on to the context of that. */
  readonly #enter = captureContext();
  #starting = 0;
  #started = 0;
  #crashed = 0;
  #overrun = 0;
  /** How many tries in a row have ended before a task ran; threads that start side by side are one try. */
  #failures = 0;
  #names: ReadonlySet<string> | undefined;
  readonly #warmUps = new WarmUps();
  #closing: Promise<void> | undefined;
  #closed: (() => void) | undefined;
  /** Whether it was closed without `drain`: no call starts any more. */
  #takesNone = false;

  readonly #changed: () => void;
  /** Absent where isolated calls are as any. */
  readonly #given: GivenPlaces | undefined;

  /**
   * @param changed - hears that the statistics may have changed
   * @param grant - takes the isolated calls, each with a thread's place until `release`; without it they are as any
   */
  constructor(settings: PoolSettings, changed: () => void, grant?: Grant) {
    this.#settings = settings;
    this.#changed = changed;
    this.#idle = new IdleThreads(settings.idleTimeout);
    this.#given =
      grant &&
      new GivenPlaces(this.#idle, grant, () => {
        this.#pump();
        this.#closeWhenDone();
      });
  }

  get stats(): ThreadStats {
    const { running, sentAhead } = countCalls(this.#threads);
    return {
      threads: this.#threads.size,
      busy: running,
      idle: this.#idle.size,
      starting: this.#starting,
      running,
      queued: this.#queue.size + sentAhead,
      started: this.#started,
      crashed: this.#crashed,
      replaced: this.#crashed + this.#overrun,
    };
  }

  /** Runs a call as soon as there is a thread for it. */
  submit(call: PoolCall): void {
    if (this.#closing !== undefined) {
      call.fail(this.#closedError(call));
      return;
    }
    if (this.#names !== undefined && this.#isUnknown(call, this.#names)) return;
    this.#queue.push(call);
    this.#pump();
  }

  abandon(call: PoolCall, reason: unknown): boolean {
    if (call.isQueued) {
      this.#queue.remove(call);
      this.#changed();
      this.#pump();
      this.#closeWhenDone();
      return false;
    }
    for (const thread of this.#threads) if (thread.stop(call, reason)) return true;
    return false;
  }

  /** Starts every thread there may be; ends when all are ready. */
  async prewarm(): Promise<void> {
    if (this.#closing !== undefined) throw new PoolClosedError(this.#settings.name);
    while (this.#hasRoom) this.#start();
    const warm = this.#warmUps.wait();
    if (this.#starting === 0) this.#warmUps.end();
    await warm;
  }

  /** The names of the tasks; none before a thread was ready. */
  get names(): ReadonlySet<string> {
    return this.#names ?? new Set();
  }

  /** Takes no further calls, lets those there are finish or stops them, and ends when no thread is left. */
  close(drain: boolean): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#closed = resolve;
    });
    this.#warmUps.end(new PoolClosedError(this.#settings.name));
    if (!drain) {
      this.#takesNone = true;
      for (const call of this.#queue.drain()) call.fail(this.#closedError(call));
      for (const { calls } of this.#threads) {
        for (const call of calls) call.interrupt(this.#closedError(call));
      }
    }
    this.#closeWhenDone();
    return this.#closing;
  }

  ready(thread: Thread): void {
    this.#starting--;
    this.#names = thread.names;
    this.free(thread);
    if (this.#starting === 0) this.#warmUps.end();
  }

  free(thread: Thread): void {
    if (thread.hasWorked) this.#failures = 0;
    thread.isOverdue = false;
    if (thread.call === undefined) this.#idle.push(thread);
    this.#pump();
    if (thread.call !== undefined) return;
    thread.rest();
    this.#idle.settle(thread);
    this.#closeWhenDone();
  }

  gone(thread: Thread, unbegun: readonly PoolCall[]): void {
    this.#threads.delete(thread);
    this.#given?.gone(thread);
    if (thread.wasOverrun) this.#overrun++;
    const wasIdle = this.#idle.remove(thread);
    if (!thread.wasReady) this.#starting--;
    for (const call of unbegun.toReversed()) this.#giveBack(call);
    if (!thread.wasKilled) this.#died(thread, wasIdle);
    this.#pump();
    if (this.#starting === 0) this.#warmUps.end();
    this.#closeWhenDone();
  }

  /** A call that no thread works on any more waits again, before all others. */
  #giveBack(call: PoolCall): void {
    call.returned();
    if (this.#takesNone) call.fail(this.#closedError(call));
    else this.#queue.unshift(call);
  }

  #died(thread: Thread, wasIdle: boolean): void {
    const cause = thread.fault === undefined ? undefined : { cause: thread.fault };
    this.#crashed++;
    if (wasIdle) warn(new WorkerCrashedError(undefined, thread.exitCode, cause));
    if (thread.hasWorked) return;
    this.#failures = Math.max(this.#failures, thread.earlierFailures + 1);
    const error = new WorkerStartError(this.#settings.url, this.#failures, thread.exitCode, cause);
    if (!thread.wasReady) this.#warmUps.end(error);
    if (this.#threads.size > 0 || this.#failures <= this.#settings.maxRestarts) return;
    // What comes later is tried anew.
    this.#failures = 0;
    for (const call of this.#queue.drain()) call.fail(error);
  }

  get #hasRoom(): boolean {
    return this.#threads.size + (this.#given?.count ?? 0) < this.#settings.size;
  }

  /** Gives calls to idle threads, and starts threads where calls are left. */
  #pump(): void {
    this.#changed();
    for (let call = this.#queue.first; call !== undefined; call = this.#queue.first) {
      if (call.request.isolation !== undefined && this.#given !== undefined) {
        if (!this.#hasRoom) {
          this.#given.makeRoom();
          break;
        }
        this.#queue.shift();
        this.#given.give(call);
        continue;
      }
      const idle = this.#idle.last;
      // Where every thread there may be is ready, calls gain nothing by waiting for another.
      const isFull = this.#starting === 0 && !this.#hasRoom;
      const mayGoAhead = idle === undefined ? isFull : this.#settings.wakesFew === true;
      const ahead = mayGoAhead ? this.#ahead.threadFor(call, idle !== undefined) : undefined;
      const thread = ahead ?? idle;
      if (thread === undefined) break;
      this.#queue.shift();
      if (this.#isUnknown(call, thread.names)) continue;
      if (thread === idle) this.#idle.pop();
      const error = thread.run(call);
      if (error === undefined) continue;
      if (thread === idle) this.#idle.push(thread);
      call.fail(error);
    }
    const mayStart = this.#failures <= this.#settings.maxRestarts || this.#threads.size === 0;
    while (mayStart && this.#starting < this.#queue.size && this.#hasRoom) this.#start();
  }

  #isUnknown(call: PoolCall, names: ReadonlySet<string>): boolean {
    const { taskName } = call.request;
    if (names.has(taskName)) return false;
    call.fail(new UnknownTaskError(taskName, names, this.#settings.url));
    return true;
  }

  #start(): void {
    this.#starting++;
    this.#started++;
    this.#enter(() => {
      const thread = new Thread(this.#settings, this);
      thread.earlierFailures = this.#failures;
      this.#threads.add(thread);
      void thread.start();
    });
  }

  #closedError(call: PoolCall): PoolClosedError {
    return new PoolClosedError(this.#settings.name, call.request.taskName);
  }

  #closeWhenDone(): void {
    if (this.#closed === undefined) return;
    if (this.#queue.size === 0) {
      this.#idle.clear();
      for (const thread of this.#threads) if (thread.call === undefined) thread.kill();
    }
    if (this.#threads.size === 0 && (this.#given?.count ?? 0) === 0) this.#closed();
  }
}
