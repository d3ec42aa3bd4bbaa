import { sharedLimits } from 'millrace';
import { define } from './contestants.ts';
import { benchGraph } from './graphs.ts';

const flow = define(benchGraph('layered', Number(process.argv[2] ?? 100)), 'async');
const N = Number(process.argv[3] ?? 100);
const seq = process.argv[4] === 'seq';
const shared = sharedLimits({ 'light-cpu': 8, ...(seq ? { runs: 10 } : {}) });
const own: number[] = [];
const sh: number[] = [];
const play = async (o: object) => {
  if (seq) for (let i = 0; i < N; i++) await flow.run(o).result();
  else await Promise.all(Array.from({ length: N }, () => flow.run(o).result()));
};
for (let i = 0; i < 100; i++) {
  let t = performance.now();
  await play({ limits: { 'light-cpu': 8 } });
  own.push(performance.now() - t);
  t = performance.now();
  await play({ limits: { 'light-cpu': 8 }, shared });
  sh.push(performance.now() - t);
}
const med = (a: number[]) =>
  (a.sort((x, y) => x - y)[a.length >> 1]! * 1000) / N / Number(process.argv[2] ?? 100);
console.log(med(own).toFixed(3), med(sh).toFixed(3), (med(sh) / med(own)).toFixed(2));
