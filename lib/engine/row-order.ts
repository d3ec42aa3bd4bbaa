import type { ItemOrder } from '../admission/priority-heap.ts';
import { PriorityHeap } from '../admission/priority-heap.ts';
import { RankSet } from '../admission/rank-set.ts';
import type { WaitingItems } from '../admission/waiting-items.ts';
import type { Ranks } from '../graph/ranks.ts';
import type { Row } from './step-table.ts';

/** Where the rows of a scope stand among all others: as a whole where the row stands whose work they do. */
export interface RankedScope {
  /** How deep its rows are: 0 for the run's own. */
  readonly depth: number;
  readonly parentRow: Row;
  readonly parentScope: RankedScope | undefined;
}

/**
 * The order in which rows start. What came of one row isn't overtaken by what came of a later one, and follows that row itself.
 *
 * The run's own rows have their ranks; for those that came later, `enter` says where they belong.
 */
export class RowOrder implements ItemOrder<Row> {
  readonly ranks: Ranks;
  /** How many rows are the run's own: they come first in the table. */
  readonly roots: number;
  readonly #root: RankedScope;
  readonly #scopes: RankedScope[] = [];
  readonly #rankOf: number[] = [];

  constructor(ranks: Ranks, root: RankedScope) {
    this.ranks = ranks;
    this.roots = ranks.rankOf.length;
    this.#root = root;
  }

  enter(row: Row, scope: RankedScope, rank: number): void {
    this.#scopes[row - this.roots] = scope;
    this.#rankOf[row - this.roots] = rank;
  }

  before(left: Row, right: Row): boolean {
    if (left < this.roots && right < this.roots)
      return (this.ranks.rankOf[left] as number) < (this.ranks.rankOf[right] as number);
    return this.#isBefore(left, right);
  }

  #isBefore(left: Row, right: Row): boolean {
    let scope = this.#scopeOf(left);
    let other = this.#scopeOf(right);
    let [row, against] = [left, right];
    // Up to the scope that both lie in; who is found there at once is who the other came of.
    for (; scope.depth > other.depth; scope = scope.parentScope as RankedScope) row = scope.parentRow;
    for (; other.depth > scope.depth; other = other.parentScope as RankedScope) against = other.parentRow;
    // The root is the only one at its depth.
    while (scope !== other && scope.depth > 0) {
      row = scope.parentRow;
      against = other.parentRow;
      scope = scope.parentScope as RankedScope;
      other = other.parentScope as RankedScope;
    }
    return row === against ? row === left : this.#rank(row) < this.#rank(against);
  }

  #scopeOf(row: Row): RankedScope {
    return row < this.roots ? this.#root : (this.#scopes[row - this.roots] as RankedScope);
  }

  #rank(row: Row): number {
    return (row < this.roots ? this.ranks.rankOf[row] : this.#rankOf[row - this.roots]) as number;
  }
}

/** Rows of one demand that wait: a bit each for the run's own, which are many and ranked beforehand; a heap for the others. */
export class WaitingRows implements WaitingItems<Row> {
  readonly #order: RowOrder;
  readonly #roots: RankSet;
  #later: PriorityHeap<Row> | undefined;

  constructor(order: RowOrder) {
    this.#order = order;
    this.#roots = new RankSet(order.ranks);
  }

  get size(): number {
    return this.#roots.size + (this.#later === undefined ? 0 : this.#later.size);
  }

  peek(): Row | undefined {
    const root = this.#roots.peek();
    if (this.#later === undefined) return root;
    const later = this.#later.peek();
    if (root === undefined || later === undefined) return root ?? later;
    return this.#order.before(root, later) ? root : later;
  }

  push(row: Row): void {
    if (row < this.#order.roots) {
      this.#roots.push(row);
      return;
    }
    this.#later ??= new PriorityHeap<Row>(this.#order);
    this.#later.push(row);
  }

  pop(): Row | undefined {
    if (this.#later === undefined) return this.#roots.pop();
    const row = this.peek();
    if (row !== undefined) {
      if (row < this.#order.roots) this.#roots.pop();
      else this.#later.pop();
    }
    return row;
  }

  remove(row: Row): void {
    if (row < this.#order.roots) this.#roots.remove(row);
    else this.#later?.remove(row);
  }

  items(): Row[] {
    return [...this.#roots.items(), ...(this.#later?.items() ?? [])];
  }

  clear(): Row[] {
    return [...this.#roots.clear(), ...(this.#later?.clear() ?? [])];
  }
}
