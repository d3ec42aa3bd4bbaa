/**
 * What a child of a fan-out and a step of a subflow cost, beside a step of the workflow itself: layered synchronous steps, and
 * as many children as there are steps.
 *
 * Rounds are interleaved; medians. Arguments: sizes, by default 1000 10000 100000.
 */
import { forEachStep, step, subflow, workflow } from '../lib/index.ts';
import { define } from './contestants.ts';
import { benchGraph } from './graphs.ts';
import { median, table } from './statistics.ts';

const sizes = process.argv.slice(2).map(Number);
if (sizes.length === 0) sizes.push(1000, 10_000, 100_000);

function contestants(size: number) {
  const flow = define(benchGraph('layered', size), 'sync');
  const items = step('items', () => Array.from({ length: size }, (_, index) => index));
  const children = forEachStep('children', { items }, (item) => item + 1);
  return {
    step: flow,
    'step of a subflow': workflow('outer', { part: subflow('part', flow, {}) }),
    'child of a fan-out': workflow('fan-out', { children }),
  };
}

const rows: string[][] = [];
for (const size of sizes) {
  const all = Object.entries(contestants(size));
  const taken = all.map((): number[] => []);
  const rounds = Math.max(12, Math.min(40, Math.floor(600_000 / size)));
  for (let round = -5; round < rounds; round++) {
    for (const [place, [, flow]] of all.entries()) {
      const start = performance.now();
      await flow.run().result();
      if (round >= 0) taken[place]?.push(performance.now() - start);
    }
  }
  const [steps = []] = taken;
  for (const [place, [what]] of all.entries()) {
    const times = taken[place] ?? [];
    rows.push([
      String(size),
      what,
      ((median(times) / size) * 1000).toFixed(2),
      median(times.map((ms, round) => ms / (steps[round] ?? ms))).toFixed(2),
    ]);
  }
}
console.log(`Node ${process.version}; medians over interleaved rounds\n`);
console.log(table(['how many', 'what', 'µs each', 'to a step'], rows));
