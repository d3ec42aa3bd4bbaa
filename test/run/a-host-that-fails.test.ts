import { sharedLimits, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { NEVER, type SchedulerLike } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { settlePromises } from './support/settle-promises.ts';

test('a scheduler that throws ends the run with its error: nobody waits for ever', async () => {
  const broken = new Error('no timers left');
  const scheduler: SchedulerLike = {
    now: () => 0,
    schedule: () => {
      throw broken;
    },
  };
  const run = workflow('unlucky', { timed: step('timed', () => NEVER, { timeout: 10 }) }).run({ scheduler });
  const ends: string[] = [];
  run.progress$.subscribe({ complete: () => ends.push('progress$') });
  await expect(run.result()).rejects.toBe(broken);
  expect(ends).toStrictEqual(['progress$']);
  expect([run.token.isCancelled, run.snapshot().status]).toStrictEqual([true, 'failed']);
});

describe('a run that a failing host has ended', () => {
  /** A clock whose timers fail from some moment on. */
  function failingClock(): { readonly time: VirtualTime; readonly scheduler: SchedulerLike; fail: boolean } {
    const time = new VirtualTime();
    const clock = {
      time,
      fail: false,
      scheduler: {
        now: () => time.now,
        schedule: ((...args: Parameters<SchedulerLike['schedule']>) => {
          if (clock.fail) throw new Error('no timers left');
          return time.scheduler.schedule(...args);
        }) as SchedulerLike['schedule'],
      },
    };
    return clock;
  }

  test('keeps nothing of what it shared, and holds up nobody', () => {
    const clock = failingClock();
    const { time, scheduler } = clock;
    const shared = sharedLimits({ db: 2, runs: 1 });
    const takes = { resource: 'db' } as const;
    const held = step('held', () => NEVER, takes);
    const timed = step('timed', { go: step('go', () => time.after(10, 1)) }, () => NEVER, {
      ...takes,
      timeout: 10,
    });
    const errors: unknown[] = [];
    const unlucky = workflow('unlucky', { held, timed }).run({ scheduler, shared });
    unlucky.result$.subscribe({ error: (error: unknown) => errors.push(error) });
    const results: unknown[] = [];
    const both = step('both', () => 'done', { resource: { db: 2 } });
    workflow('next', { both })
      .run({ scheduler, shared })
      .result$.subscribe((result) => results.push(result));
    time.at(5, () => {
      clock.fail = true;
    });
    time.flush();
    expect(errors).toMatchObject([{ message: 'no timers left' }]);
    expect(results).toStrictEqual([{ both: 'done' }]);
    expect(shared.usage()).toMatchObject({
      running: 0,
      waiting: 0,
      resources: { db: { taken: 0 }, runs: { taken: 0 } },
    });
  });

  test('goes on holding what its abandoned bodies hold, until they stop', async () => {
    const clock = failingClock();
    const { time, scheduler } = clock;
    const shared = sharedLimits({ db: 1 });
    let end: () => void = () => undefined;
    const deaf = step(
      'deaf',
      () =>
        new Promise<void>((resolve) => {
          end = resolve;
        }),
      { resource: 'db', timeout: 5 },
    );
    const late = step('late', { go: step('go', () => time.after(30, 1)) }, () => NEVER, { timeout: 10 });
    const options = { scheduler, shared, gracePeriod: 5, onFailure: 'continue' } as const;
    workflow('unlucky', { deaf, late })
      .run(options)
      .result$.subscribe({ error: () => undefined });
    const results: unknown[] = [];
    workflow('next', { query: step('query', () => 'done', { resource: 'db' }) })
      .run({ scheduler, shared })
      .result$.subscribe((result) => results.push(result));
    time.at(20, () => {
      clock.fail = true;
    });
    time.advanceTo(100);
    expect(shared.usage()).toMatchObject({ running: 1, resources: { db: { taken: 1, abandoned: 1 } } });
    end();
    await settlePromises();
    expect(results).toStrictEqual([{ query: 'done' }]);
    expect(shared.usage().resources['db']).toMatchObject({ taken: 0, abandoned: 0 });
  });
});
