import { PriorityHeap } from '../admission/priority-heap.ts';
import type { Graph } from '../graph/graph.ts';
import type { Parts } from './parts.ts';
import type { Problem } from './problem.ts';

/**
 * The workflow's own steps in the order of their starts, none before what it depends on. At one instant, what takes no time goes
 * before what would be in its way. What is made of others starts with the first of these; of two that start together, the one goes first
 * whose others start earlier on average. What never started goes where the first that depends on it would have needed it.
 */
export function startingOrder(parts: Parts, problem: Problem, starts: Float64Array): Uint32Array {
  const { graph } = parts.blueprint;
  const { placeOf, durations } = problem;
  const spans = new Map<number, Span>();
  for (const host of parts.inners.keys())
    if (host < graph.size && !Number.isNaN(starts[host])) spans.set(host, spanOf(parts, host, starts));
  const times = startsOrNeeds(graph, starts, spans);
  const meanOf = (index: number): number => spans.get(index)?.mean ?? (times[index] as number);
  const waitingFor = Uint32Array.from(
    graph.ids,
    (_, index) =>
      (graph.dependencies.starts[index + 1] as number) - (graph.dependencies.starts[index] as number),
  );
  const takes = (index: number): number =>
    Number.isNaN(starts[index]) ? 0 : parts.inners.has(index) ? 1 : Math.sign(durations[index] as number);
  const ready = new PriorityHeap<number>({
    before: (left, right) =>
      ((times[left] as number) - (times[right] as number) ||
        takes(left) - takes(right) ||
        meanOf(left) - meanOf(right) ||
        (placeOf[left] as number) - (placeOf[right] as number)) < 0,
  });
  for (const [index, left] of waitingFor.entries()) if (left === 0) ready.push(index);
  const order = new Uint32Array(graph.size);
  for (let place = 0; place < graph.size; place++) {
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
function startsOrNeeds(graph: Graph, starts: Float64Array, spans: ReadonlyMap<number, Span>): Float64Array {
  const times = starts.slice(0, graph.size);
  for (const [host, { first }] of spans) times[host] = first;
  for (let place = graph.size - 1; place >= 0; place--) {
    const index = graph.order[place] as number;
    if (!Number.isNaN(times[index])) continue;
    let needed = Infinity;
    for (const dependent of rowOf(graph, index)) needed = Math.min(needed, times[dependent] as number);
    times[index] = needed;
  }
  return times;
}

/** When those started that a part is made of: the first, and on average. */
interface Span {
  readonly first: number;
  readonly mean: number;
}

function spanOf(parts: Parts, host: number, starts: Float64Array): Span {
  let first = Infinity;
  let sum = 0;
  let count = 0;
  const add = (part: number): void => {
    const inner = parts.inners.get(part);
    const start = starts[part] as number;
    if (inner !== undefined) {
      const size = inner.kind === 'graph' ? inner.blueprint.graph.size : inner.count;
      for (let place = 0; place < size; place++) add(inner.first + place);
    } else if (!Number.isNaN(start)) {
      first = Math.min(first, start);
      sum += start;
      count++;
    }
  };
  add(host);
  return count === 0
    ? { first: starts[host] as number, mean: starts[host] as number }
    : { first, mean: sum / count };
}

function rowOf({ dependents: { starts, values } }: Graph, index: number): Uint32Array {
  return values.subarray(starts[index], starts[index + 1]);
}
