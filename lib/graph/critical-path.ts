import { ownOf } from '../base/record.ts';
import { remainingPaths } from './remaining-paths.ts';
import type { OrderedRows } from './rows.ts';

/** The length of a step by its id, as a record or a function. */
export type Weights = Readonly<Record<string, number>> | ((id: string) => number);

/** The longest path through a graph. */
export interface CriticalPath {
  /** Its steps, from the first to the last. */
  readonly steps: readonly string[];
  /** The sum of their weights. */
  readonly length: number;
}

/** The longest path; the first in the order of definition where several are as long. */
export function criticalPath(
  graph: OrderedRows & { readonly ids: readonly string[] },
  weights: Weights | undefined,
): CriticalPath {
  const weightOf =
    typeof weights === 'function'
      ? weights
      : (id: string) => (weights === undefined ? 1 : (ownOf(weights, id) ?? 0));
  const remaining = remainingPaths(graph, Float64Array.from(graph.ids, weightOf));
  const steps: string[] = [];
  let length = 0;
  let candidates: Iterable<number> = graph.ids.keys();
  for (;;) {
    const next = longest(candidates, remaining);
    if (next === undefined) break;
    if (steps.length === 0) length = remaining[next] ?? 0;
    steps.push(graph.ids[next] ?? '');
    const { starts, values } = graph.dependents;
    candidates = values.subarray(starts[next], starts[next + 1]);
  }
  return { steps, length };
}

function longest(candidates: Iterable<number>, remaining: Float64Array): number | undefined {
  let best: number | undefined;
  for (const candidate of candidates) {
    if (best === undefined || (remaining[candidate] ?? 0) > (remaining[best] ?? 0)) best = candidate;
  }
  return best;
}
