import type { Blueprint } from '../definition/blueprint.ts';
import { type OrderedRows, type Rows, reverseRows } from '../graph/rows.ts';
import type { Parts } from './parts.ts';

/** Which row comes after which. */
export interface Precedence extends OrderedRows {
  readonly size: number;
  readonly dependencies: Rows;
}

/**
 * What of the parts waits for what. The first rows are the parts by their indices; each one that is made of others has one more, its
 * end: it comes after these, and what waits for the part waits for its end.
 *
 *     a ─▶ part ─▶ part/x ─▶ part/y ─▶ end of part ─▶ b
 *
 * Of a fan-out of which only so many children run at once, each comes after the one that is so many places before it.
 */
export function precedenceOf(parts: Parts): Precedence {
  const { blueprint, inners } = parts;
  if (inners.size === 0) return blueprint.graph;
  return new Unfolded(parts).precedence();
}

class Unfolded {
  readonly #parts: Parts;
  readonly #needs: number[][] = [];
  readonly #order: number[] = [];
  readonly #endOf = new Map<number, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
    let next = parts.ids.length;
    for (const host of parts.inners.keys()) this.#endOf.set(host, next++);
    this.#addGraph(parts.blueprint, 0, undefined);
  }

  precedence(): Precedence {
    const size = this.#needs.length;
    const starts = new Uint32Array(size + 1);
    for (let row = 0; row < size; row++)
      starts[row + 1] = (starts[row] as number) + (this.#needs[row] as number[]).length;
    const dependencies = { starts, values: Uint32Array.from(this.#needs.flat()) };
    return {
      size,
      dependencies,
      dependents: reverseRows(dependencies),
      order: Uint32Array.from(this.#order),
    };
  }

  /** Gives the ends of all of its steps. */
  #addGraph({ graph }: Blueprint, first: number, host: number | undefined): number[] {
    const { starts, values } = graph.dependencies;
    for (const index of graph.order) {
      const needs = Array.from(values.subarray(starts[index], starts[index + 1]), (needed) =>
        this.#end(first + needed),
      );
      if (needs.length === 0 && host !== undefined) needs.push(host);
      this.#add(first + index, needs);
      this.#addWithin(first + index);
    }
    return Array.from(graph.order, (index) => this.#end(first + index));
  }

  #addWithin(host: number): void {
    const inner = this.#parts.inners.get(host);
    if (inner === undefined) return;
    const ends: number[] = [host];
    if (inner.kind === 'graph') {
      for (const end of this.#addGraph(inner.blueprint, inner.first, host)) ends.push(end);
    } else {
      const { concurrency } = inner.plan;
      for (let place = 0; place < inner.count; place++) {
        const child = inner.first + place;
        this.#add(child, [place < concurrency ? host : child - concurrency]);
        ends.push(child);
      }
    }
    this.#add(this.#end(host), ends);
  }

  #end(part: number): number {
    return this.#endOf.get(part) ?? part;
  }

  #add(row: number, needs: number[]): void {
    this.#needs[row] = needs;
    this.#order.push(row);
  }
}
