import {
  InvalidOptionsError,
  ResourceLimitError,
  type SharedLimitsRecord,
  sharedLimits,
  workflow,
} from 'millrace';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { idleUsage, Sharing } from './support/sharing.ts';
import { thrownBy } from './support/thrown-by.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('setLimits of a shared object', () => {
  test('lets more start at once, in turn, and fewer from then on', () => {
    const sharing = new Sharing({ db: 1 });
    const runs = ['a', 'b', 'c'].map((id) => sharing.queries(id, 2));
    sharing.time.at(5, () => {
      sharing.shared.setLimits({ db: 3 });
    });
    sharing.time.advanceTo(5);
    expect(sharing.starts).toStrictEqual(['0 a s0', '5 b s0', '5 c s0']);
    sharing.shared.setLimits({ db: 1 });
    sharing.time.flush();
    expect(sharing.starts.slice(3)).toStrictEqual(['15 a s1', '25 b s1', '35 c s1']);
    for (const run of runs)
      expect(run.all('limits-changed').map(({ limits }) => limits)).toStrictEqual([{ db: 3 }, { db: 1 }]);
    expect(runs.map(({ run }) => run.snapshot().resources['db'])).toStrictEqual(
      Array.from({ length: 3 }, () => ({ taken: 0, limit: 1 })),
    );
  });

  test('says nothing to a run whose own limit is lower', () => {
    const sharing = new Sharing({ db: 4 });
    const run = sharing.queries('a', 3, { limits: { db: 1 } });
    sharing.shared.setLimits({ db: 2 });
    expect(run.all('limits-changed')).toStrictEqual([]);
    run.run.setLimits({ db: 5 });
    expect(run.the('limits-changed').limits).toStrictEqual({ db: 2 });
    expect(sharing.runsOf(0)).toStrictEqual(['a', 'a']);
  });

  test('sets and takes away rates, and limits of families and their members', () => {
    const sharing = new Sharing({ 'host:*': 1, api: 5 });
    for (const id of ['a', 'b'])
      sharing.run(id, [
        { resource: 'host:x' },
        { resource: 'host:y' },
        { resource: 'api' },
        { resource: 'api' },
      ]);
    sharing.shared.setLimits({ 'host:x': 2, api: { rate: { limit: 1, per: 50 } } });
    expect(sharing.starts).toContain('0 b s0');
    expect(sharing.starts).not.toContain('0 b s1');
    expect(sharing.shared.usage().resources['api']?.limit).toBe(Infinity);
    sharing.shared.setLimits({ 'host:*': 2, api: 7 });
    expect(sharing.starts).toContain('0 b s1');
    expect(sharing.shared.usage().resources).toMatchObject({
      'host:x': { limit: 2 },
      'host:y': { limit: 2 },
      api: { limit: 7 },
    });
    sharing.time.flush();
    expect(sharing.time.planned).toBe(0);
  });

  test('counts for a run that was made before and starts after', () => {
    const sharing = new Sharing({ db: 5 });
    const { time, shared } = sharing;
    const flow = workflow('late', { only: sharing.step('only', { resource: { db: 2 } }, 'late') });
    const [first, second] = [0, 1].map(() => flow.run({ shared, scheduler: time.scheduler }));
    shared.setLimits({ db: 3 });
    const told: unknown[] = [];
    first?.progress$.subscribe((event) => {
      if (event.type === 'limits-changed') told.push(event.limits);
    });
    first?.result$.subscribe();
    expect(told).toStrictEqual([{ db: 3 }]);
    expect(first?.snapshot().resources).toStrictEqual({ db: { taken: 2, limit: 3 } });
    time.flush();
    shared.setLimits({ db: 1 });
    const errors: unknown[] = [];
    second?.result$.subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toMatchObject([{ code: 'RESOURCE_LIMIT', stepId: 'only', demand: 2, limit: 1 }]);
    expect(shared.usage()).toMatchObject(idleUsage);
  });

  test('refuses what a step of a run still needs, and changes nothing then', () => {
    const sharing = new Sharing({ db: 5 }, { name: 'the database' });
    const run = sharing.run('a', [{ resource: { db: 4 } }, { resource: { db: 4 } }]);
    const error = thrownBy(() => {
      sharing.shared.setLimits({ db: 3 });
    });
    expect(error).toBeInstanceOf(ResourceLimitError);
    expect(String(error)).toBe(
      "ResourceLimitError: step 's0' demands 4 of 'db', but the limit of the shared limits 'the database' is 3; raise it there or lower the step's demand",
    );
    expect(sharing.shared.usage().resources['db']?.limit).toBe(5);
    expect(run.all('limits-changed')).toStrictEqual([]);
    const rated = (): void => {
      sharing.shared.setLimits({ db: { limit: 5, rate: { limit: 2, per: '1s' } } });
    };
    expect(rated).toThrow("the rate of the shared limits 'the database' is 2 in 1000 ms");
    sharing.time.flush();
    sharing.shared.setLimits({ db: 3 });
    expect(sharing.shared.usage().resources['db']?.limit).toBe(3);
  });

  test.each<[string, unknown, string]>([
    [
      'what isn’t shared',
      { bd: 2 },
      "expected limits['bd'] to be absent (did you mean 'db'?), since it isn't among these limits, got 2",
    ],
    ['concurrency, where it isn’t shared', { concurrency: 2 }, "limits['concurrency']"],
    ['runs, where they aren’t capped', { runs: 2 }, "limits['runs']"],
    ['what is no limit', { db: -1 }, "limits['db'] to be a positive number, got -1"],
    ['no record', 7, 'a record of limits by class, got 7'],
  ])('refuses %s', (_, limits, message) => {
    const shared = sharedLimits({ db: 2 });
    const error = thrownBy(() => {
      shared.setLimits(limits as SharedLimitsRecord);
    });
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(String(error)).toContain(message);
    expect(String(error)).toContain("setLimits of the shared limits of 'db'");
  });
});

describe('a pause of a shared object', () => {
  test('holds back all that would start, in all runs', () => {
    const sharing = new Sharing({ db: 2 });
    sharing.queries('a', 3);
    sharing.shared.pause();
    sharing.shared.pause();
    sharing.queries('b', 1);
    sharing.run('c', [{ resource: 'light-io' }]);
    sharing.time.advanceTo(50);
    expect(sharing.starts).toStrictEqual(['0 a s0', '0 a s1', '0 c s0']);
    expect(sharing.shared.usage()).toMatchObject({
      isPaused: true,
      inLine: 2,
      resources: { db: { taken: 0 } },
    });
    sharing.shared.resume();
    expect(sharing.runsOf(50)).toStrictEqual(['b', 'a']);
  });

  test('of one class holds back only what takes of it', () => {
    const sharing = new Sharing({ db: 2, gpu: 2 });
    sharing.shared.pause('gpu');
    sharing.run('a', [{ resource: 'gpu' }, { resource: 'db' }, { resource: ['db', 'gpu'] }]);
    sharing.time.advanceTo(50);
    expect(sharing.starts).toStrictEqual(['0 a s1']);
    expect(sharing.shared.usage().resources['gpu']).toMatchObject({ isPaused: true, waiting: 2 });
    sharing.shared.resume('gpu');
    expect(sharing.starts.slice(1)).toStrictEqual(['50 a s0', '50 a s2']);
  });

  test('of a member of a family may come before it', () => {
    const sharing = new Sharing({ 'host:*': 2 });
    sharing.shared.pause('host:x');
    sharing.run('a', [{ resource: 'host:x' }, { resource: 'host:y' }]);
    sharing.time.advanceTo(20);
    expect(sharing.starts).toStrictEqual(['0 a s1']);
    sharing.shared.resume('host:x');
    expect(sharing.starts).toStrictEqual(['0 a s1', '20 a s0']);
  });

  test.each(['pause', 'resume'] as const)('%s refuses a class that isn’t shared', (method) => {
    const { shared } = new Sharing({ db: 2, 'host:*': 2 });
    for (const resource of ['bd', 'host:*', 7])
      expect(
        thrownBy(() => {
          shared[method](resource as string);
        }),
      ).toBeInstanceOf(InvalidOptionsError);
  });
});
