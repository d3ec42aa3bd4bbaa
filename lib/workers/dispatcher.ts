import { CallQueue } from './call-queue.ts';
import { IdleThreads } from './idle-threads.ts';
import { warn } from './node-worker.ts';
import type { CallHolder, PoolCall } from './pool-call.ts';
import { PoolClosedError } from './pool-closed-error.ts';
import type { PoolSettings } from './pool-options.ts';
import { Thread, type ThreadOwner } from './thread.ts';
import type { ThreadPoolStats } from './thread-pool-stats.ts';
import { UnknownTaskError } from './unknown-task-error.ts';
import { WorkerCrashedError } from './worker-crashed-error.ts';
import { WorkerStartError } from './worker-start-error.ts';

/**
 * Which call runs in which thread, and how many threads there are.
 *
 * 1. A call waits only while no thread is idle; calls start in the order they came.
 * 2. There are never more than `size` threads, those that are ending included.
 * 3. Threads start when calls wait and end when they were idle for `idleTimeout`, the longest idle first.
 * 4. Threads that die before they ran a task are replaced `maxRestarts` times in a row at most; then every waiting
 *    call fails, unless another thread lives.
 */
export class Dispatcher implements ThreadOwner, CallHolder {
  readonly #settings: PoolSettings;
  readonly #queue = new CallQueue<PoolCall>();
  readonly #threads = new Set<Thread>();
  readonly #idle: IdleThreads;
  #starting = 0;
  #started = 0;
  #crashed = 0;
  /** How many threads in a row have died before they ran a task. */
  #failures = 0;
  #names: ReadonlySet<string> | undefined;
  #warming: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];
  #closing: Promise<void> | undefined;
  #closed: (() => void) | undefined;
  /** Whether it was closed without `drain`: no call starts any more. */
  #takesNone = false;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
    this.#idle = new IdleThreads(settings.idleTimeout);
  }

  get stats(): ThreadPoolStats {
    let running = 0;
    for (const thread of this.#threads) if (thread.call !== undefined) running++;
    return {
      size: this.#settings.size,
      threads: this.#threads.size,
      idle: this.#idle.size,
      starting: this.#starting,
      running,
      queued: this.#queue.size,
      started: this.#started,
      crashed: this.#crashed,
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

  abandon(call: PoolCall, reason: unknown): void {
    if (call.isQueued) {
      this.#queue.remove(call);
      this.#closeWhenDone();
      return;
    }
    for (const thread of this.#threads) thread.stop(call, reason);
  }

  /** Starts every thread there may be; ends when all are ready. */
  prewarm(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== undefined) {
        reject(new PoolClosedError(this.#settings.name));
        return;
      }
      while (this.#threads.size < this.#settings.size) this.#start();
      this.#warming.push({ resolve, reject });
      if (this.#starting === 0) this.#endWarming();
    });
  }

  /** Takes no further calls, lets those there are finish or stops them, and ends when no thread is left. */
  close(drain: boolean): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#closed = resolve;
    });
    this.#endWarming(new PoolClosedError(this.#settings.name));
    if (!drain) {
      this.#takesNone = true;
      for (const call of this.#queue.drain()) call.fail(this.#closedError(call));
      for (const { call } of this.#threads) call?.interrupt(this.#closedError(call));
    }
    this.#closeWhenDone();
    return this.#closing;
  }

  ready(thread: Thread): void {
    this.#starting--;
    this.#names = thread.names;
    this.free(thread);
    if (this.#starting === 0) this.#endWarming();
  }

  free(thread: Thread): void {
    if (thread.hasWorked) this.#failures = 0;
    this.#idle.push(thread);
    this.#pump();
    if (thread.call !== undefined) return;
    thread.rest();
    this.#idle.settle(thread);
    this.#closeWhenDone();
  }

  gone(thread: Thread, unbegun: PoolCall | undefined): void {
    this.#threads.delete(thread);
    const wasIdle = this.#idle.remove(thread);
    if (!thread.wasReady) this.#starting--;
    if (unbegun !== undefined) {
      unbegun.returned();
      if (this.#takesNone) unbegun.fail(this.#closedError(unbegun));
      else this.#queue.unshift(unbegun);
    }
    if (!thread.wasKilled) this.#died(thread, wasIdle);
    this.#pump();
    if (this.#starting === 0) this.#endWarming();
    this.#closeWhenDone();
  }

  #died(thread: Thread, wasIdle: boolean): void {
    const cause = thread.fault === undefined ? undefined : { cause: thread.fault };
    this.#crashed++;
    if (wasIdle) warn(new WorkerCrashedError(undefined, thread.exitCode, cause));
    if (thread.hasWorked) return;
    this.#failures++;
    const error = new WorkerStartError(String(this.#settings.url), this.#failures, thread.exitCode, cause);
    if (!thread.wasReady) this.#endWarming(error);
    if (this.#threads.size > 0 || this.#failures <= this.#settings.maxRestarts) return;
    for (const call of this.#queue.drain()) call.fail(error);
  }

  /** Gives calls to idle threads, and starts threads where calls are left. */
  #pump(): void {
    for (let thread = this.#idle.last; thread !== undefined; thread = this.#idle.last) {
      const call = this.#queue.shift();
      if (call === undefined) return;
      if (this.#isUnknown(call, thread.names)) continue;
      this.#idle.pop();
      const error = thread.run(call);
      if (error === undefined) continue;
      this.#idle.push(thread);
      call.fail(error);
    }
    const mayStart = this.#failures <= this.#settings.maxRestarts || this.#threads.size === 0;
    while (mayStart && this.#starting < this.#queue.size && this.#threads.size < this.#settings.size)
      this.#start();
  }

  #isUnknown(call: PoolCall, names: ReadonlySet<string>): boolean {
    const { taskName } = call.request;
    if (names.has(taskName)) return false;
    call.fail(new UnknownTaskError(taskName, names, String(this.#settings.url)));
    return true;
  }

  #start(): void {
    const thread = new Thread(this.#settings, this);
    this.#threads.add(thread);
    this.#starting++;
    this.#started++;
    void thread.start();
  }

  #endWarming(error?: Error): void {
    const waiting = this.#warming;
    this.#warming = [];
    for (const { resolve, reject } of waiting) {
      if (error === undefined) resolve();
      else reject(error);
    }
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
    if (this.#threads.size === 0) this.#closed();
  }
}
