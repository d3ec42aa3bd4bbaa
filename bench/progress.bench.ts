/** What listening to a run costs: microseconds a step with 0, 1 and 3 subscribers of progress$, and with snapshot$. */
import { define } from './contestants.ts';
import { benchGraph } from './graphs.ts';
import { median, table } from './statistics.ts';

const size = 10_000;
const rounds = 40;
const flow = define(benchGraph('layered', size), 'sync');

const variants = {
  'no subscriber': () => flow.run(),
  '1 of progress$': () => listening(1),
  '3 of progress$': () => listening(3),
  snapshot$: () => {
    const run = flow.run();
    run.snapshot$.subscribe();
    return run;
  },
};

function listening(subscribers: number) {
  const run = flow.run();
  let _events = 0;
  for (let index = 0; index < subscribers; index++) {
    run.progress$.subscribe(() => {
      _events++;
    });
  }
  return run;
}

const times = new Map(Object.keys(variants).map((name) => [name, [] as number[]]));
for (let round = 0; round < rounds + 5; round++) {
  for (const [name, make] of Object.entries(variants)) {
    const run = make();
    const start = performance.now();
    await run.result();
    if (round >= 5) times.get(name)?.push(((performance.now() - start) * 1000) / size);
  }
}
console.log(
  `layered graph of ${String(size)} synchronous steps; medians of ${String(rounds)} interleaved rounds\n`,
);
const base = median(times.get('no subscriber') ?? []);
console.log(
  table(
    ['listening', 'µs a step', 'more than none'],
    [...times].map(([name, each]) => [name, median(each).toFixed(2), (median(each) - base).toFixed(2)]),
  ),
);
