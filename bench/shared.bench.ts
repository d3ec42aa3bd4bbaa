/**
 * What it costs to share limits: a step and a short run, beside the same with limits of the run's own, in the same rounds.
 *
 * On Node 20 every Promise of a process costs a little more once a run of it has shared limits, since runs are then followed through async
 * contexts: the last column says what a step without shared limits cost before that.
 *
 * Needs `--expose-gc`. Arguments: steps, by default 10000.
 */
import { type SharedLimits, sharedLimits } from 'millrace';
import { define, type Mode } from './contestants.ts';
import { benchGraph, type Shape } from './graphs.ts';
import { median, table } from './statistics.ts';

const size = Number(process.argv[2] ?? 10_000);
const rounds = 40;
const limit = 8;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

interface Case {
  readonly mode: Mode;
  readonly shape: Shape;
  readonly runs: number;
  readonly at: 'once' | 'after each other';
}

const cases: readonly Case[] = [
  ...(['sync', 'async'] as const).flatMap((mode) =>
    (['layered', 'chain', 'independent'] as const).map((shape) => ({
      mode,
      shape,
      runs: 1,
      at: 'once' as const,
    })),
  ),
  ...(['sync', 'async'] as const).flatMap((mode) => [
    { mode, shape: 'layered' as const, runs: 100, at: 'once' as const },
    { mode, shape: 'layered' as const, runs: 1000, at: 'after each other' as const },
  ]),
];

/** Each in the form that leaves most to be said: a limit that is reached, and one of runs where there are several. */
function contestants({ mode, shape, runs, at }: Case) {
  const flow = define(benchGraph(shape, Math.max(1, Math.floor(size / runs))), mode);
  const shared = sharedLimits({ 'light-cpu': limit, ...(at === 'once' ? {} : { runs: 10 }) });
  const play = async (options: () => { readonly shared?: SharedLimits }): Promise<void> => {
    const one = (): Promise<unknown> => flow.run({ limits: { 'light-cpu': limit }, ...options() }).result();
    if (at === 'once') await Promise.all(Array.from({ length: runs }, one));
    else for (let run = 0; run < runs; run++) await one();
  };
  return { own: () => play(() => ({})), shared: () => play(() => ({ shared })) };
}

const before = new Map<Case, number>();
for (const each of cases) {
  const { own } = contestants(each);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await timed(own));
  before.set(each, median(times.slice(3)));
}

const rows: string[][] = [];
for (const each of cases) {
  const { own, shared } = contestants(each);
  const pairs: { readonly own: number; readonly shared: number }[] = [];
  for (let round = 0; round < rounds; round++)
    pairs.push({ own: await timed(own), shared: await timed(shared) });
  const counted = pairs.slice(3);
  const micros = (ms: number): string => ((ms * 1000) / size).toFixed(2);
  rows.push([
    `${String(each.runs)} ${each.at}`,
    each.mode,
    each.shape,
    micros(median(counted.map((pair) => pair.own))),
    micros(median(counted.map((pair) => pair.shared))),
    median(counted.map((pair) => pair.shared / pair.own)).toFixed(2),
    micros(before.get(each) ?? Number.NaN),
  ]);
}
console.log(`Node ${process.version}; µs a step over all runs, medians over interleaved rounds\n`);
console.log(
  table(['runs', 'mode', 'graph', 'own limits', 'shared', 'ratio', 'own, before any was shared'], rows),
);

function liveBytes(): number {
  if (globalThis.gc === undefined) throw new Error('run with node --expose-gc');
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** Many short runs over one object: what is left of them. */
async function leftOver(runs: number): Promise<number> {
  const flow = define(benchGraph('chain', 5), 'async');
  const shared = sharedLimits({ 'light-cpu': limit, runs: 10 });
  const play = async (count: number): Promise<void> => {
    for (let run = 0; run < count; run += 100)
      await Promise.all(Array.from({ length: 100 }, () => flow.run({ shared }).result()));
  };
  await play(1000);
  const start = liveBytes();
  await play(runs);
  return (liveBytes() - start) / runs;
}

console.log(`\n100,000 short runs over one object leave ${(await leftOver(100_000)).toFixed(2)} bytes each`);
