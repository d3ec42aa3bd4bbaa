import {
  type Definition,
  defineWorkflow,
  InvalidOptionsError,
  type ProgressEvent,
  type RunHistory,
  type RunOptions,
} from 'millrace';
import { type Estimate, type EstimateOptions, estimate } from 'millrace/operators';
import { VirtualTime } from 'millrace/testing';
import { map, NEVER, Subject, take, throwError, timer } from 'rxjs';
import { describe, expect, test } from 'vitest';

/** A step that takes some time. */
function taking(ms: number): Definition['run'] {
  return (_, { scheduler }) => timer(ms, scheduler).pipe(map(() => ms));
}

/** The estimates of a run in virtual time; `during` may act on the run at a time. */
function estimatesOf(
  definitions: readonly Definition[],
  runOptions: RunOptions<never> = {},
  options: EstimateOptions = { every: 0 },
): Estimate[] {
  const time = new VirtualTime();
  const { scheduler } = time;
  const run = defineWorkflow('estimated', definitions).run({ scheduler, ...runOptions });
  const estimates: Estimate[] = [];
  run.progress$.pipe(estimate(run, options)).subscribe((one) => estimates.push(one));
  run.result$.subscribe({ error: () => undefined });
  time.flush();
  return estimates;
}

const chain = (estimates: readonly (number | undefined)[], takes: readonly number[]): Definition[] =>
  takes.map((ms, place) => ({
    id: `step ${String(place)}`,
    dependsOn: place === 0 ? [] : [`step ${String(place - 1)}`],
    run: taking(ms),
    estimate: estimates[place],
  }));

describe('what remains', () => {
  test('is what the steps say, and shrinks as they end', () => {
    const estimates = estimatesOf(chain([100, 200, 300], [100, 200, 300]));
    expect(estimates[0]).toMatchObject({ at: 0, done: 0, total: 3, fraction: 0, elapsed: 0 });
    for (const { at, remaining } of estimates) {
      expect(remaining?.low).toBeLessThanOrEqual(600 - at);
      expect(remaining?.high).toBeGreaterThanOrEqual(600 - at);
    }
    expect(estimates.at(-1)).toStrictEqual({
      at: 600,
      done: 3,
      total: 3,
      fraction: 1,
      elapsed: 600,
      remaining: { low: 0, likely: 0, high: 0 },
    });
  });

  test('heeds what runs at once, and limits', () => {
    const many = Array.from({ length: 20 }, (_, place) => ({
      id: `step ${String(place)}`,
      run: taking(100),
      resource: 'db',
      estimate: 100,
    }));
    const [free] = estimatesOf(many, { limits: { db: 20 } });
    const [limited] = estimatesOf(many, { limits: { db: 2 } });
    const [single] = estimatesOf(many, { limits: { db: 20 }, concurrency: 1 });
    expect(free?.remaining?.likely).toBeLessThan(300);
    expect(limited?.remaining?.likely).toBeGreaterThan(800);
    expect(limited?.remaining?.likely).toBeLessThan(1400);
    expect(single?.remaining?.likely).toBeGreaterThan(1600);
  });

  test('learns by how much estimates are off', () => {
    const estimates = estimatesOf(chain(Array(20).fill(10), Array(20).fill(50)));
    const half = estimates.find(({ done }) => done === 10);
    expect(estimates[0]?.remaining?.likely).toBeLessThan(300);
    expect(half?.remaining?.likely).toBeGreaterThan(400);
    expect(half?.remaining?.likely).toBeLessThan(650);
  });

  test('is unknown until something has ended where nobody says how long steps take', () => {
    const estimates = estimatesOf(chain([], [100, 100, 100]));
    expect(estimates[0]?.remaining).toBeUndefined();
    const first = estimates.find(({ done }) => done === 1);
    expect(first?.remaining?.likely).toBeGreaterThan(100);
    expect(first?.remaining?.likely).toBeLessThan(400);
  });

  test('goes by a history before it goes by estimates', () => {
    const history: RunHistory = { steps: { 'step 0': { meanMs: 5000, runs: 3 } } };
    const [first] = estimatesOf(chain([10], [5000]), {}, { history, every: 0 });
    expect(first?.remaining?.likely).toBeGreaterThan(3000);
  });

  test('goes by what a step says of its own progress', () => {
    const estimates = estimatesOf([
      {
        id: 'slow',
        estimate: 100,
        run: (_, ctx) =>
          timer(0, 100, ctx.scheduler).pipe(
            map((tick) => {
              ctx.progress({ done: tick, total: 100 });
              return tick;
            }),
          ),
        timeout: 5001,
      },
    ]);
    const late = estimates.find(({ at }) => at === 3000);
    expect(late?.remaining?.likely).toBeGreaterThan(5000);
    expect(late?.fraction).toBeGreaterThan(0.2);
    expect(late?.fraction).toBeLessThan(0.4);
  });

  test('is unknown while the run is paused, be it in part', () => {
    const time = new VirtualTime();
    const { scheduler } = time;
    const run = defineWorkflow('estimated', [
      { id: 'a', run: taking(100), estimate: 100, resource: 'db' },
      { id: 'b', dependsOn: ['a'], run: taking(100), estimate: 100, resource: 'db' },
    ]).run({ scheduler, limits: { db: 1 } });
    const estimates: Estimate[] = [];
    run.progress$.pipe(estimate(run, { every: 0 })).subscribe((one) => estimates.push(one));
    run.result$.subscribe();
    run.pause('db');
    expect(estimates.at(-1)?.remaining).toBeUndefined();
    run.resume('db');
    expect(estimates.at(-1)?.remaining).toBeDefined();
    run.pause();
    expect(estimates.at(-1)?.remaining).toBeUndefined();
    run.resume();
    const before = estimates.at(-1)?.remaining?.likely ?? 0;
    run.setLimits({ db: 5 });
    expect(estimates.at(-1)?.remaining?.likely).toBeLessThanOrEqual(before);
    time.flush();
    expect(estimates.at(-1)?.fraction).toBe(1);
  });
});

describe('how far the run is', () => {
  test('never falls, is weighted by time, and counts what was skipped', () => {
    const estimates = estimatesOf(
      [
        { id: 'short', run: taking(10), estimate: 10 },
        { id: 'long', run: taking(990), estimate: 990 },
        {
          id: 'broken',
          estimate: 500,
          retry: { attempts: 2, delay: 5 },
          run: (_, { scheduler }) =>
            timer(50, scheduler).pipe(
              map((): never => {
                throw new Error('no');
              }),
            ),
        },
        { id: 'after', dependsOn: ['broken'], run: taking(1), estimate: 1 },
      ],
      { onFailure: 'continue' },
    );
    const fractions = estimates.map(({ fraction }) => fraction);
    expect(fractions).toStrictEqual([...fractions].sort((left, right) => left - right));
    expect(estimates.find(({ done }) => done === 1)?.fraction).toBeLessThan(0.2);
    expect(estimates.at(-1)).toMatchObject({ done: 4, remaining: { low: 0, likely: 0, high: 0 } });
  });

  test('is nothing while nobody knows how long the step takes that runs', () => {
    const estimates = estimatesOf([
      {
        id: 'long',
        run: (_, ctx) =>
          timer(0, 100, ctx.scheduler).pipe(
            take(5),
            map((tick) => {
              if (tick === 4) ctx.progress(0.4);
              else ctx.log('still here');
              return tick;
            }),
          ),
      },
    ]);
    expect(estimates.filter(({ at }) => at < 400).map(({ fraction }) => fraction)).toEqual(Array(6).fill(0));
    expect(estimates.at(-3)?.fraction).toBe(0.4);
  });

  test('stays where it is when the run is cancelled', () => {
    const time = new VirtualTime();
    const { scheduler } = time;
    const run = defineWorkflow('estimated', [{ id: 'a', run: () => NEVER, estimate: 100 }]).run({
      scheduler,
    });
    const estimates: Estimate[] = [];
    run.progress$.pipe(estimate(run)).subscribe((one) => estimates.push(one));
    run.result$.subscribe({ error: () => undefined });
    run.cancel();
    expect(estimates.at(-1)?.fraction).toBeLessThan(1);
    expect(estimates.at(-1)?.remaining).toStrictEqual({ low: 0, likely: 0, high: 0 });
  });
});

describe('the stream', () => {
  test('emits no more often than it was told to, and last of all at the end', () => {
    const steps = chain(Array(100).fill(10), Array(100).fill(10));
    const at = (options: EstimateOptions): number[] => estimatesOf(steps, {}, options).map((one) => one.at);
    expect(at({}).length).toBeLessThanOrEqual(12);
    expect(at({ every: '500ms' })).toStrictEqual([0, 500, 1000, 1000]);
    expect(at({ every: 0 }).length).toBeGreaterThan(200);
  });

  test('completes and fails as its source does; each subscription is a fold of its own', () => {
    const run = defineWorkflow('estimated', [{ id: 'a', run: taking(1) }]).run();
    const events$ = new Subject<ProgressEvent>();
    const estimates$ = events$.pipe(estimate(run));
    const heard: string[] = [];
    for (const name of ['first', 'second']) {
      estimates$.subscribe({
        next: ({ done }) => heard.push(`${name} ${String(done)}`),
        complete: () => heard.push(`${name} complete`),
      });
    }
    const common = { seq: 1, at: 5, runId: 'x' };
    events$.next({ ...common, type: 'step-completed', stepId: 'a', attempt: 1, durationMs: 1 });
    events$.next({ ...common, type: 'step-completed', stepId: 'unknown', attempt: 1, durationMs: 1 });
    events$.complete();
    expect(heard).toStrictEqual(['first 1', 'second 1', 'first complete', 'second complete']);
    const failed: unknown[] = [];
    throwError(() => 'broken')
      .pipe(estimate(run))
      .subscribe({ error: (error: unknown) => failed.push(error) });
    expect(failed).toStrictEqual(['broken']);
  });

  test.for([
    [undefined, {}, 'the run'],
    [{}, {}, 'the run'],
    ['run', { every: -1 }, 'every'],
    ['run', { evry: 1 }, "did you mean 'every'"],
    ['run', { history: 5 }, 'history'],
    ['run', null, 'the options'],
  ])('%o with %o is refused', ([given, options, culprit]) => {
    const run = defineWorkflow('estimated', [{ id: 'a', run: () => 1 }]).run();
    const call = (): unknown => estimate((given === 'run' ? run : given) as typeof run, options as object);
    expect(call).toThrow(InvalidOptionsError);
    expect(call).toThrow(culprit);
  });
});
