import type { Blueprint } from '../definition/blueprint.ts';
import type { Parts } from './parts.ts';
import type { Timetable } from './rehearsal.ts';

/** A path through a graph: its steps, and how long they take, in ms. */
export interface Path {
  readonly steps: readonly string[];
  readonly length: number;
}

/**
 * The longest path through what ran of a workflow: what no capacity could have made shorter. A step that brought others
 * takes as long as the longest path through these.
 *
 * Linear in parts + dependencies.
 */
export function longestPath(parts: Parts, timetable: Timetable): Path {
  const { indices, length } = longestIn(parts.blueprint, 0, parts, timetable);
  return { steps: indices.map((index) => parts.ids[index] ?? ''), length };
}

function longestIn(
  blueprint: Blueprint,
  first: number,
  parts: Parts,
  timetable: Timetable,
): { readonly indices: number[]; readonly length: number } {
  const { graph } = blueprint;
  const { starts, values } = graph.dependencies;
  const ends = new Float64Array(graph.size);
  const begins = new Float64Array(graph.size);
  const before = new Int32Array(graph.size).fill(-1);
  let last = -1;
  for (const index of graph.order) {
    for (const needed of values.subarray(starts[index], starts[index + 1])) {
      // Both ends of a stream run at the same time.
      const isStream = blueprint.streams(index, needed);
      const from = (isStream ? begins : ends)[needed] as number;
      if (from <= (begins[index] as number)) continue;
      begins[index] = from;
      before[index] = isStream ? (before[needed] as number) : needed;
    }
    ends[index] = (begins[index] as number) + leastOf(first + index, parts, timetable);
    if (last < 0 || ends[index] > (ends[last] as number)) last = index;
  }
  const indices: number[] = [];
  for (let index = last; index >= 0; index = before[index] as number) indices.push(index);
  return { indices: indices.reverse(), length: last < 0 ? 0 : (ends[last] as number) };
}

/** How long a part takes at least. */
function leastOf(part: number, parts: Parts, timetable: Timetable): number {
  const start = timetable.starts[part] as number;
  if (Number.isNaN(start)) return 0;
  const inner = parts.inners.get(part);
  if (inner === undefined) return (timetable.ends[part] as number) - start;
  if (inner.kind === 'graph') return longestIn(inner.blueprint, inner.first, parts, timetable).length;
  let longest = 0;
  for (let place = 0; place < inner.count; place++)
    longest = Math.max(longest, leastOf(inner.first + place, parts, timetable));
  return longest;
}
