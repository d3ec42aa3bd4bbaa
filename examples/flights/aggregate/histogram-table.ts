/**
 * Histograms of delays for a number of groups (airports, or hours of day), with only the delays that occur.
 *
 * Group g's histogram is at `starts[g] … starts[g + 1] - 1` of `delays` (ascending) and `counts` (never 0).
 *
 * ```
 * starts   0       3   3     5        group 0: -5 → 2, 0 → 9, 7 → 1
 * delays  -5  0  7  │  1  2           group 1: none
 * counts   2  9  1  │  4  4           group 2: 1 → 4, 2 → 4
 * ```
 *
 * Equal contents mean equal arrays, so tables can be compared entry by entry.
 */
export interface HistogramTable {
  readonly starts: Uint32Array;
  readonly delays: Int32Array;
  readonly counts: Uint32Array;
}

/** Counts into a plain grid of group × delay, which is fast, and packs the result into a table. */
export class HistogramCounter {
  readonly #groups: number;
  readonly #first: number;
  readonly #width: number;
  readonly #grid: Uint32Array;

  /** @param first, last - the smallest and the largest delay that will be added; none where last < first */
  constructor(groups: number, first: number, last: number) {
    this.#groups = groups;
    this.#first = first;
    this.#width = Math.max(0, last - first + 1);
    this.#grid = new Uint32Array(groups * this.#width);
  }

  add(group: number, delay: number): void {
    const cell = group * this.#width + delay - this.#first;
    this.#grid[cell] = (this.#grid[cell] ?? 0) + 1;
  }

  addTable({ starts, delays, counts }: HistogramTable, groupOf: ArrayLike<number>): void {
    const grid = this.#grid;
    for (let group = 0; group + 1 < starts.length; group++) {
      const origin = (groupOf[group] ?? 0) * this.#width - this.#first;
      const end = starts[group + 1] ?? 0;
      for (let i = starts[group] ?? 0; i < end; i++) {
        const cell = origin + (delays[i] ?? 0);
        grid[cell] = (grid[cell] ?? 0) + (counts[i] ?? 0);
      }
    }
  }

  table(): HistogramTable {
    const grid = this.#grid;
    const width = this.#width;
    const starts = new Uint32Array(this.#groups + 1);
    const delays: number[] = [];
    const counts: number[] = [];
    for (let group = 0; group < this.#groups; group++) {
      for (let offset = 0; offset < width; offset++) {
        const count = grid[group * width + offset] ?? 0;
        if (count === 0) continue;
        delays.push(this.#first + offset);
        counts.push(count);
      }
      starts[group + 1] = delays.length;
    }
    return { starts, delays: Int32Array.from(delays), counts: Uint32Array.from(counts) };
  }
}

/** One group's histogram: views into the table, not copies. */
export function histogramOf(
  { starts, delays, counts }: HistogramTable,
  group: number,
): { delays: Int32Array; counts: Uint32Array } {
  const [start, end] = [starts[group], starts[group + 1]];
  return { delays: delays.subarray(start, end), counts: counts.subarray(start, end) };
}

/**
 * Adds tables up.
 *
 * @param groups - how many groups the result has
 * @param parts - each table, and for each of its groups the group of the result
 */
export function mergeHistograms(
  groups: number,
  parts: readonly { readonly table: HistogramTable; readonly groupOf: ArrayLike<number> }[],
): HistogramTable {
  // Delays ascend within a group, so that its first and its last entry are its range.
  let first = Infinity;
  let last = -Infinity;
  for (const { table } of parts) {
    for (let group = 0; group + 1 < table.starts.length; group++) {
      const start = table.starts[group] ?? 0;
      const end = table.starts[group + 1] ?? 0;
      if (start === end) continue;
      first = Math.min(first, table.delays[start] ?? 0);
      last = Math.max(last, table.delays[end - 1] ?? 0);
    }
  }
  const counter = new HistogramCounter(groups, first, last);
  for (const { table, groupOf } of parts) counter.addTable(table, groupOf);
  return counter.table();
}
