import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type StepContext, sharedLimits, step, workflow } from 'millrace';
import { expect, test } from 'vitest';
import { cases } from '../../property-tests/support/effort.ts';
import { idleUsage, Sharing } from './support/sharing.ts';

const collect = ((): (() => void) => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

function liveBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

/** With `PROPERTY_EFFORT=2` twice as many are played. */
const many = cases(100_000);

/** A signal that counts who listens to it. */
function countedSignal(): { readonly signal: AbortSignal; readonly count: () => number } {
  const { signal } = new AbortController();
  let listeners = 0;
  const counted = Object.create(signal, {
    aborted: { get: () => false },
    addEventListener: { value: () => listeners++ },
    removeEventListener: { value: () => listeners-- },
  }) as AbortSignal;
  return { signal: counted, count: () => listeners };
}

test(`${String(many)} short runs over one shared object leave neither memory nor listeners`, async () => {
  const shared = sharedLimits(
    { db: 3, 'tenant:*': { limit: 2, rate: { limit: 1e9, per: 1 } }, concurrency: 50, runs: 20 },
    { maxWaiting: 1000 },
  );
  const { signal, count } = countedSignal();
  let most = 0;
  let working = 0;
  const query = async (): Promise<void> => {
    most = Math.max(most, ++working);
    await Promise.resolve();
    working--;
  };
  // Of every thousand runs, each has a tenant of its own.
  const flows = Array.from({ length: 1000 }, (_, place) => {
    const only = step('only', query, { resource: ['db', `tenant:${String(place)}`] });
    return workflow('short', { only });
  });
  const play = async (runs: number): Promise<void> => {
    for (let batch = 0; batch < runs; batch += 100)
      await Promise.allSettled(
        Array.from({ length: 100 }, (_, place) => {
          const flow = flows[(batch + place) % 1000] as (typeof flows)[number];
          const run = flow.run({ shared, signal, priority: place % 3 });
          const result = run.result();
          // Some of them wait in one line or the other by then, and some to begin.
          if (place % 10 === 0) run.cancel();
          return result;
        }),
      );
  };
  await play(5000);
  const before = liveBytes();
  await play(many);
  const left = liveBytes() - before;
  // A run that is kept is some kilobytes; the compiler’s own data, and what counts covered lines, come and go.
  expect(left / many).toBeLessThan(20);
  expect(count()).toBe(0);
  expect([most, working]).toStrictEqual([3, 0]);
  const { resources, ...runs } = shared.usage();
  expect(runs).toStrictEqual(idleUsage);
  expect(Object.keys(resources).length).toBeLessThan(1000);
  for (const each of Object.values(resources)) expect(each).toMatchObject({ taken: 0, waiting: 0 });
}, 120_000);

test('members of families that nobody uses are forgotten, unless they have something to be remembered for', () => {
  const sharing = new Sharing({ 'host:*': { limit: 2, rate: { limit: 2, per: 1000 } }, 'tenant:*': 1 });
  const names = (): string[] => Object.keys(sharing.shared.usage().resources);
  sharing.shared.pause('tenant:paused');
  sharing.shared.setLimits({ 'tenant:own': 3 });
  const visit = (from: number): void => {
    for (let place = from; place < from + 200; place++)
      sharing.run(String(place), [{ resource: [`host:${String(place)}`, `tenant:${String(place)}`], ms: 1 }]);
    sharing.time.advanceTo(sharing.time.now + 10);
  };
  visit(0);
  // The rates of all hosts still run.
  expect(names().filter((name) => name.startsWith('host:')).length).toBe(200);
  sharing.time.advanceTo(5000);
  visit(200);
  expect(names().length).toBeLessThan(600);
  expect(names()).toContain('tenant:paused');
  expect(names()).toContain('tenant:own');
  expect(names()).not.toContain('host:0');
});

test('a run that is made and never started is known to nobody', () => {
  const { shared } = new Sharing({ db: 1, runs: 1 });
  workflow('idle', { only: step('only', () => 1, { resource: 'db' }) }).run({ shared });
  expect(shared.usage()).toMatchObject({ ...idleUsage, resources: { db: { taken: 0 }, runs: { taken: 0 } } });
});

test('what a body leaves behind keeps nothing of its run', async () => {
  const { shared } = new Sharing({ db: 1 });
  const left: Promise<void>[] = [];
  let context: WeakRef<StepContext> | undefined;
  await (async () => {
    const large = step(
      'large',
      (ctx) => {
        context = new WeakRef(ctx);
        // As a connection that is kept for others would, it lives on in the context in which it was made.
        left.push(new Promise(() => undefined));
        left.push(Promise.resolve().then(() => new Promise<void>(() => undefined)));
        return Promise.resolve(1);
      },
      { resource: 'db' },
    );
    await workflow('w', { large }).run({ shared }).result();
  })();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(context?.deref()).toBeUndefined();
  expect(left).toHaveLength(2);
});

test('runs of which each starts the next leave nothing of those before', async () => {
  const shared = sharedLimits({ db: 1, runs: 3 });
  const flow = workflow('next', { only: step('only', () => Promise.resolve(1), { resource: 'db' }) });
  const chain = (runs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const next = (left: number): void => {
        // In the context of the one before, as whatever its subscribers do.
        flow.run({ shared }).result$.subscribe({
          next: () => {
            if (left > 0) next(left - 1);
            else resolve();
          },
          error: reject,
        });
      };
      next(runs);
    });
  await chain(many / 5);
  const before = liveBytes();
  await chain(many / 4);
  expect((liveBytes() - before) / (many / 4)).toBeLessThan(40);
}, 60_000);
