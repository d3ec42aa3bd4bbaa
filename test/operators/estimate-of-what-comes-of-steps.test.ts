import { forEachStep, type RunHistory, type RunOptions, type Step, step, subflow, workflow } from 'millrace';
import { type Estimate, type EstimateOptions, estimate } from 'millrace/operators';
import { VirtualTime } from 'millrace/testing';
import { map, type Observable, type SchedulerLike, throwError, timer } from 'rxjs';
import { describe, expect, test } from 'vitest';

const wait = (ms: number, scheduler: SchedulerLike): Observable<number> =>
  timer(ms, scheduler).pipe(map(() => ms));

/** The estimates of a run in virtual time. */
function estimatesOf(
  make: (scheduler: SchedulerLike) => Record<string, Step<unknown, never>>,
  runOptions: RunOptions<never> = {},
  options: EstimateOptions = { every: 0 },
): Estimate[] {
  const time = new VirtualTime();
  const { scheduler } = time;
  const run = workflow('estimated', make(scheduler)).run({ scheduler, ...runOptions });
  const estimates: Estimate[] = [];
  run.progress$.pipe(estimate(run, options)).subscribe((one) => estimates.push(one));
  run.result$.subscribe({ error: () => undefined });
  time.flush();
  return estimates;
}

const lastAt = (estimates: readonly Estimate[], time: number): Estimate | undefined =>
  estimates.filter(({ at }) => at <= time).at(-1);

/** Whether the true end lies within. */
function expectTrue({ remaining, at }: Estimate, end: number): void {
  expect(remaining?.low).toBeLessThanOrEqual(end - at);
  expect(remaining?.high).toBeGreaterThanOrEqual(end - at);
}

describe('a fan-out', () => {
  test('over a list is as long as all of its children, from the beginning', () => {
    const estimates = estimatesOf(
      (scheduler) => ({
        all: forEachStep('all', { items: Array(40).fill(100) }, (ms: number) => wait(ms, scheduler), {
          resource: 'db',
          estimate: 100,
        }),
      }),
      { limits: { db: 2 } },
    );
    expect(estimates[0]?.remaining?.likely).toBeGreaterThan(1700);
    expect(estimates[0]?.remaining?.likely).toBeLessThan(2300);
    expect(estimates.at(-1)).toMatchObject({ at: 2000, done: 1, total: 1, fraction: 1 });
  });

  test('is as far as its children are', () => {
    const estimates = estimatesOf((scheduler) => ({
      all: forEachStep('all', { items: Array(10).fill(100) }, (ms: number) => wait(ms, scheduler), {
        concurrency: 1,
      }),
    }));
    for (const at of [300, 500, 900]) {
      const { fraction, remaining } = lastAt(estimates, at) as Estimate;
      expect(fraction).toBeCloseTo(at / 1000, 5);
      expect(remaining?.likely).toBeGreaterThan((1000 - at) * 0.7);
      expect(remaining?.likely).toBeLessThan((1000 - at) * 1.3);
    }
  });

  test('goes by what the finished ones took, rather than by the estimate', () => {
    const estimates = estimatesOf(
      (scheduler) => ({
        all: forEachStep('all', { items: Array(100).fill(500) }, (ms: number) => wait(ms, scheduler), {
          resource: 'db',
          estimate: 100,
        }),
      }),
      { limits: { db: 5 } },
    );
    const half = lastAt(estimates, 5000) as Estimate;
    expect(half.remaining?.likely).toBeGreaterThan(4000);
    expect(half.remaining?.likely).toBeLessThan(6000);
    expectTrue(half, 10_000);
  });

  test('whose items only the run finds out is expected to have as many more as are over, until none takes the place of one', () => {
    const estimates = estimatesOf(
      (scheduler) => {
        const items = step('items', () => Array<number>(100).fill(100));
        return {
          all: forEachStep('all', { items }, (ms) => wait(ms, scheduler), { resource: 'db' }),
        };
      },
      { limits: { db: 1 } },
    );
    const half = lastAt(estimates, 5050) as Estimate;
    expect(half.remaining?.likely).toBeGreaterThan(3000);
    expectTrue(half, 10_000);
    const late = lastAt(estimates, 9500) as Estimate;
    expect(late.remaining?.likely).toBeLessThan(700);
    expect(late.fraction).toBeGreaterThan(0.9);
    expect(late.fraction).toBeLessThan(1);
  });

  test('has as many more as there is time for by a history', () => {
    const history: RunHistory = { steps: { all: { meanMs: 10_000, runs: 3 } } };
    const estimates = estimatesOf(
      (scheduler) => {
        const items = step('items', () => Array<number>(100).fill(100));
        return {
          all: forEachStep('all', { items }, (ms) => wait(ms, scheduler), { resource: 'db' }),
        };
      },
      { limits: { db: 1 } },
      { every: 0, history },
    );
    const early = lastAt(estimates, 1050) as Estimate;
    expect(early.remaining?.likely).toBeGreaterThan(7500);
    expect(early.remaining?.likely).toBeLessThan(10_500);
    expect(early.fraction).toBeLessThan(0.2);
  });

  test('counts with what comes before it and after', () => {
    const estimates = estimatesOf(
      (scheduler) => {
        const before = step('before', () => wait(1000, scheduler), { estimate: 1000 });
        const all = forEachStep(
          'all',
          { items: Array<number>(20).fill(100), before },
          (ms) => wait(ms, scheduler),
          { resource: 'db', estimate: 100 },
        );
        return { after: step('after', { all }, () => wait(1000, scheduler), { estimate: 1000 }) };
      },
      { limits: { db: 2 } },
    );
    expect(estimates[0]?.remaining?.likely).toBeGreaterThan(2400);
    expect(estimates[0]?.remaining?.likely).toBeLessThan(3400);
    expect(lastAt(estimates, 1500)?.fraction).toBeCloseTo(0.5, 1);
  });

  test('whose children fail, are tried again or are stopped keeps counting up', () => {
    let attempts = 0;
    const estimates = estimatesOf(
      (scheduler) => ({
        all: forEachStep(
          'all',
          { items: Array<number>(30).fill(100) },
          (ms) =>
            ++attempts % 4 === 0 ? throwError(() => new Error('as chance has it')) : wait(ms, scheduler),
          { resource: 'db', retry: { attempts: 2, delay: 10 }, settle: true },
        ),
      }),
      { limits: { db: 3 } },
    );
    const fractions = estimates.map(({ fraction }) => fraction);
    expect(fractions).toStrictEqual(fractions.toSorted((left, right) => left - right));
    expect(estimates.at(-1)).toMatchObject({ done: 1, fraction: 1 });
  });
});

describe('a subflow', () => {
  const chain = (scheduler: SchedulerLike, takes: number, said: number | undefined): Step<number, never> => {
    const first = step('first', () => wait(takes, scheduler), { estimate: said });
    const second = step('second', { first }, () => wait(takes, scheduler), { estimate: said });
    return step('third', { second }, () => wait(takes, scheduler), { estimate: said });
  };

  test('is as long as its steps say, from the beginning', () => {
    const estimates = estimatesOf((scheduler) => {
      const inner = workflow('inner', { third: chain(scheduler, 100, 100) });
      return { part: subflow('part', inner) };
    });
    for (const one of estimates) expectTrue(one, 300);
    expect(estimates[0]?.remaining?.likely).toBeGreaterThan(250);
    expect(lastAt(estimates, 100)?.fraction).toBeCloseTo(1 / 3, 2);
    expect(lastAt(estimates, 200)?.fraction).toBeCloseTo(2 / 3, 2);
    expect(estimates.at(-1)).toMatchObject({ done: 1, total: 1, fraction: 1 });
  });

  test('goes by the steps that are over where they say nothing', () => {
    const estimates = estimatesOf((scheduler) => {
      const inner = workflow('inner', { third: chain(scheduler, 100, undefined) });
      return { part: subflow('part', inner) };
    });
    expect(estimates[0]?.remaining).toBeUndefined();
    const first = lastAt(estimates, 100) as Estimate;
    expect(first.remaining?.likely).toBeGreaterThan(100);
    expect(first.remaining?.likely).toBeLessThan(400);
  });

  test('that nobody knew beforehand counts too, as do those within it', () => {
    const estimates = estimatesOf((scheduler) => {
      const innermost = workflow('innermost', { third: chain(scheduler, 100, undefined) });
      const made = step('made', () => {
        const left = subflow('left', () => innermost);
        return step('right', { left }, () => wait(100, scheduler));
      });
      return { made };
    });
    expect(lastAt(estimates, 200)?.remaining?.likely).toBeGreaterThan(100);
    expect(lastAt(estimates, 200)?.fraction).toBeCloseTo(0.5, 1);
    expect(lastAt(estimates, 300)?.fraction).toBeCloseTo(0.75, 1);
    expect(estimates.at(-1)).toMatchObject({ at: 400, fraction: 1 });
  });

  test('begins anew when it is tried again', () => {
    let attempts = 0;
    const estimates = estimatesOf((scheduler) => {
      const first = step('first', () => wait(100, scheduler), { estimate: 100 });
      const second = step(
        'second',
        { first },
        () => (++attempts === 1 ? throwError(() => new Error('once')) : wait(100, scheduler)),
        { estimate: 100 },
      );
      return { part: subflow('part', workflow('inner', { second }), { retry: 1 }) };
    });
    const again = lastAt(estimates, 150) as Estimate;
    expectTrue(again, 300);
    expect(again.fraction).toBeLessThanOrEqual(0.5);
    expect(estimates.at(-1)).toMatchObject({ at: 300, fraction: 1 });
  });
});
