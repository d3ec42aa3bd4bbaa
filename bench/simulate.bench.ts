/**
 * What a simulated step costs, beside a bare event-driven list scheduler: an array of ready steps by longest remaining
 * path, a heap of ends, and nothing else. Both must come to the same makespan. Arguments: sizes, by default
 * 1000 10000 100000.
 */
import { type Definition, defineWorkflow } from 'millrace';
import { simulate } from 'millrace/simulate';
import { type BenchGraph, benchGraph } from './graphs.ts';
import { median, table } from './statistics.ts';

const machines = 50;
const rounds = 7;
const sizes = process.argv.slice(2).map(Number);
if (sizes.length === 0) sizes.push(1000, 10_000, 100_000);

/** Irregular fractions, so that no two steps end at one instant and no two paths are equally long. */
const durationOf = (index: number): number => 1 + Math.abs((Math.sin(index + 1) * 43_758.5453) % 1) * 9;

/** A binary heap of numbers by a key each, the lowest first. */
class Heap {
  readonly #items: number[] = [];
  readonly #keys: Float64Array;

  constructor(keys: Float64Array) {
    this.#keys = keys;
  }

  get size(): number {
    return this.#items.length;
  }

  add(item: number): void {
    const items = this.#items;
    let place = items.push(item) - 1;
    for (let parent = (place - 1) >> 1; place > 0; parent = (place - 1) >> 1) {
      if (this.#key(parent) <= (this.#keys[item] as number)) break;
      items[place] = items[parent] as number;
      place = parent;
    }
    items[place] = item;
  }

  take(): number {
    const items = this.#items;
    const first = items[0] as number;
    const last = items.pop() as number;
    if (items.length === 0) return first;
    let place = 0;
    for (let child = 1; child < items.length; child = 2 * place + 1) {
      if (child + 1 < items.length && this.#key(child + 1) < this.#key(child)) child++;
      if (this.#key(child) >= (this.#keys[last] as number)) break;
      items[place] = items[child] as number;
      place = child;
    }
    items[place] = last;
    return first;
  }

  #key(place: number): number {
    return this.#keys[this.#items[place] as number] as number;
  }
}

function bareMakespan({ dependencies }: BenchGraph): number {
  const size = dependencies.length;
  const dependents: number[][] = Array.from({ length: size }, () => []);
  const waitingFor = Uint32Array.from(dependencies, (needed) => needed.length);
  for (const [index, needed] of dependencies.entries())
    for (const other of needed) dependents[other]?.push(index);
  const ranks = new Float64Array(size);
  for (let index = size - 1; index >= 0; index--) {
    const after = (dependents[index] ?? []).reduce(
      (most, other) => Math.min(most, ranks[other] as number),
      0,
    );
    ranks[index] = after - durationOf(index);
  }
  const ends = new Float64Array(size);
  const ready = new Heap(ranks);
  const running = new Heap(ends);
  for (let index = 0; index < size; index++) if (waitingFor[index] === 0) ready.add(index);
  let now = 0;
  for (;;) {
    while (ready.size > 0 && running.size < machines) {
      const index = ready.take();
      ends[index] = now + durationOf(index);
      running.add(index);
    }
    if (running.size === 0) return now;
    const ended = running.take();
    now = ends[ended] as number;
    for (const other of dependents[ended] ?? []) {
      waitingFor[other] = (waitingFor[other] as number) - 1;
      if (waitingFor[other] === 0) ready.add(other);
    }
  }
}

function timed<Result>(work: () => Result): [ms: number, result: Result] {
  const start = performance.now();
  const result = work();
  return [performance.now() - start, result];
}

const rows: string[][] = [];
for (const size of sizes) {
  for (const shape of ['independent', 'layered', 'random'] as const) {
    const graph = benchGraph(shape, size);
    const flow = defineWorkflow(
      shape,
      graph.dependencies.map(
        (needed, index): Definition => ({
          id: `s${String(index)}`,
          dependsOn: needed.map((other) => `s${String(other)}`),
          run: () => undefined,
          resource: 'machine',
          estimate: durationOf(index),
        }),
      ),
    );
    const measured = Array.from({ length: rounds }, () => {
      const [bare, expected] = timed(() => bareMakespan(graph));
      const [simulated, { makespan }] = timed(() => simulate(flow, { limits: { machine: machines } }));
      if (Math.abs(makespan - expected) > 1e-6 * expected) {
        throw new Error(`they disagree on ${shape}: ${String(makespan)} and ${String(expected)}`);
      }
      return { bare, simulated };
    });
    const micros = (pick: (one: (typeof measured)[number]) => number): string =>
      ((median(measured.map(pick)) / size) * 1000).toFixed(2);
    rows.push([
      String(size),
      shape,
      micros(({ bare }) => bare),
      micros(({ simulated }) => simulated),
      median(measured.map(({ bare, simulated }) => simulated / bare)).toFixed(1),
    ]);
  }
}
console.log('µs a step, medians of interleaved rounds\n');
console.log(table(['steps', 'graph', 'bare list scheduler', 'simulate', 'ratio'], rows));
