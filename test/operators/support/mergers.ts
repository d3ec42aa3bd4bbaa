import { defer, mergeMap, Observable, type ObservableInput } from 'rxjs';
import { mergeMapWithin } from '../../../operators/merge-map-within.ts';
import type { MergeOperator, Turns } from './merge-scenario.ts';

/** The operator under test. */
export const ours: MergeOperator = (limit, project) => mergeMapWithin(limit, project);

/** What it has to equal. */
export const theirs: MergeOperator = (limit, project) => mergeMap(project, limit);

/**
 * RxJS's operator without its nesting: what starts while a value is being delivered or an inner is being subscribed to
 * starts right after that, and so does the completion.
 */
export class Trampoline implements Turns {
  readonly #due: (() => void)[] = [];
  #isTaken = false;

  readonly operator: MergeOperator = <Value, Result>(
    limit: number,
    project: (value: Value, index: number) => ObservableInput<Result>,
  ) =>
    mergeMap(
      (value: Value, index: number) =>
        new Observable<Result>((subscriber) => {
          this.#inTurn(() => {
            if (!subscriber.closed) subscriber.add(defer(() => project(value, index)).subscribe(subscriber));
          });
        }),
      limit,
    );

  value(work: () => void): void {
    if (this.#isTaken) work();
    else this.#inTurn(work);
  }

  completion(work: () => void): void {
    this.#inTurn(work);
  }

  #inTurn(work: () => void): void {
    this.#due.push(work);
    if (this.#isTaken) return;
    this.#isTaken = true;
    for (let next = this.#due.shift(); next !== undefined; next = this.#due.shift()) next();
    this.#isTaken = false;
  }
}

/** The operator under test with a budget of one resource, which is the same thing said in more words. */
export const oursWithOneResource: MergeOperator = (limit, project) =>
  mergeMapWithin({ limits: { slots: limit }, demand: () => ({ slots: 1 }), maxOvertakes: 1 }, project);

/** All three, with names for tests that run with each. */
export const mergers: readonly (readonly [name: string, merge: MergeOperator])[] = [
  ['mergeMap', theirs],
  ['mergeMapWithin', ours],
  ['mergeMapWithin with a budget', oursWithOneResource],
];
