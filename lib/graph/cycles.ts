import type { Rows } from './rows.ts';

/** A topological order: by the order of definition among those that are free. `undefined` where there is a cycle. */
export function topologicalOrder({ starts }: Rows, dependents: Rows): Uint32Array | undefined {
  const size = starts.length - 1;
  const waiting = new Uint32Array(size);
  const order = new Uint32Array(size);
  let filled = 0;
  for (let index = 0; index < size; index++) {
    waiting[index] = (starts[index + 1] as number) - (starts[index] as number);
    if (waiting[index] === 0) order[filled++] = index;
  }
  for (let next = 0; next < filled; next++) {
    const index = order[next] as number;
    const end = dependents.starts[index + 1] as number;
    for (let at = dependents.starts[index] as number; at < end; at++) {
      const dependent = dependents.values[at] as number;
      const left = (waiting[dependent] as number) - 1;
      waiting[dependent] = left;
      if (left === 0) order[filled++] = dependent;
    }
  }
  return filled === size ? order : undefined;
}

/**
 * One cycle out of every knot of the graph (strongly connected component of more than one step), each as the
 * indices along it, the first repeated at the end. Linear, without recursion.
 *
 * Tarjan's algorithm, its stack of calls kept in arrays.
 */
export function cycles({ starts, values }: Rows): number[][] {
  const size = starts.length - 1;
  const unseen = size;
  const found = new Uint32Array(size).fill(unseen);
  const lowest = new Uint32Array(size);
  const onStack = new Uint8Array(size);
  const cursor = starts.slice(0, size);
  const stack: number[] = [];
  const result: number[][] = [];
  let clock = 0;

  for (let root = 0; root < size; root++) {
    if (found[root] !== unseen) continue;
    const calls = [root];
    while (calls.length > 0) {
      const index = calls[calls.length - 1] as number;
      if (found[index] === unseen) {
        found[index] = lowest[index] = clock++;
        stack.push(index);
        onStack[index] = 1;
      }
      const at = cursor[index] as number;
      if (at < (starts[index + 1] as number)) {
        cursor[index] = at + 1;
        const next = values[at] as number;
        if (found[next] === unseen) calls.push(next);
        else if (onStack[next] === 1)
          lowest[index] = Math.min(lowest[index] as number, found[next] as number);
        continue;
      }
      calls.pop();
      const caller = calls[calls.length - 1];
      if (caller !== undefined) lowest[caller] = Math.min(lowest[caller] as number, lowest[index] as number);
      if (lowest[index] === found[index]) {
        const knot = stack.splice(stack.lastIndexOf(index));
        for (const member of knot) onStack[member] = 0;
        if (knot.length > 1) result.push(cycleThrough(knot, starts, values));
      }
    }
  }
  return result;
}

/** The shortest way from the knot's first step back to itself. */
function cycleThrough(knot: readonly number[], starts: Uint32Array, values: Uint32Array): number[] {
  const members = new Set(knot);
  const origin = knot.reduce((first, index) => Math.min(first, index));
  const cameFrom = new Map<number, number>();
  const queue = [origin];
  for (let head = 0; head < queue.length; head++) {
    const index = queue[head] as number;
    for (const next of values.subarray(starts[index], starts[index + 1])) {
      if (next === origin) {
        const path = [origin];
        for (
          let back: number | undefined = index;
          back !== undefined && back !== origin;
          back = cameFrom.get(back)
        ) {
          path.push(back);
        }
        path.push(origin);
        return path.reverse();
      }
      if (!members.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, index);
      queue.push(next);
    }
  }
  return [...knot];
}
