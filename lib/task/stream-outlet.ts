/**
 * The values of one task on their way out of a thread.
 *
 * 1. A value is sent only against credit; the main side gives credit back as values are read, so that at most
 *    `capacity` are under way or unread.
 * 2. What can be held back waits for `ready()` before it makes its next value; what can't is `push`ed, and waits here
 *    in a queue that the overflow policy bounds.
 * 3. Values leave in the order they came, and all of them before the end.
 * 4. Values that come fast share messages. A value leaves at once where the last message is over a millisecond old;
 *    else with the next value that finds it so, at the next turn of the event loop, or when half the capacity waits.
 *
 * ```
 * push ─▶ queue ─▶ ┐
 *                  ├─ credit ─▶ batch ─▶ port
 * send ──────────▶ ┘
 * ```
 */
import { monotonicNow } from '../base/clock.ts';
import { macrotask } from '../base/host.ts';
import { BoundedQueue } from '../channel/bounded-queue.ts';
import type { StreamTerms } from '../wire/stream-terms.ts';
import { isTransferred, refuseGone, type TransferItem } from '../wire/transfer.ts';

/** What an outlet needs of its task. */
interface OutletHost {
  /** Sends values; throws where one can't be cloned. */
  post(values: readonly unknown[], list: readonly TransferItem[]): void;
  /** Handles the messages that have arrived, credit among them. */
  receive(): void;
  /** Hears that a value couldn't be sent; nothing is sent any more. */
  refused(value: unknown, list: readonly TransferItem[], error: unknown): void;
  /** Hears that there is no room for a value where the policy is `'error'`; nothing is sent any more. */
  overflowed(): void;
}

/** For how long values are gathered while they come fast, in ms. */
const gatherTime = 1;

/** Where the values of one task leave its thread. */
export class StreamOutlet {
  readonly #host: OutletHost;
  readonly #capacity: number;
  readonly #queue: BoundedQueue;
  #batch: unknown[] = [];
  #credit: number;
  #sentAt = -Infinity;
  #isFlushing = false;
  #isClosed = false;
  #wake: (() => void) | undefined;
  #end: (() => void) | undefined;

  constructor(terms: StreamTerms, host: OutletHost) {
    const [capacity, overflow] = terms;
    this.#capacity = capacity;
    this.#queue = new BoundedQueue(capacity, overflow);
    this.#credit = capacity;
    this.#host = host;
  }

  /** Ends when a value may be sent, or none will be any more; `undefined` where that is now. */
  ready(): Promise<void> | undefined {
    if (this.#credit > 0 || this.#isClosed) return undefined;
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Sends a value for which there is credit. */
  send(value: unknown): void {
    if (this.#isClosed) return;
    this.#credit--;
    this.#batch.push(value);
    const isDue = this.#credit === 0 || this.#batch.length * 2 >= this.#capacity;
    if (isDue || monotonicNow() - this.#sentAt > gatherTime) this.#flush();
    else this.#flushSoon();
  }

  /** Sends a value when there is credit, and lets the policy decide where there is no room for it meanwhile. */
  push(value: unknown): void {
    // A source that emits without a pause leaves the event loop no room to deliver credit.
    if (this.#credit === 0) this.#host.receive();
    if (this.#isClosed) return;
    if (this.#credit > 0) {
      this.send(value);
      return;
    }
    if (this.#queue.push(value)) return;
    this.close();
    this.#host.overflowed();
  }

  /** Takes credit for further values. */
  grant(credit: number): void {
    this.#credit += credit;
    while (this.#credit > 0 && this.#queue.size > 0) this.send(this.#queue.shift());
    this.#wakeUp();
    this.#endIfEmpty();
  }

  /** Calls `ended` once every value has left. */
  end(ended: () => void): void {
    this.#end = ended;
    this.#endIfEmpty();
  }

  /** Drops what hasn't left yet: nobody wants it any more. */
  close(): void {
    this.#isClosed = true;
    this.#end = undefined;
    this.#queue.clear();
    this.#batch = [];
    this.#wakeUp();
  }

  #endIfEmpty(): void {
    const ended = this.#end;
    if (ended === undefined || this.#queue.size > 0) return;
    this.#end = undefined;
    this.#flush();
    if (!this.#isClosed) ended();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    macrotask(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    this.#batch = [];
    this.#sentAt = monotonicNow();
    if (this.#post(batch) === undefined) return;
    // One of them can't be sent: those before it can.
    for (const value of batch) {
      const refusal = this.#post([value]);
      if (refusal === undefined) continue;
      this.close();
      this.#host.refused(isTransferred(value) ? value.value : value, listOf(value), refusal.error);
      return;
    }
  }

  #post(batch: readonly unknown[]): { readonly error: unknown } | undefined {
    const list = [...new Set(batch.flatMap(listOf))];
    try {
      refuseGone(list);
      this.#host.post(
        batch.map((value) => (isTransferred(value) ? value.value : value)),
        list,
      );
      return undefined;
    } catch (error) {
      return { error };
    }
  }
}

function listOf(value: unknown): readonly TransferItem[] {
  return isTransferred(value) ? value.list : [];
}
