import type { Graph } from './graph.ts';

/** For each step the longest path from its start to the end of the graph, its own weight included. Linear. */
export function remainingPaths(graph: Graph, weights: Float64Array | undefined): Float64Array {
  const { starts, values } = graph.dependents;
  const remaining = new Float64Array(graph.size);
  for (let place = graph.size - 1; place >= 0; place--) {
    const index = graph.order[place] as number;
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
