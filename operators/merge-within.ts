import { from, type Observable, type ObservableInput, Subscriber } from 'rxjs';
import type { AdmissionQueue } from '../lib/admission/admission-queue.ts';

/**
 * The engine behind `mergeMapWithin` and behind a run: subscribes to an inner Observable for each item that the
 * queue admits, and merges what they emit.
 *
 * 1. An item is released when its inner has completed and its teardown has run, never before.
 * 2. `admit` is asked in a loop, never from within itself: neither synchronous inners nor items that arrive while
 *    an inner emits deepen the stack.
 * 3. It completes when the source has, and nothing waits or runs. The first error ends it and unsubscribes
 *    from everything.
 */
export class MergeWithin<Item, Result> {
  readonly #queue: AdmissionQueue<Item>;
  readonly #project: (item: Item) => ObservableInput<Result>;
  readonly #destination: Subscriber<Result>;
  /** The inners still running after `subscribe` returned; most synchronous ones never get here. */
  readonly #running = new Set<InnerSubscriber<Item, Result>>();
  #starting: InnerSubscriber<Item, Result> | undefined;
  #active = 0;
  #isSourceDone = false;
  #isDraining = false;

  constructor(
    queue: AdmissionQueue<Item>,
    project: (item: Item) => ObservableInput<Result>,
    destination: Subscriber<Result>,
  ) {
    this.#queue = queue;
    this.#project = project;
    this.#destination = destination;
    queue.onRoom = () => {
      this.#drain();
    };
    destination.add(() => {
      queue.onRoom = undefined;
      this.#starting?.unsubscribe();
      for (const inner of this.#running) inner.unsubscribe();
    });
  }

  /** Subscribes to the source; `ticket` turns its values into items. */
  connect<Value>(source: Observable<Value>, ticket: (value: Value, index: number) => Item): void {
    let index = 0;
    const outer = new OuterSubscriber<Value>(
      (value) => {
        this.#queue.enqueue(ticket(value, index++));
        this.#drain();
      },
      this.#destination,
      () => {
        this.#isSourceDone = true;
        this.#completeIfOver();
      },
    );
    this.#destination.add(outer);
    source.subscribe(outer);
  }

  /** An inner emitted: items that arrive while the value is delivered start afterwards. */
  deliver(value: Result): void {
    const wasDraining = this.#isDraining;
    this.#isDraining = true;
    try {
      this.#destination.next(value);
    } finally {
      this.#isDraining = wasDraining;
    }
    this.#drain();
  }

  fail(error: unknown): void {
    this.#destination.error(error);
  }

  /** An inner has completed and its teardown has run. */
  finish(inner: InnerSubscriber<Item, Result>): void {
    this.#running.delete(inner);
    this.#active--;
    this.#queue.release(inner.item);
    this.#drain();
    this.#completeIfOver();
  }

  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      while (!this.#destination.closed) {
        const item = this.#queue.admit();
        if (item === undefined) break;
        this.#start(item);
      }
    } catch (error) {
      this.#destination.error(error);
    }
    this.#isDraining = false;
    this.#completeIfOver();
  }

  #start(item: Item): void {
    this.#active++;
    const inner = new InnerSubscriber(this, item);
    this.#starting = inner;
    from(this.#project(item)).subscribe(inner);
    this.#starting = undefined;
    if (!inner.closed) this.#running.add(inner);
  }

  #completeIfOver(): void {
    if (this.#isSourceDone && !this.#isDraining && this.#active === 0 && this.#queue.waiting === 0) {
      this.#destination.complete();
    }
  }
}

class OuterSubscriber<Value> extends Subscriber<Value> {
  readonly #onNext: (value: Value) => void;
  readonly #onComplete: () => void;

  constructor(onNext: (value: Value) => void, destination: Subscriber<never>, onComplete: () => void) {
    super(destination);
    this.#onNext = onNext;
    this.#onComplete = onComplete;
  }

  protected override _next(value: Value): void {
    try {
      this.#onNext(value);
    } catch (error) {
      this.destination.error(error);
    }
  }

  protected override _complete(): void {
    try {
      this.#onComplete();
    } finally {
      this.unsubscribe();
    }
  }
}

class InnerSubscriber<Item, Result> extends Subscriber<Result> {
  readonly item: Item;
  readonly #merge: MergeWithin<Item, Result>;

  constructor(merge: MergeWithin<Item, Result>, item: Item) {
    super();
    this.#merge = merge;
    this.item = item;
  }

  protected override _next(value: Result): void {
    this.#merge.deliver(value);
  }

  protected override _error(error: unknown): void {
    this.#merge.fail(error);
    this.unsubscribe();
  }

  protected override _complete(): void {
    this.unsubscribe();
    this.#merge.finish(this);
  }
}
