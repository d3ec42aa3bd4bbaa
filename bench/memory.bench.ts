/**
 * Live bytes a step at the peak of a run, the definition's own objects not counted; and that cost stays linear.
 *
 * Needs `--expose-gc`. Arguments: sizes, by default 10000 100000 1000000.
 */
import { define } from './contestants.ts';
import { benchGraph, type Shape } from './graphs.ts';
import { median, table } from './statistics.ts';

const sizes = process.argv.slice(2).map(Number);
if (sizes.length === 0) sizes.push(10_000, 100_000, 1_000_000);
const samples = 20;

function liveBytes(): number {
  if (globalThis.gc === undefined) throw new Error('run with node --expose-gc');
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Runs once, asking at regular intervals how much is live; gives the most. */
async function peakBytes(shape: Shape, size: number): Promise<number> {
  const flow = define(benchGraph(shape, size), 'sync');
  // What a first run works out once and keeps belongs to the definition.
  await flow.run().result();
  const before = liveBytes();
  const run = flow.run();
  let peak = 0;
  let seen = 0;
  run.progress$.subscribe(({ type }) => {
    if (type === 'step-completed' && ++seen % Math.floor(size / samples) === 0)
      peak = Math.max(peak, liveBytes() - before);
  });
  await run.result();
  return peak;
}

async function microsAStep(shape: Shape, size: number): Promise<number> {
  const flow = define(benchGraph(shape, size), 'sync');
  const rounds: number[] = [];
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    await flow.run().result();
    rounds.push(((performance.now() - start) / size) * 1000);
  }
  return median(rounds);
}

const rows: string[][] = [];
for (const size of sizes) {
  for (const shape of ['chain', 'layered', 'random'] as const) {
    const bytes = (await peakBytes(shape, size)) / size;
    rows.push([String(size), shape, bytes.toFixed(0), (await microsAStep(shape, size)).toFixed(2)]);
  }
}
console.log(table(['steps', 'graph', 'live bytes a step', 'µs a step'], rows));
