import { fc, test } from '@fast-check/vitest';
import { step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { expect } from 'vitest';
import { watch } from '../test/run/support/watch.ts';
import { cases } from './support/effort.ts';

type Order =
  | { readonly do: 'pause' | 'resume' | 'pause db' | 'resume db' }
  | { readonly do: 'set'; readonly limit: number; readonly rate: Rate | undefined };

interface Rate {
  readonly limit: number;
  readonly per: number;
}

const rate = fc.record({ limit: fc.integer({ min: 1, max: 3 }), per: fc.integer({ min: 1, max: 30 }) });
const order: fc.Arbitrary<Order> = fc.oneof(
  fc.record({
    do: fc.constantFrom('pause' as const, 'resume' as const, 'pause db' as const, 'resume db' as const),
  }),
  fc.record({
    do: fc.constant('set' as const),
    limit: fc.integer({ min: 1, max: 4 }),
    rate: fc.option(rate, { nil: undefined }),
  }),
);

test.prop(
  [
    fc.record({
      durations: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 15 }),
      limit: fc.integer({ min: 1, max: 4 }),
      rate: fc.option(rate, { nil: undefined }),
      orders: fc.array(fc.record({ at: fc.nat(60), order }), { maxLength: 8 }),
    }),
  ],
  { numRuns: cases(300) },
)('pauses, changes of limits and rates let start what a plain list would, and when it would', (scenario) => {
  const { durations, limit, rate: firstRate } = scenario;
  // At moments of their own, so that nothing else comes at the same.
  const orders = scenario.orders
    .map(({ at, order: what }, index) => ({ at: at + (index + 1) / 100, what }))
    .sort((left, right) => left.at - right.at);
  const time = new VirtualTime();
  const steps = Object.fromEntries(
    durations.map((ms, index) => [
      `s${String(index)}`,
      step(`s${String(index)}`, () => time.after(ms, ms), { resource: 'db' }),
    ]),
  );
  const run = watch(workflow('queries', steps), time, { limits: { db: limited(limit, firstRate) } });
  for (const { at, what } of orders) {
    time.at(at, () => {
      if (what.do === 'set') run.run.setLimits({ db: limited(what.limit, what.rate) });
      else if (what.do === 'pause' || what.do === 'resume') run.run[what.do]();
      else run.run[what.do === 'pause db' ? 'pause' : 'resume']('db');
    });
  }
  time.at(1000, () => {
    run.run.resume();
    run.run.resume('db');
  });
  time.flush();
  expect(run.result).toBeDefined();
  expect(run.all('step-started').map(({ at }) => rounded(at))).toStrictEqual(
    naiveStarts(durations, limit, firstRate, orders).map(rounded),
  );
});

function limited(limit: number, given: Rate | undefined) {
  return given === undefined ? limit : { limit, rate: given };
}

function rounded(time: number): number {
  return Math.round(time * 1000) / 1000;
}

/** When each would start, in order: at every moment at which something may have changed, whatever may start does. */
function naiveStarts(
  durations: readonly number[],
  firstLimit: number,
  firstRate: Rate | undefined,
  orders: readonly { readonly at: number; readonly what: Order }[],
): number[] {
  const starts: { readonly at: number; readonly end: number; isCounted: boolean }[] = [];
  let limit = firstLimit;
  let current = firstRate;
  let isPaused = false;
  let isClassPaused = false;
  const left = [
    ...orders,
    { at: 1000, what: { do: 'resume' } as Order },
    { at: 1000, what: { do: 'resume db' } as Order },
  ];
  for (let now = 0; starts.length < durations.length; ) {
    while (left[0] !== undefined && left[0].at <= now) {
      const what = left.shift()?.what;
      if (what?.do === 'set') {
        // What hadn't to be counted any more, isn't from then on; without a rate, nothing had.
        for (const start of starts) start.isCounted &&= current !== undefined && start.at + current.per > now;
        limit = what.limit;
        current = what.rate;
      } else if (what?.do === 'pause' || what?.do === 'resume') isPaused = what.do === 'pause';
      else isClassPaused = what?.do === 'pause db';
    }
    const { limit: most, per } = current ?? { limit: Infinity, per: 0 };
    while (
      starts.length < durations.length &&
      !isPaused &&
      !isClassPaused &&
      starts.filter(({ end }) => end > now).length < limit &&
      starts.filter(({ at, isCounted }) => isCounted && at + per > now).length < most
    )
      starts.push({ at: now, end: now + (durations[starts.length] ?? 0), isCounted: true });
    now = Math.min(
      ...[...starts.flatMap(({ at, end }) => [end, at + per]), ...left.map(({ at }) => at)].filter(
        (at) => at > now,
      ),
    );
  }
  return starts.map(({ at }) => at);
}
