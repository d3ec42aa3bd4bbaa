import type { Graph } from './graph.ts';

/**
 * The path from a root to a step: back through each step's first dependency in the order of definition.
 *
 * @param last - the one before the step itself, where it isn't the first
 */
export function chainTo(graph: Graph, step: number, last?: number): number[] {
  const chain = [step];
  for (
    let current = last ?? firstBefore(graph, step);
    current !== undefined;
    current = firstBefore(graph, current)
  )
    chain.push(current);
  return chain.reverse();
}

function firstBefore({ dependencies: { starts, values } }: Graph, step: number): number | undefined {
  let first: number | undefined;
  for (const dependency of values.subarray(starts[step], starts[step + 1]))
    if (first === undefined || dependency < first) first = dependency;
  return first;
}
