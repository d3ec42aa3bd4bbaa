/**
 * How honest `estimate()` is where steps bring others, and what it costs: stages of fan-outs, subflows and plain steps in virtual time, with
 * durations that scatter; then a fan-out of many children in real time, with and without estimates.
 */
import { forEachStep, type Step, step, subflow, workflow } from 'millrace';
import { type Estimate, estimate } from 'millrace/operators';
import { map, type Observable, timer, VirtualTimeScheduler } from 'rxjs';
import { seededRandom } from '../lib/base/seeded-random.ts';
import { median, table } from './statistics.ts';

interface Knowledge {
  readonly name: string;
  readonly isListed: boolean;
  readonly isKnown: boolean;
  readonly scatter: number;
}

const knowledges: readonly Knowledge[] = [
  { name: 'lists, estimates ± 20 %', isListed: true, isKnown: true, scatter: 0.2 },
  { name: 'lists, estimates ± 50 %', isListed: true, isKnown: true, scatter: 0.5 },
  { name: 'lists, no estimates', isListed: true, isKnown: false, scatter: 0.5 },
  { name: 'numbers unknown, estimates ± 50 %', isListed: false, isKnown: true, scatter: 0.5 },
  { name: 'numbers unknown, no estimates', isListed: false, isKnown: false, scatter: 0.5 },
];

const rows = knowledges.map((knowledge) => {
  const judged = Array.from({ length: 60 }, (_, seed) => judge(estimatesOf(knowledge, seed))).flat();
  const share = judged.filter(({ isInside }) => isInside).length / judged.length;
  const percent = (value: number) => `${(100 * value).toFixed(0)} %`;
  return [
    knowledge.name,
    String(judged.length),
    `${(100 * share).toFixed(1)} %`,
    percent(median(judged.map(({ width }) => width))),
    percent(median(judged.map(({ error }) => error))),
    percent(median(judged.map(({ bias }) => bias))),
  ];
});
const head = ['known', 'estimates', 'end inside', 'width / true rest', 'error of likely / true rest', 'bias'];
console.log(table(head, rows));

function judge(estimates: readonly Estimate[]) {
  const end = estimates.at(-1)?.at ?? 0;
  return estimates.slice(Math.floor(estimates.length * 0.2), -1).flatMap(({ at, remaining }) => {
    const rest = end - at;
    if (rest <= 0) return [];
    if (remaining === undefined) return [{ isInside: false, width: Infinity, error: 1, bias: 0 }];
    const { low, likely, high } = remaining;
    return [
      {
        isInside: low <= rest && rest <= high,
        width: (high - low) / rest,
        error: Math.abs(likely - rest) / rest,
        bias: Math.log(likely / rest),
      },
    ];
  });
}

function estimatesOf({ isListed, isKnown, scatter }: Knowledge, seed: number): Estimate[] {
  const random = seededRandom(seed);
  const scheduler = new VirtualTimeScheduler(undefined, Infinity);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const wait = (mean: number): Observable<number> =>
    timer(mean * Math.exp(scatter * normal()), scheduler).pipe(map(() => mean));
  const optionsOf = (mean: number) => ({ resource: 'db', ...(isKnown ? { estimate: mean } : {}) });
  const meanOf = () => 10 * 10 ** (2 * random());
  let before: Step<unknown, never> = step('start', () => wait(10), optionsOf(10));
  const stages = 2 + Math.floor(random() * 4);
  for (let stage = 0; stage < stages; stage++) {
    const id = `stage ${String.fromCodePoint(97 + stage)}`;
    const mean = meanOf();
    const kind = random();
    if (kind < 0.55) {
      const list = Array.from({ length: 3 + Math.floor(random() ** 2 * 200) }, () => mean);
      const needed = before;
      const items = isListed ? list : step(`${id} items`, { needed }, () => list, optionsOf(1));
      const concurrency = random() < 0.3 ? 2 : undefined;
      const options = { ...optionsOf(mean), concurrency };
      before = isListed
        ? forEachStep(id, { items: list, needed }, (ms) => wait(ms), options)
        : forEachStep(id, { items: items as Step<number[], never> }, (ms) => wait(ms), options);
    } else if (kind < 0.85) {
      const steps: Step<unknown, never>[] = [];
      for (let place = 0; place < 8; place++) {
        const own = meanOf();
        const needs = steps.filter(() => random() < 0.3);
        const deps = Object.fromEntries(needs.map((each, index) => [`n${String(index)}`, each]));
        steps.push(step(`inner ${String(place)}`, deps, () => wait(own), optionsOf(own)));
      }
      const outputs = Object.fromEntries(steps.map((each, index) => [`o${String(index)}`, each]));
      const needed = before;
      const part = subflow(id, workflow('inner', outputs));
      before = step(`${id} after`, { part, needed }, () => wait(mean), optionsOf(mean));
    } else {
      const needed = before;
      before = step(id, { needed }, () => wait(mean), optionsOf(mean));
    }
  }
  const run = workflow('judged', { before }).run({ limits: { db: 2 + Math.floor(random() * 6) }, scheduler });
  const estimates: Estimate[] = [];
  run.progress$.pipe(estimate(run, { every: 20 })).subscribe((one) => estimates.push(one));
  run.result$.subscribe();
  scheduler.flush();
  return estimates;
}

const children = 100_000;
const times: Record<string, number[]> = { 'a listener': [], 'an estimate': [] };
for (let round = 0; round < 7; round++) {
  for (const [name, list] of Object.entries(times)) {
    const items = (function* () {
      for (let item = 0; item < children; item++) yield item;
    })();
    const all = forEachStep('all', { items }, (item) => item, {
      reduce: (sum: number, item) => sum + item,
      initial: 0,
    });
    const run = workflow('many', { all }).run();
    let events = 0;
    if (name === 'an estimate') run.progress$.pipe(estimate(run)).subscribe();
    run.progress$.subscribe(() => events++);
    const start = performance.now();
    await run.result();
    list.push(((performance.now() - start) * 1000) / events);
  }
}
const cost = Object.entries(times).map(([name, each]) => [name, median(each).toFixed(2)]);
console.log(`\na fan-out of ${String(children)} children that do nothing`);
console.log(table(['listening', 'µs an event'], cost));
