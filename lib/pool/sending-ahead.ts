import { backgroundTimer } from './node-worker.ts';
import type { PoolCall } from './pool-call.ts';
import type { Thread } from './thread.ts';

/** How many calls a thread has at most, the one it runs included. */
const mostCalls = 12;

/** With how many left a thread that was full gets more: several at once wake it once. */
const fewCalls = 6;

/** How long those are likely to take at most, in ms. */
const mostMs = 1;

/** How long a thread that sleeps takes to begin, in ms: what is done before that behind others is done sooner so, and wakes nobody. */
const wakeMs = 0.05;

/** How often is looked for calls that wait behind one that takes long after all, in ms. */
const interval = 2;

/**
 * Short calls are sent to a thread before it is done with the one it runs, so that it needn't wait for the next.
 *
 * ```
 * one by one    run ─────▶ work ─────▶ result ─────▶ run ─────▶ work …
 * sent ahead    run run run ─▶ work work work …
 * ```
 *
 * 1. Only what is known to be short is sent ahead, and only behind what is; while threads are idle, only what one of them couldn't do sooner.
 * 2. What waits behind a call that takes long after all is taken back within a few ms.
 */
export class SendingAhead {
  readonly #threads: Iterable<Thread>;
  readonly #giveBack: (calls: readonly PoolCall[]) => void;
  /** What each thread ran when it was last looked at. */
  #seen = new Map<Thread, PoolCall | undefined>();
  /** Those that have had as many as they may, and work most of them off first. */
  readonly #full = new WeakSet<Thread>();
  #isWatching = false;

  /** @param giveBack - gets the calls that were taken back, the last first */
  constructor(threads: Iterable<Thread>, giveBack: (calls: readonly PoolCall[]) => void) {
    this.#threads = threads;
    this.#giveBack = giveBack;
  }

  /**
   * The busy thread that a call is best sent to now, if any: the one with the least calls.
   *
   * @param isAnyIdle - whether a thread could be woken for it
   */
  threadFor(call: PoolCall, isAnyIdle: boolean): Thread | undefined {
    const { likelyMs } = call;
    const most = isAnyIdle ? wakeMs : mostMs;
    if (likelyMs > most || !call.mayBeSentAhead) return undefined;
    let best: Thread | undefined;
    for (const thread of this.#threads) {
      const { callCount } = thread;
      if (callCount <= fewCalls) this.#full.delete(thread);
      if (
        thread.isOverdue ||
        this.#full.has(thread) ||
        callCount >= (best?.callCount ?? mostCalls) ||
        !thread.hasRoom
      )
        continue;
      if (thread.likelyMs + likelyMs <= most) best = thread;
    }
    if (best === undefined) return undefined;
    if (best.callCount === mostCalls - 1) this.#full.add(best);
    this.#watch();
    return best;
  }

  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    backgroundTimer(interval, () => {
      this.#isWatching = false;
      this.#look();
    });
  }

  #look(): void {
    const before = this.#seen;
    this.#seen = new Map();
    const taken: PoolCall[] = [];
    for (const thread of this.#threads) {
      if (thread.callCount < 2) continue;
      if (before.get(thread) === thread.call) {
        thread.isOverdue = true;
        taken.push(...thread.takeBack());
      } else this.#seen.set(thread, thread.call);
    }
    if (this.#seen.size > 0) this.#watch();
    if (taken.length > 0) this.#giveBack(taken);
  }
}
