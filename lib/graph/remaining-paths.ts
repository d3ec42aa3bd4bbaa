import type { OrderedRows } from './rows.ts';

/** For each step the longest path from its start to the end of the graph, its own weight included. Linear. */
export function remainingPaths(
  { dependents, order }: OrderedRows,
  weights: Float64Array | undefined,
): Float64Array {
  const { starts, values } = dependents;
  const remaining = new Float64Array(order.length);
  for (let place = order.length - 1; place >= 0; place--) {
    const index = order[place] as number;
    let after = 0;
    const end = starts[index + 1] as number;
    for (let at = starts[index] as number; at < end; at++) {
      const path = remaining[values[at] as number] as number;
      if (path > after) after = path;
    }
    remaining[index] = after + (weights === undefined ? 1 : (weights[index] as number));
  }
  return remaining;
}
