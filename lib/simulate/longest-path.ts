import type { Blueprint } from '../definition/blueprint.ts';
import type { Parts } from './parts.ts';
import type { Timetable } from './rehearsal.ts';

/**
 * How long the longest path takes through what ran of a workflow, in ms: what no capacity could have made shorter. A step that brought
 * others takes as long as the longest path through these.
 *
 * Linear in parts + dependencies.
 */
export function longestPath(parts: Parts, timetable: Timetable): number {
  return longestIn(parts.blueprint, 0, parts, timetable);
}

function longestIn(blueprint: Blueprint, first: number, parts: Parts, timetable: Timetable): number {
  const { graph } = blueprint;
  const { starts, values } = graph.dependencies;
  const ends = new Float64Array(graph.size);
  const begins = new Float64Array(graph.size);
  let longest = 0;
  for (const index of graph.order) {
    let begin = 0;
    for (const needed of values.subarray(starts[index], starts[index + 1])) {
      // Both ends of a stream run at the same time.
      const from = (blueprint.streams(index, needed) ? begins : ends)[needed] as number;
      if (from > begin) begin = from;
    }
    begins[index] = begin;
    ends[index] = begin + leastOf(first + index, parts, timetable);
    longest = Math.max(longest, ends[index]);
  }
  return longest;
}

/** How long a part takes at least. */
function leastOf(part: number, parts: Parts, timetable: Timetable): number {
  const start = timetable.starts[part] as number;
  if (Number.isNaN(start)) return 0;
  const inner = parts.inners.get(part);
  if (inner === undefined) return (timetable.ends[part] as number) - start;
  if (inner.kind === 'graph') return longestIn(inner.blueprint, inner.first, parts, timetable);
  let longest = 0;
  for (let place = 0; place < inner.count; place++)
    longest = Math.max(longest, leastOf(inner.first + place, parts, timetable));
  return longest;
}
