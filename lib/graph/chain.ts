import type { Graph } from './graph.ts';

/** The path from a root to a step: back through each step's first dependency in the order of definition. */
export function chainTo(graph: Graph, index: number): string[] {
  const { starts, values } = graph.dependencies;
  const chain: string[] = [];
  let current: number | undefined = index;
  while (current !== undefined) {
    chain.push(graph.ids[current] ?? '');
    let first: number | undefined;
    for (const dependency of values.subarray(starts[current], starts[current + 1])) {
      if (first === undefined || dependency < first) first = dependency;
    }
    current = first;
  }
  return chain.reverse();
}
