import { PriorityHeap } from '../admission/priority-heap.ts';

/** What takes time. */
interface Span {
  readonly from: number;
  readonly to: number;
}

interface Taken {
  readonly lane: number;
  readonly to: number;
}

/**
 * Puts spans into as few lanes as possible so that none overlaps another of its lane; gives the lane of each, the lowest that is free.
 *
 * Spans come in the order of `from`. Takes spans × log(lanes).
 */
export function lanesOf(spans: readonly Span[]): number[] {
  const busy = new PriorityHeap<Taken>({ before: (left, right) => left.to < right.to });
  const free = new PriorityHeap<number>({ before: (left, right) => left < right });
  let count = 0;
  return spans.map(({ from, to }) => {
    for (let first = busy.peek(); first !== undefined && first.to <= from; first = busy.peek()) {
      free.push(first.lane);
      busy.pop();
    }
    const lane = free.pop() ?? count++;
    busy.push({ lane, to });
    return lane;
  });
}

/** The class whose lanes a step is drawn in: the first it demands that isn't memory. */
export function laneClass(demand: Readonly<Record<string, number>> | undefined): string {
  const names = Object.keys(demand ?? {});
  return names.find((name) => name !== 'memory') ?? names[0] ?? 'no resource';
}
