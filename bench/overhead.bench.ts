/**
 * What a step costs in process, beside two floors in the same run: a bare loop, and `Promise.all(deps).then(run)`.
 *
 * Rounds of all contestants are interleaved; every figure is the median over rounds, ratios are medians of a round's
 * ratios. Arguments: sizes, by default 1000 10000 100000.
 */
import { availableParallelism, cpus } from 'node:os';
import { bareLoop, define, lastOutput, type Mode, promiseAll } from './contestants.ts';
import { type BenchGraph, benchGraph, shapes } from './graphs.ts';
import { median, table } from './statistics.ts';

const sizes = process.argv.slice(2).map(Number);
if (sizes.length === 0) sizes.push(1000, 10_000, 100_000);

/** Enough steps in all for the compiler to settle and for a median to mean something. */
const roundsFor = (size: number): number => Math.max(9, Math.min(60, Math.floor(600_000 / size)));

async function timed<Result>(work: () => Result | Promise<Result>): Promise<[ms: number, result: Result]> {
  const start = performance.now();
  const result = await work();
  return [performance.now() - start, result];
}

async function round(graph: BenchGraph, mode: Mode) {
  const [loop, expected] = await timed(() => bareLoop(graph, mode));
  const [promises, agreed] = await timed(() => promiseAll(graph, mode));
  const [defined, flow] = await timed(() => define(graph, mode));
  const [first, outputs] = await timed(() => flow.run().result());
  const [run] = await timed(() => flow.run().result());
  const observedRun = flow.run();
  let events = 0;
  observedRun.progress$.subscribe(() => {
    events++;
  });
  const [observed] = await timed(() => observedRun.result());
  const least = 2 * graph.dependencies.length;
  if (lastOutput(graph, outputs) !== expected || agreed !== expected || events < least) {
    throw new Error(
      `the contestants disagree on ${graph.shape}: ${String(expected)}, ${String(agreed)}, ${String(events)} events`,
    );
  }
  return { loop, promises, defined, first, run, observed };
}

const rows: string[][] = [];
for (const size of sizes) {
  for (const mode of ['sync', 'async'] as const) {
    for (const shape of shapes) {
      const graph = benchGraph(shape, size);
      for (let warmUp = 0; warmUp < 3; warmUp++) await round(graph, mode);
      const rounds: Awaited<ReturnType<typeof round>>[] = [];
      for (let count = roundsFor(size); count > 0; count--) rounds.push(await round(graph, mode));
      const micros = (pick: (one: (typeof rounds)[number]) => number): string =>
        ((median(rounds.map(pick)) / size) * 1000).toFixed(2);
      const ratio = (pick: (one: (typeof rounds)[number]) => number): string =>
        median(rounds.map((one) => pick(one) / one.promises)).toFixed(2);
      rows.push([
        String(size),
        mode,
        shape,
        micros(({ loop }) => loop),
        micros(({ promises }) => promises),
        micros(({ run }) => run),
        ratio(({ run }) => run),
        ratio(({ observed }) => observed),
        ratio(({ defined, first }) => defined + first),
      ]);
    }
  }
}

console.log(
  `Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${String(availableParallelism())} cores`,
);
console.log('µs a step; ratios to Promise.all, medians over interleaved rounds\n');
console.log(
  table(
    [
      'steps',
      'mode',
      'graph',
      'loop µs',
      'Promise.all µs',
      'millrace µs',
      'ratio',
      'with 1 subscriber',
      'with definition',
    ],
    rows,
  ),
);
