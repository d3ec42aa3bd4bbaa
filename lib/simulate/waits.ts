import type { Blueprint } from '../definition/blueprint.ts';
import type { Parts } from './parts.ts';
import type { Timetable } from './rehearsal.ts';

/** Whether a step starts later than what it needs would let it: for want of resources, then. */
export function anyWaits(parts: Parts, timetable: Timetable): boolean {
  if (anyWaitsIn(parts.blueprint, 0, 0, timetable)) return true;
  for (const [host, inner] of parts.inners) {
    const start = timetable.starts[host] as number;
    if (inner.kind === 'graph') {
      if (anyWaitsIn(inner.blueprint, inner.first, start, timetable)) return true;
    } else if (inner.plan.concurrency === Infinity && !inner.plan.isLive) {
      for (let place = 0; place < inner.count; place++)
        if ((timetable.starts[inner.first + place] as number) > start) return true;
    }
  }
  return false;
}

function anyWaitsIn(
  blueprint: Blueprint,
  first: number,
  startedAt: number,
  { starts, ends }: Timetable,
): boolean {
  const { dependencies, size } = blueprint.graph;
  for (let index = 0; index < size; index++) {
    // Those wait for a decision.
    if (blueprint.branching?.dormant[index] === 1) continue;
    let readyAt = startedAt;
    for (
      let at = dependencies.starts[index] as number;
      at < (dependencies.starts[index + 1] as number);
      at++
    ) {
      const needed = dependencies.values[at] as number;
      // Both ends of a stream run at the same time.
      const from = (blueprint.streams(index, needed) ? starts : ends)[first + needed] as number;
      if (from > readyAt) readyAt = from;
    }
    if ((starts[first + index] as number) > readyAt) return true;
  }
  return false;
}
