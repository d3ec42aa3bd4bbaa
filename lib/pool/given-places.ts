import type { IdleThreads } from './idle-threads.ts';
import type { PoolCall } from './pool-call.ts';
import type { Thread } from './thread.ts';

/** Takes a call, with a thread's place until `release`. */
export type Grant = (call: PoolCall, release: () => void) => void;

/** The places of threads that are given to isolated calls, each until it is released. */
export class GivenPlaces {
  readonly #idle: IdleThreads;
  readonly #grant: Grant;
  readonly #released: () => void;
  #count = 0;
  /** The idle thread that makes room for a call that wants its place. */
  #leaving: Thread | undefined;

  /** @param released - hears that a place is free again */
  constructor(idle: IdleThreads, grant: Grant, released: () => void) {
    this.#idle = idle;
    this.#grant = grant;
    this.#released = released;
  }

  get count(): number {
    return this.#count;
  }

  /** Has an idle thread make room; its end will be heard of. */
  makeRoom(): void {
    const thread = this.#leaving === undefined ? this.#idle.last : undefined;
    if (thread === undefined) return;
    this.#leaving = thread;
    this.#idle.pop();
    thread.kill();
  }

  give(call: PoolCall): void {
    this.#count++;
    this.#grant(call, () => {
      this.#count--;
      this.#released();
    });
  }

  /** A thread has ended. */
  gone(thread: Thread): void {
    if (this.#leaving === thread) this.#leaving = undefined;
  }
}
