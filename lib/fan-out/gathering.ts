import { decided } from '../base/decision.ts';
import type { FanOutPlan } from '../definition/hosted.ts';

/** Where the results of children go, each with its item's place. */
export interface Gathering {
  /** Whether a further child's result can be taken, should it come before those of earlier ones. */
  readonly hasRoom: boolean;
  add(place: number, key: string, result: unknown): void;
  /** One of the results will never come. */
  skip(): void;
  result(): unknown;
}

export function gatheringOf(plan: FanOutPlan): Gathering {
  return plan.reduce === undefined
    ? new ListGathering()
    : new FoldGathering(plan.reduce, beginningWith(plan.initial));
}

/** What a fold begins with, each time anew: a fold may well change it. */
function beginningWith(initial: unknown): unknown {
  if (typeof initial === 'function') return (initial as () => unknown)();
  if (typeof initial !== 'object' || initial === null || Object.isFrozen(initial)) return initial;
  const prototype: unknown = Object.getPrototypeOf(initial);
  const isPlain = prototype === null || copied.some((each) => each.prototype === prototype);
  return isPlain ? structuredClone(initial) : initial;
}

/** Classes whose instances are copied whole; one of a user's own would be no more than its fields. */
const copied = [Object, Array, Map, Set, Date];

/** Keeps them all, in the order of the items. */
class ListGathering implements Gathering {
  readonly hasRoom = true;
  readonly #results: unknown[] = [];

  add(place: number, _: string, result: unknown): void {
    // Without holes: a list that has some is slow for ever.
    while (this.#results.length < place) this.#results.push(undefined);
    this.#results[place] = result;
  }

  skip(): void {
    // There is no list where one is missing.
  }

  result(): unknown {
    return this.#results;
  }
}

/** So many results may wait for an earlier one at most. */
const mostWaiting = 1024;

/** Folds them in the order of the items, and forgets them. */
class FoldGathering implements Gathering {
  readonly #reduce: NonNullable<FanOutPlan['reduce']>;
  /** What came before the result of an earlier item. */
  readonly #waiting = new Map<number, { readonly key: string; readonly result: unknown }>();
  #sum: unknown;
  #next = 0;
  #lacksOne = false;

  constructor(reduce: NonNullable<FanOutPlan['reduce']>, initial: unknown) {
    this.#reduce = reduce;
    this.#sum = initial;
  }

  get hasRoom(): boolean {
    return this.#waiting.size < mostWaiting;
  }

  add(place: number, key: string, result: unknown): void {
    if (this.#lacksOne) return;
    if (place !== this.#next) {
      this.#waiting.set(place, { key, result });
      return;
    }
    this.#sum = this.#folded(result, key);
    this.#next++;
    this.#foldWaiting();
  }

  skip(): void {
    // There is no sum where one is missing.
    this.#lacksOne = true;
    this.#waiting.clear();
  }

  result(): unknown {
    return this.#sum;
  }

  #foldWaiting(): void {
    for (;;) {
      const waiting = this.#waiting.get(this.#next);
      if (waiting === undefined) return;
      this.#waiting.delete(this.#next);
      this.#next++;
      this.#sum = this.#folded(waiting.result, waiting.key);
    }
  }

  #folded(result: unknown, key: string): unknown {
    return decided(
      () => 'forEachStep',
      'what reduce gives',
      'the next sum',
      this.#reduce(this.#sum, result, key),
    );
  }
}
