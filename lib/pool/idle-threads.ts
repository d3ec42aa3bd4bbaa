import { backgroundTimer } from './node-worker.ts';
import type { Thread } from './thread.ts';

/**
 * The threads without a call. Those that are idle for `timeout` ms are ended.
 *
 * The one that was free last is taken first, so that the others get to their timeout; one timer serves all.
 */
export class IdleThreads {
  readonly #timeout: number;
  /** The longest idle first. */
  readonly #threads: Thread[] = [];
  #stopTimer: (() => void) | undefined;

  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  get size(): number {
    return this.#threads.length;
  }

  /** The thread to take next. */
  get last(): Thread | undefined {
    return this.#threads.at(-1);
  }

  push(thread: Thread): void {
    this.#threads.push(thread);
  }

  /** Takes the last one. */
  pop(): void {
    this.#threads.pop();
  }

  /** Takes a thread out and says whether it was there. */
  remove(thread: Thread): boolean {
    const place = this.#threads.indexOf(thread);
    if (place >= 0) this.#threads.splice(place, 1);
    return place >= 0;
  }

  /** The thread that came last has no call to take: it stays idle until one comes, or is reaped. */
  settle(thread: Thread): void {
    thread.idleSince = performance.now();
    this.#reapLater();
  }

  /** Forgets all threads. */
  clear(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#threads.length = 0;
  }

  #reapLater(): void {
    const oldest = this.#threads[0];
    if (this.#stopTimer !== undefined || oldest === undefined) return;
    const wait = Math.max(0, oldest.idleSince + this.#timeout - performance.now());
    this.#stopTimer = backgroundTimer(wait, () => {
      this.#stopTimer = undefined;
      this.#reap();
      this.#reapLater();
    });
  }

  #reap(): void {
    const now = performance.now();
    for (let thread = this.#threads[0]; thread !== undefined; thread = this.#threads[0]) {
      // Timers may come a fraction of a millisecond early.
      if (now - thread.idleSince < this.#timeout - 1) return;
      this.#threads.shift();
      thread.kill();
    }
  }
}
