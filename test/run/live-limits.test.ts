import { forEachStep, InvalidOptionsError, type Limits, ResourceLimitError, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { tap } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { thrownBy } from './support/thrown-by.ts';
import { type Watched, watch } from './support/watch.ts';

/** A run of steps `s0`, `s1`, … that take 10 ms each and demand one `db`. */
function queries(
  count: number,
  limits: Limits,
  { resource = 'db', ms = 10, timeout = 1000 } = {},
): Watched<unknown> {
  const time = new VirtualTime();
  const steps = Object.fromEntries(
    Array.from({ length: count }, (_, index) => {
      const id = `s${String(index)}`;
      return [id, step(id, () => time.after(ms, id), { resource })];
    }),
  );
  return watch(workflow('queries', steps), time, { limits, timeout });
}

const startsOf = (run: Watched<unknown>): number[] => run.all('step-started').map(({ at }) => at);

describe('pause', () => {
  test('holds back what would start, while what runs goes on', () => {
    const run = queries(4, { db: 2 });
    run.time.at(5, () => {
      run.run.pause();
    });
    run.time.advanceTo(100);
    expect(startsOf(run)).toStrictEqual([0, 0]);
    expect(run.run.snapshot()).toMatchObject({ isPaused: true, counts: { completed: 2, ready: 2 } });
    run.run.resume();
    run.time.flush();
    expect(startsOf(run)).toStrictEqual([0, 0, 100, 100]);
    expect(run.run.snapshot().isPaused).toBe(false);
    expect(run.story).toContain('run-paused');
    expect(run.isOver).toBe(true);
  });

  test('twice is once, and so is resuming', () => {
    const run = queries(2, { db: 1 });
    run.run.pause();
    run.run.pause();
    run.run.resume();
    run.run.resume();
    run.time.flush();
    expect(run.all('run-paused')).toHaveLength(1);
    expect(run.all('run-resumed')).toHaveLength(1);
    expect(run.result).toBeDefined();
  });

  test('of one class holds back only the steps that demand it', () => {
    const time = new VirtualTime();
    const slow = step('slow', () => time.after(10, 1), { resource: 'db' });
    const next = step('next', { slow }, () => time.after(10, 2), { resource: ['db', 'light-cpu'] });
    const other = step('other', { slow }, () => time.after(10, 3));
    const run = watch(workflow('mixed', { next, other }), time, { limits: { db: 1 }, maxOvertakes: 0 });
    run.run.pause('db');
    time.advanceTo(50);
    expect(startsOf(run)).toStrictEqual([0, 10]);
    expect(run.run.snapshot().pausedResources).toStrictEqual(['db']);
    run.run.resume('db');
    time.flush();
    expect(run.result).toStrictEqual({ next: 2, other: 3 });
    expect(run.the('run-paused')).toMatchObject({ resource: 'db' });
    expect(run.the('run-resumed')).toMatchObject({ resource: 'db' });
    expect(run.run.snapshot().pausedResources).toStrictEqual([]);
  });

  test('before the start lets nothing start', () => {
    const time = new VirtualTime();
    const only = step('only', () => time.after(1, 1));
    const run = workflow('late', { only }).run({ scheduler: time.scheduler });
    run.pause();
    const results: unknown[] = [];
    run.result$.subscribe((result) => results.push(result));
    time.advanceTo(10);
    expect(run.snapshot()).toMatchObject({ status: 'running', counts: { ready: 1 } });
    run.resume();
    time.flush();
    expect(results).toStrictEqual([{ only: 1 }]);
  });

  test('neither hinders a cancel nor a timeout', () => {
    const paused = queries(2, { db: 1 });
    paused.run.pause();
    paused.run.cancel('enough');
    paused.time.flush();
    expect(paused.isOver).toBe(true);
    expect(paused.error).toMatchObject({ code: 'CANCELLED' });

    const late = queries(2, { db: 1 }, { timeout: 20 });
    late.run.pause();
    late.time.flush();
    expect(late.error).toMatchObject({ code: 'WORKFLOW_TIMEOUT' });
  });

  test('of a class that nothing demands is refused', () => {
    const run = queries(1, { db: 1 });
    const fault = thrownBy(() => {
      run.run.pause('bd');
    });
    expect(fault).toBeInstanceOf(InvalidOptionsError);
    expect(String(fault)).toContain("did you mean 'db'?");
    expect(
      thrownBy(() => {
        run.run.resume('gpu');
      }),
    ).toBeInstanceOf(InvalidOptionsError);
  });

  test('after the end changes nothing', () => {
    const run = queries(1, { db: 1 });
    run.time.flush();
    run.run.pause();
    run.run.setLimits({ db: 5 });
    expect(run.all('run-paused')).toStrictEqual([]);
    expect(run.run.metrics().resources['db']?.limit).toBe(1);
  });
});

describe('setLimits', () => {
  test('raises a limit at once', () => {
    const run = queries(6, { db: 1 });
    run.time.at(5, () => {
      run.run.setLimits({ db: 3 });
    });
    run.time.flush();
    expect(startsOf(run)).toStrictEqual([0, 5, 5, 10, 15, 15]);
    expect(run.the('limits-changed')).toMatchObject({ at: 5, limits: { db: 3 } });
    expect(run.run.snapshot().resources['db']).toStrictEqual({ taken: 0, limit: 3 });
  });

  test('lowers it for what starts from then on', () => {
    const run = queries(6, { db: 3 });
    run.time.at(5, () => {
      run.run.setLimits({ db: 1 });
    });
    run.time.flush();
    expect(startsOf(run)).toStrictEqual([0, 0, 0, 10, 20, 30]);
  });

  test('counts in the utilisation for as long as it held', () => {
    const run = queries(2, { db: 1 });
    run.time.at(10, () => {
      run.run.setLimits({ db: 3 });
    });
    run.time.flush();
    // 10 ms of 1, then 10 ms of 3, of which 20 were used.
    expect(run.run.metrics().resources['db']).toMatchObject({ limit: 3, utilisation: 0.5 });
  });

  test('tells nothing where nothing changes', () => {
    const run = queries(1, { db: 1 });
    run.run.setLimits({ db: 1 });
    run.run.setLimits({});
    run.time.flush();
    expect(run.all('limits-changed')).toStrictEqual([]);
  });

  test.each<[limits: object, message: string]>([
    [{ db: 0 }, "limits['db']"],
    [{ db: Number.NaN }, "limits['db']"],
    [{ bd: 0 }, "limits['bd']"],
    [{ db: { rate: { limit: 0, per: '1s' } } }, "limits['db'].rate.limit"],
    [{ db: { rate: { limit: 1, per: 0 } } }, "limits['db'].rate.per"],
    [{ db: { rate: { limit: 1, per: '1s', burst: 2 } } }, 'burst'],
    [{ db: { limits: 2 } }, "did you mean 'limit'?"],
  ])('refuses %j', (limits, message) => {
    const run = queries(2, { db: 2 });
    const fault = thrownBy(() => {
      run.run.setLimits(limits as Limits);
    });
    expect(fault).toBeInstanceOf(InvalidOptionsError);
    expect(String(fault)).toContain(message);
    expect(run.run.snapshot().resources['db']?.limit).toBe(2);
  });

  test('refuses what no record is', () => {
    const run = queries(1, { db: 2 });
    const nothing = undefined as unknown as Limits;
    expect(
      thrownBy(() => {
        run.run.setLimits(nothing);
      }),
    ).toBeInstanceOf(InvalidOptionsError);
  });

  test('refuses less than a step demands that is not over, and changes nothing', () => {
    const time = new VirtualTime();
    const big = step('big', () => time.after(10, 1), { resource: { db: 4, gpu: 1 } });
    const last = step('last', { big }, () => time.after(10, 1), { resource: 'db' });
    const run = watch(workflow('w', { last }), time, { limits: { db: 4, gpu: 3 } });
    const fault = thrownBy(() => {
      run.run.setLimits({ gpu: 1, db: 3 });
    });
    expect(fault).toBeInstanceOf(ResourceLimitError);
    expect(fault).toMatchObject({ stepId: 'big', resource: 'db', demand: 4, limit: 3 });
    expect(run.run.snapshot().resources['gpu']?.limit).toBe(3);
    time.at(12, () => {
      run.run.setLimits({ db: 1 });
    });
    time.flush();
    expect(run.result).toStrictEqual({ last: 1 });
  });
});

test('whoever hears that something starts has heard why', () => {
  const run = queries(4, { db: 1 });
  run.time.at(5, () => {
    run.run.setLimits({ db: 2 });
    run.run.pause();
  });
  run.time.at(20, () => {
    run.run.resume();
  });
  run.time.flush();
  const types = run.events.map(({ type }) => type).filter((type) => /limits|run-|step-started/.test(type));
  expect(types.slice(0, 7)).toStrictEqual([
    'run-started',
    'step-started',
    'limits-changed',
    'step-started',
    'run-paused',
    'run-resumed',
    'step-started',
  ]);
});

describe('a rate', () => {
  const rate = { limit: 2, per: 100 };

  test('lets only so much start in any stretch of time', () => {
    const run = queries(5, { db: { rate } });
    run.time.flush();
    expect(startsOf(run)).toStrictEqual([0, 0, 100, 100, 200]);
  });

  test('slides: it counts from each start', () => {
    const run = queries(4, { db: { limit: 1, rate } }, { ms: 30 });
    run.time.flush();
    expect(startsOf(run)).toStrictEqual([0, 30, 100, 130]);
  });

  test('counts every attempt', () => {
    const time = new VirtualTime();
    const failing = step(
      'failing',
      () => {
        throw new Error('no');
      },
      { retry: 3, resource: 'db' },
    );
    const run = watch(workflow('w', { failing }), time, { limits: { db: { rate } } });
    time.flush();
    expect(startsOf(run)).toStrictEqual([0, 0, 100, 100]);
    expect(run.error).toMatchObject({ attempts: 4 });
  });

  test('holds nobody back who does not demand the class', () => {
    const time = new VirtualTime();
    const first = step('first', () => time.after(1, 1), { resource: 'db' });
    const second = step('second', { first }, () => time.after(1, 1), { resource: 'db' });
    const other = step('other', { first }, () => time.after(1, 1));
    const run = watch(workflow('w', { second, other }), time, {
      limits: { db: { rate: { limit: 1, per: '1s' } } },
    });
    time.flush();
    expect(startsOf(run)).toStrictEqual([0, 1, 1000]);
  });

  test('leaves no timer behind', () => {
    const run = queries(4, { db: { rate } });
    run.time.advanceTo(20);
    run.run.cancel();
    run.time.advanceTo(21);
    expect(run.isOver).toBe(true);
    expect(run.time.planned).toBe(0);
  });

  test('of a demand that exceeds it is an error before the start', () => {
    const time = new VirtualTime();
    const big = step('big', () => time.after(1, 1), { resource: { db: 3 } });
    const fault = thrownBy(() => workflow('w', { big }).run({ limits: { db: { rate } } }));
    expect(fault).toMatchObject({ code: 'RESOURCE_LIMIT', stepId: 'big', demand: 3, limit: 2 });
    expect(String(fault)).toContain('2 in 100 ms');
  });

  test('can be given, changed and taken away while the run is under way', () => {
    const run = queries(9, { db: { limit: 1, rate } });
    run.time.at(50, () => {
      run.run.setLimits({ db: { rate: { limit: 3, per: 100 } } });
    });
    run.time.at(150, () => {
      run.run.setLimits({ db: 1 });
    });
    run.time.at(165, () => {
      run.run.setLimits({ db: { limit: 1, rate: { limit: 1, per: 20 } } });
    });
    run.time.flush();
    expect(startsOf(run)).toStrictEqual([0, 10, 50, 100, 110, 150, 160, 170, 190]);
  });

  test('is not waited for while the class is paused', () => {
    const run = queries(3, { db: { rate } });
    run.run.pause('db');
    run.time.advanceTo(300);
    expect(startsOf(run)).toStrictEqual([0, 0]);
    run.run.resume('db');
    run.time.flush();
    expect(startsOf(run)).toStrictEqual([0, 0, 300]);
  });

  test('goes on with the environment’s capacity, or the machine’s', () => {
    const run = queries(3, { 'heavy-io': { rate } }, { resource: 'heavy-io' });
    run.time.flush();
    expect(startsOf(run)).toStrictEqual([0, 0, 100]);
    expect(run.run.metrics().resources['heavy-io']?.limit).toBeGreaterThanOrEqual(2);
  });
});

test('limits of a class that only a step to come demands are kept for it', () => {
  const time = new VirtualTime();
  let now = 0;
  let most = 0;
  const before = step('before', () => time.after(10, 0));
  const brings = step('brings', { before }, () =>
    forEachStep(
      'each',
      { items: [1, 2, 3, 4] },
      () => {
        most = Math.max(most, ++now);
        return time.after(5, 0).pipe(tap(() => now--));
      },
      { resource: 'gpu' },
    ),
  );
  const run = watch(workflow('later', { brings }), time, { limits: { gpu: 4 } });
  run.run.setLimits({ gpu: 1 });
  time.flush();
  expect(most).toBe(1);
});
