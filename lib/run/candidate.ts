import type { ItemOrder } from '../admission/priority-heap.ts';
import type { Shape } from '../admission/shape.ts';
import type { Attempt } from './attempt.ts';

/** Those who have steps to start: a graph, or the children of a fan-out. */
export interface Scope {
  /** A step of this scope has been admitted. */
  start(index: number): void;
  /** An attempt of a step of this scope is over. */
  ended(attempt: Attempt): void;
  /** A waiting step of this scope can never start any more, for want of the class at a place. */
  failHopeless(index: number, place: number): void;
}

/**
 * A step that came while the run was under way, and may start. It stands where its host stands among the steps that were
 * there from the beginning, and among its host's others by its own place: what came of one step isn't overtaken by what
 * came of a later one.
 */
export class Candidate {
  readonly scope: Scope;
  /** Which step of its scope. */
  readonly index: number;
  readonly shape: Shape<Item>;
  /** The ranks of its hosts, from the outermost, and its own. */
  readonly path: readonly number[];

  constructor(scope: Scope, index: number, shape: Shape<Item>, path: readonly number[]) {
    this.scope = scope;
    this.index = index;
    this.shape = shape;
    this.path = path;
  }
}

/** What waits for its admission: a step that was there from the beginning, by its index, or one that came later. */
export type Item = number | Candidate;

/** The order in which items start. */
export class ItemsByRank implements ItemOrder<Item> {
  readonly #ranks: Uint32Array;

  constructor(ranks: Uint32Array) {
    this.#ranks = ranks;
  }

  before(left: Item, right: Item): boolean {
    if (typeof left === 'number' && typeof right === 'number')
      return (this.#ranks[left] as number) < (this.#ranks[right] as number);
    return this.#isBefore(left, right);
  }

  #isBefore(left: Item, right: Item): boolean {
    const length = Math.max(lengthOf(left), lengthOf(right));
    for (let level = 0; level < length; level++) {
      const difference = this.#rank(left, level) - this.#rank(right, level);
      if (difference !== 0) return difference < 0;
    }
    return false;
  }

  /** A host, whose path ends earlier, goes before what came of it. */
  #rank(item: Item, level: number): number {
    if (typeof item !== 'number') return item.path[level] ?? -1;
    return level === 0 ? (this.#ranks[item] as number) : -1;
  }
}

function lengthOf(item: Item): number {
  return typeof item === 'number' ? 1 : item.path.length;
}
