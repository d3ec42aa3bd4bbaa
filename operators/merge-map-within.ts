import { Observable, type ObservableInput, type ObservedValueOf, type OperatorFunction } from 'rxjs';
import type { AdmissionQueue } from '../lib/admission/admission-queue.ts';
import { type Budget, openBudget, type Ticket } from '../lib/admission/budget.ts';
import { MergeWithin } from './merge-within.ts';

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
 * const pages$ = from(urls).pipe(mergeMapWithin(4, (url) => fetchPage(url)));
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
      const merge = new MergeWithin<Ticket<Value>, ObservedValueOf<Inner>>(
        queue,
        ({ value, index }) => project(value, index) as ObservableInput<ObservedValueOf<Inner>>,
        destination,
      );
      merge.connect(source, ticket);
    });
}

/** The same for items that bring their own queue. @internal */
export function mergeMapFrom<Item, Result>(
  queue: AdmissionQueue<Item>,
  project: (item: Item) => ObservableInput<Result>,
): OperatorFunction<Item, Result> {
  return (source) =>
    new Observable((destination) => {
      new MergeWithin(queue, project, destination).connect(source, (item) => item);
    });
}
