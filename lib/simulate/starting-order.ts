import { PriorityHeap } from '../admission/priority-heap.ts';
import type { Graph } from '../graph/graph.ts';
import type { Problem } from './problem.ts';

/**
 * The steps in the order of their starts, none before what it depends on. At one instant, what takes no time goes before what
 * would be in its way; what never started goes where the first that depends on it would have needed it.
 */
export function startingOrder(graph: Graph, problem: Problem, starts: Float64Array): Uint32Array {
  const { placeOf, durations } = problem;
  const times = startsOrNeeds(graph, starts);
  const waitingFor = Uint32Array.from(
    placeOf,
    (_, index) =>
      (graph.dependencies.starts[index + 1] as number) - (graph.dependencies.starts[index] as number),
  );
  const takes = (index: number): number =>
    Number.isNaN(starts[index]) ? 0 : Math.sign(durations[index] as number);
  const ready = new PriorityHeap<number>({
    before: (left, right) =>
      ((times[left] as number) - (times[right] as number) ||
        takes(left) - takes(right) ||
        (placeOf[left] as number) - (placeOf[right] as number)) < 0,
  });
  for (const [index, left] of waitingFor.entries()) if (left === 0) ready.push(index);
  const order = new Uint32Array(problem.size);
  for (let place = 0; place < problem.size; place++) {
    const index = ready.pop() as number;
    order[place] = index;
    for (const dependent of rowOf(graph, index)) {
      waitingFor[dependent] = (waitingFor[dependent] as number) - 1;
      if (waitingFor[dependent] === 0) ready.push(dependent);
    }
  }
  return order;
}

/** When each step started; or when the first that depends on it did; or never. */
function startsOrNeeds(graph: Graph, starts: Float64Array): Float64Array {
  const times = starts.slice();
  for (let place = graph.size - 1; place >= 0; place--) {
    const index = graph.order[place] as number;
    if (!Number.isNaN(times[index])) continue;
    let needed = Infinity;
    for (const dependent of rowOf(graph, index)) needed = Math.min(needed, times[dependent] as number);
    times[index] = needed;
  }
  return times;
}

function rowOf({ dependents: { starts, values } }: Graph, index: number): Uint32Array {
  return values.subarray(starts[index], starts[index + 1]);
}
