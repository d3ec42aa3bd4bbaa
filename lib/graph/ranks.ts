import type { Graph } from './graph.ts';
import { remainingPaths } from './remaining-paths.ts';

/** The order in which ready steps start: the rank of each step, the lowest first, and the step at each rank. */
export interface Ranks {
  readonly rankOf: Uint32Array;
  readonly itemAt: Uint32Array;
}

/**
 * The order in which ready steps start.
 *
 * Higher `priority` first, then the longer remaining path (by `weights`, 1 a step by default), then the order
 * of definition. Linear where there are neither priorities nor weights, else n log n.
 */
export function ranks(
  graph: Graph,
  priorities: Float64Array | undefined,
  weights: Float64Array | undefined,
): Ranks {
  const remaining = remainingPaths(graph, weights);
  if (priorities === undefined && weights === undefined) return ranksByWholeLength(remaining);
  const itemAt = Uint32Array.from(remaining.keys()).sort(
    (left, right) =>
      (priorities?.[right] ?? 0) - (priorities?.[left] ?? 0) ||
      (remaining[right] as number) - (remaining[left] as number) ||
      left - right,
  );
  const rankOf = new Uint32Array(graph.size);
  for (const [rank, index] of itemAt.entries()) rankOf[index] = rank;
  return { rankOf, itemAt };
}

/** A counting sort, since every length is a whole number of steps. */
function ranksByWholeLength(remaining: Float64Array): Ranks {
  const size = remaining.length;
  const firstRank = new Uint32Array(size + 2);
  for (let index = 0; index < size; index++) {
    const bucket = size - (remaining[index] as number) + 1;
    firstRank[bucket] = (firstRank[bucket] as number) + 1;
  }
  for (let bucket = 1; bucket <= size; bucket++) {
    firstRank[bucket] = (firstRank[bucket] as number) + (firstRank[bucket - 1] as number);
  }
  const rankOf = new Uint32Array(size);
  const itemAt = new Uint32Array(size);
  for (let index = 0; index < size; index++) {
    const bucket = size - (remaining[index] as number);
    const rank = firstRank[bucket] as number;
    rankOf[index] = rank;
    itemAt[rank] = index;
    firstRank[bucket] = rank + 1;
  }
  return { rankOf, itemAt };
}
