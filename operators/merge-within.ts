import type { AdmissionQueue } from '../lib/admission/admission-queue.ts';

/** Who starts the items of a {@link MergeWithin}, and gets what it merges. */
export interface MergeOwner<Item, Result> {
  /** Nothing more is wanted. */
  readonly closed: boolean;
  start(item: Item): void;
  next(value: Result): void;
  error(error: unknown): void;
  complete(): void;
}

/**
 * The engine behind `mergeMapWithin` and behind a run: starts each item that the queue admits, and merges what
 * they emit. It knows nothing of Observables: whoever starts an item tells when it emits and when it has ended.
 *
 * 1. An item is released when its end is told, never before.
 * 2. `admit` is asked in a loop, never from within itself: neither items that end while they start nor items that
 *    arrive while another emits deepen the stack.
 * 3. It completes when no more items will come, and none waits or runs. The first error ends it.
 */
export class MergeWithin<Item, Result> {
  readonly #queue: AdmissionQueue<Item>;
  readonly #owner: MergeOwner<Item, Result>;
  #active = 0;
  #isLastIn = false;
  #isDraining = false;

  constructor(queue: AdmissionQueue<Item>, owner: MergeOwner<Item, Result>) {
    this.#queue = queue;
    this.#owner = owner;
    queue.onRoom = () => {
      this.#drain();
    };
  }

  /** An item has come. */
  offer(item: Item): void {
    this.#queue.enqueue(item);
    this.#drain();
  }

  /** No more items will come. */
  seal(): void {
    this.#isLastIn = true;
    this.#completeIfOver();
  }

  /** An item emits. Those that arrive meanwhile start afterwards. */
  deliver(value: Result): void {
    const wasDraining = this.#isDraining;
    this.#isDraining = true;
    this.#owner.next(value);
    this.#isDraining = wasDraining;
    this.#drain();
  }

  /** One item has turned out to be several, each of which ends by itself. */
  split(parts: number): void {
    this.#active += parts - 1;
  }

  /** An item has ended. */
  finish(item: Item): void {
    this.#active--;
    this.#queue.release(item);
    this.#drain();
  }

  /**
   * An item emits and ends at once: what arrives meanwhile competes, with what waits, for what the item gives back.
   */
  deliverAndFinish(item: Item, value: Result): void {
    const wasDraining = this.#isDraining;
    this.#isDraining = true;
    this.#owner.next(value);
    this.#isDraining = wasDraining;
    this.finish(item);
  }

  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      while (!this.#owner.closed) {
        const item = this.#queue.admit();
        if (item === undefined) break;
        this.#active++;
        this.#owner.start(item);
      }
    } catch (error) {
      this.#owner.error(error);
    }
    this.#isDraining = false;
    this.#completeIfOver();
  }

  #completeIfOver(): void {
    if (this.#isLastIn && !this.#isDraining && this.#active === 0 && this.#queue.waiting === 0) {
      this.#owner.complete();
    }
  }
}
