import type { Graph } from '../graph/graph.ts';
import { status } from './transitions.ts';

/** The failed steps that a step needs, itself included, through skipped ones only. */
export function failedAncestors(graph: Graph, statuses: Uint8Array, index: number): Set<number> {
  const failed = new Set<number>();
  // A Set goes on over what is added while it is walked.
  const seen = new Set([index]);
  for (const current of seen) {
    if (statuses[current] === status.failed) failed.add(current);
    if (statuses[current] !== status.skipped) continue;
    const { starts, values } = graph.dependencies;
    for (const dependency of values.subarray(starts[current], starts[current + 1])) seen.add(dependency);
  }
  return failed;
}
