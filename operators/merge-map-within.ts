import {
  from,
  Observable,
  type ObservableInput,
  type ObservedValueOf,
  type OperatorFunction,
  type Subscriber,
  type Subscription,
} from 'rxjs';
import type { AdmissionQueue } from '../lib/admission/admission-queue.ts';
import { type Budget, openBudget, type Ticket } from '../lib/admission/budget.ts';
import { OperatorSubscriber, subscribeTo } from '../lib/base/operator-subscriber.ts';
import { type MergeOwner, MergeWithin } from './merge-within.ts';

/**
 * `mergeMap` whose concurrency is a vector of resources and whose buffer is a priority queue.
 *
 * Projects each source value to an inner Observable and merges what the inners emit, running no more of them at
 * once than the budget has room for. A value's whole demand is taken when its inner is subscribed to and given back
 * when it has completed and its teardown has run. Of the values that wait, the first by priority, then by
 * arrival, goes as soon as its demand fits; one that doesn't fit is overtaken at most `maxOvertakes` times by
 * others that take what it lacks. `project` is called with the value's index in order of arrival, when its turn
 * comes.
 *
 * With a number n it does what `mergeMap(project, n)` does: the same values, frames, subscriptions, errors,
 * completion and unsubscription. Unlike there, a buffered value's inner starts after the previous `subscribe` has
 * returned, so that a million synchronous inners need no more stack than one, and the buffer costs log n a value
 * rather than n. Waiting values are held without bound.
 *
 * Each subscription has a budget of its own.
 *
 * **Errors**: those of the source, of an inner, of `project`, `demand` and `priority` are passed on and end it, as does
 * an `InvalidOptionsError` where a value's demand can't be read or is above its limit.
 *
 * @throws InvalidOptionsError at once where the budget can't be used
 *
 * @example
 * ```ts
 * const pages$ = from(addresses).pipe(mergeMapWithin(4, (address) => fetchPage(address)));
 * const files$ = from(files).pipe(
 *   mergeMapWithin({ limits: { memory: 1e9 }, demand: ({ size }) => ({ memory: size }) }, (file) => convert(file)),
 * );
 * ```
 * @see {@link Budget}
 */
export function mergeMapWithin<Value, Inner extends ObservableInput<unknown>>(
  budget: number | Budget<Value>,
  project: (value: Value, index: number) => Inner,
): OperatorFunction<Value, ObservedValueOf<Inner>> {
  // Opened once for its checks alone, so that a budget that can't be used is an error here and now.
  openBudget('mergeMapWithin', budget);
  return (source) =>
    new Observable((destination) => {
      const { queue, ticket } = openBudget('mergeMapWithin', budget);
      let index = 0;
      // Made before the inners' owner, so that the source goes first where both are unsubscribed from.
      const outer = new OuterSubscriber<Value>(
        destination,
        (value) => {
          merge.offer(ticket(value, index++));
        },
        () => {
          merge.seal();
        },
      );
      const { merge } = new InnerSubscriptions<Value, ObservedValueOf<Inner>>(
        destination,
        (value, index) => project(value, index) as ObservableInput<ObservedValueOf<Inner>>,
        queue,
      );
      subscribeTo(source, outer);
    });
}

/** Subscribes to inners, and unsubscribes from those that run with the destination. */
class InnerSubscriptions<Value, Result> implements MergeOwner<Ticket<Value>, Result> {
  readonly merge: MergeWithin<Ticket<Value>, Result>;
  readonly #destination: Subscriber<Result>;
  readonly #project: (value: Value, index: number) => ObservableInput<Result>;
  /** The inners still open after `subscribe` returned; most synchronous ones never get here. */
  readonly #open = new Set<Subscription>();
  #starting: Subscription | undefined;

  constructor(
    destination: Subscriber<Result>,
    project: (value: Value, index: number) => ObservableInput<Result>,
    queue: AdmissionQueue<Ticket<Value>>,
  ) {
    this.#destination = destination;
    this.#project = project;
    this.merge = new MergeWithin(queue, this);
    destination.add(() => {
      for (const inner of this.#open) inner.unsubscribe();
      this.#starting?.unsubscribe();
    });
  }

  get closed(): boolean {
    return this.#destination.closed;
  }

  start(ticket: Ticket<Value>): void {
    const source = from(this.#project(ticket.value, ticket.index));
    const inner = new InnerSubscriber(this.merge, ticket, this.#destination);
    // `project` may have unsubscribed: what it gave is then torn down as soon as it is set up, as in `mergeMap`.
    if (this.#destination.closed) inner.unsubscribe();
    this.#starting = inner;
    subscribeTo(source, inner);
    this.#starting = undefined;
    if (inner.closed) return;
    this.#open.add(inner);
    inner.add(() => this.#open.delete(inner));
  }

  next(value: Result): void {
    this.#destination.next(value);
  }

  error(error: unknown): void {
    this.#destination.error(error);
  }

  complete(): void {
    this.#destination.complete();
  }
}

class OuterSubscriber<Value> extends OperatorSubscriber<Value> {
  readonly #outer: Subscriber<never>;
  readonly #onNext: (value: Value) => void;
  readonly #onComplete: () => void;

  constructor(outer: Subscriber<never>, onNext: (value: Value) => void, onComplete: () => void) {
    super(outer);
    this.#outer = outer;
    this.#onNext = onNext;
    this.#onComplete = onComplete;
  }

  protected override _next(value: Value): void {
    const { self } = this;
    try {
      self.#onNext(value);
    } catch (error) {
      self.#outer.error(error);
    }
  }

  protected override _complete(): void {
    const { self } = this;
    try {
      self.#onComplete();
    } finally {
      self.unsubscribe();
    }
  }
}

class InnerSubscriber<Item, Result> extends OperatorSubscriber<Result> {
  readonly #merge: MergeWithin<Item, Result>;
  readonly #item: Item;
  readonly #outer: Subscriber<Result>;

  constructor(merge: MergeWithin<Item, Result>, item: Item, outer: Subscriber<Result>) {
    super();
    this.#merge = merge;
    this.#item = item;
    this.#outer = outer;
  }

  protected override _next(value: Result): void {
    this.self.#merge.deliver(value);
  }

  protected override _error(error: unknown): void {
    const { self } = this;
    self.#outer.error(error);
    self.unsubscribe();
  }

  protected override _complete(): void {
    const { self } = this;
    self.unsubscribe();
    self.#merge.finish(self.#item);
  }
}
