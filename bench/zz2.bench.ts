import { sharedLimits } from 'millrace';
import { define } from './contestants.ts';
import { benchGraph } from './graphs.ts';

const flow = define(benchGraph('layered', 100), 'async');
const shared = sharedLimits({ 'light-cpu': 8 });
const isShared = process.argv[2] === 'shared';
const options = isShared ? { limits: { 'light-cpu': 8 }, shared } : { limits: { 'light-cpu': 8 } };
const times: number[] = [];
await flow.run({ shared }).result();
for (let i = 0; i < 150; i++) {
  const t = performance.now();
  await Promise.all(Array.from({ length: 100 }, () => flow.run(options).result()));
  times.push(performance.now() - t);
}
console.log(times.sort((a, b) => a - b)[75]! / 10);
