import {
  forEachStep,
  InvalidOptionsError,
  memory,
  OverloadedError,
  ResourceLimitError,
  type SharedLimitsRecord,
  sharedLimits,
  step,
  stream,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { of, take, timer } from 'rxjs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { settlePromises } from './support/settle-promises.ts';
import { idleUsage, Sharing } from './support/sharing.ts';
import { expectSound } from './support/sound.ts';
import { watch } from './support/watch.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a limit that is shared', () => {
  test('holds over all runs that are given it, which need none of their own', () => {
    const sharing = new Sharing({ db: 2 });
    const runs = ['a', 'b', 'c'].map((id) => sharing.queries(id, 2));
    expect(sharing.runsOf(0)).toStrictEqual(['a', 'a']);
    expect(sharing.shared.usage()).toStrictEqual({
      ...idleUsage,
      running: 3,
      inLine: 2,
      resources: { db: { taken: 2, abandoned: 0, limit: 2, waiting: 2, isPaused: false } },
    });
    sharing.time.flush();
    expect(sharing.starts).toStrictEqual(['0 a s0', '0 a s1', '10 b s0', '10 c s0', '20 b s1', '20 c s1']);
    expect(runs.map(({ isOver }) => isOver)).toStrictEqual([true, true, true]);
    expect(sharing.shared.usage()).toMatchObject({
      ...idleUsage,
      resources: { db: { taken: 0, waiting: 0 } },
    });
  });

  test('doesn’t hold for runs that aren’t given it', () => {
    const sharing = new Sharing({ db: 1 });
    sharing.queries('a', 1);
    sharing.queries('b', 2, { shared: undefined, limits: { db: 2 } });
    expect(sharing.runsOf(0)).toStrictEqual(['a', 'b', 'b']);
  });

  test('comes beside a run’s own', () => {
    const sharing = new Sharing({ db: 3 });
    sharing.queries('a', 3, { limits: { db: 2 } });
    sharing.queries('b', 3, { limits: { db: 2 } });
    expect(sharing.runsOf(0)).toStrictEqual(['a', 'a', 'b']);
    sharing.time.flush();
    expect(sharing.runsOf()).toHaveLength(6);
  });

  test.each<[string, SharedLimitsRecord, Parameters<Sharing['run']>[1], number]>([
    ['in weights', { db: 4 }, [{ resource: { db: 2 } }], 2],
    ['of memory, as text', { memory: '1GiB' }, [{ resource: memory('400MiB') }], 2],
    ['of several classes at once', { db: 3, gpu: 2 }, [{ resource: ['db', 'gpu'] }], 2],
    ['over all classes', { concurrency: 3 }, [{ resource: 'light-io' }], 3],
    ['for each class of a family', { 'host:*': 2 }, [{ resource: 'host:a' }], 2],
    ['for one of a family by its name', { 'host:*': 2, 'host:a': 3 }, [{ resource: 'host:a' }], 3],
    ['for all', { '*': 1 }, [{ resource: 'db' }], 1],
  ])('caps %s', (_, limits, works, most) => {
    const sharing = new Sharing(limits);
    const runs = ['a', 'b', 'c', 'd'].map((id) => sharing.run(id, works));
    expect(sharing.runsOf(0)).toHaveLength(most);
    sharing.time.flush();
    expect(runs.map(({ result }) => result === undefined)).toStrictEqual([false, false, false, false]);
    expect(sharing.shared.usage()).toMatchObject(idleUsage);
  });

  test('is one for each class of a family', () => {
    const sharing = new Sharing({ 'host:*': 1 });
    for (const id of ['a', 'b']) sharing.run(id, [{ resource: 'host:x' }, { resource: 'host:y' }]);
    expect(sharing.starts).toStrictEqual(['0 a s0', '0 a s1']);
    expect(Object.keys(sharing.shared.usage().resources)).toStrictEqual(['host:x', 'host:y']);
  });

  test('may be a rate, over all runs', () => {
    const sharing = new Sharing({ api: { limit: 4, rate: { limit: 2, per: 100 } } });
    const runs = ['a', 'b'].map((id) =>
      sharing.run(id, [{ resource: 'api' }, { resource: 'api' }, { resource: 'api' }]),
    );
    sharing.time.flush();
    expect(sharing.starts).toStrictEqual([
      '0 a s0',
      '0 a s1',
      '100 a s2',
      '100 b s0',
      '200 b s1',
      '200 b s2',
    ]);
    expect(runs.every(({ isOver }) => isOver)).toBe(true);
    expect(sharing.time.planned).toBe(0);
  });

  test('plans nothing once nobody waits for its rate', () => {
    const sharing = new Sharing({ api: { rate: { limit: 1, per: 100 } } });
    sharing.run('a', [{ resource: 'api' }]);
    const late = sharing.run('b', [{ resource: 'api' }]);
    sharing.time.advanceTo(20);
    expect(sharing.time.planned).toBe(1);
    late.run.cancel();
    expect(sharing.time.planned).toBe(0);
  });

  test('also holds for steps that come while runs are under way', () => {
    const sharing = new Sharing({ 'tenant:*': 1, db: 2 });
    const { time } = sharing;
    const child = (item: number) => time.after(10, item);
    for (const id of ['a', 'b']) {
      const fan = forEachStep('fan', { items: [1, 2, 3] }, child, {
        resource: (item) => ['db', `tenant:${String(item)}`],
      });
      watch(workflow(id, { fan }), time, { runId: id, shared: sharing.shared });
    }
    let most = 0;
    for (let { next } = time; next !== undefined; { next } = time) {
      time.advanceTo(next);
      most = Math.max(most, sharing.taken('db') ?? 0);
      for (const { taken, limit } of Object.values(sharing.shared.usage().resources))
        expect(taken).toBeLessThanOrEqual(limit);
    }
    expect(most).toBe(2);
    expect(sharing.shared.usage()).toMatchObject({ ...idleUsage, resources: { db: { taken: 0 } } });
  });

  test('of a standard class takes the place of the machine’s, but not of the environment’s', () => {
    vi.stubEnv('MILLRACE_IO_CONCURRENCY', '2');
    const sharing = new Sharing({ 'heavy-cpu': 500, 'heavy-io': 500 });
    const { limits } = sharing.run('a', [{ resource: 'heavy-cpu' }, { resource: 'heavy-io' }]).run;
    expect(limits).toStrictEqual({ 'heavy-cpu': 500, 'heavy-io': 2, concurrency: Infinity });
  });

  test('may be given twice, and counts once', () => {
    const sharing = new Sharing({ db: 2 });
    sharing.queries('a', 2, { shared: [sharing.shared, sharing.shared] });
    expect(sharing.runsOf(0)).toStrictEqual(['a', 'a']);
  });

  test('is served in live time too', async () => {
    const shared = sharedLimits({ db: 3, runs: 7 });
    let working = 0;
    let most = 0;
    const query = async (): Promise<number> => {
      most = Math.max(most, ++working);
      await Promise.resolve();
      working--;
      return most;
    };
    const steps = Object.fromEntries(
      Array.from({ length: 20 }, (_, place) => [
        `s${String(place)}`,
        step(`s${String(place)}`, query, { resource: 'db' }),
      ]),
    );
    const flow = workflow('live', steps);
    await Promise.all(Array.from({ length: 50 }, () => flow.run({ shared }).result()));
    expect([most, working]).toStrictEqual([3, 0]);
    expect(shared.usage()).toMatchObject({
      ...idleUsage,
      resources: { db: { taken: 0 }, runs: { taken: 0 } },
    });
  });

  /** Many runs that have to be served one after the other, each a millisecond of work, and the first to end. */
  function busyRuns(): { readonly first: Promise<unknown>; readonly all: Promise<unknown> } {
    const shared = sharedLimits({ db: 1 });
    const spin = (): void => {
      const end = performance.now() + 1;
      while (performance.now() < end);
    };
    const steps = [0, 1, 2].map((place) => step(`s${String(place)}`, spin, { resource: 'db' }));
    const flow = workflow('busy', Object.fromEntries(steps.map((each) => [each.id, each])));
    const gate = step('gate', () => new Promise((resolve) => setImmediate(resolve)), { resource: 'db' });
    const opened = workflow('gate', { gate }).run({ shared }).result();
    const all = Array.from({ length: 20 }, () => flow.run({ shared }).result());
    return { first: opened, all: Promise.all(all) };
  }

  test('lets the event loop turn while many runs are served one after the other', async () => {
    const { first, all } = busyRuns();
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    await first;
    setImmediate(count);
    await all;
    isOver = true;
    expect(turns).toBeGreaterThan(3);
  });

  test('holds up no runs of another time meanwhile', async () => {
    const { first, all } = busyRuns();
    await first;
    // The event loop is to turn before the others are served.
    const sharing = new Sharing({ db: 1 });
    for (const id of ['a', 'b', 'c']) sharing.queries(id, 1);
    sharing.time.flush();
    expect(sharing.runsOf()).toStrictEqual(['a', 'b', 'c']);
    await all;
  });
});

describe('two shared limits', () => {
  test('are taken at once, in whatever order runs have them, and none is held for the other', () => {
    const sharing = new Sharing({ db: 1 });
    const other = sharedLimits({ gpu: 1 });
    const both = { resource: ['db', 'gpu'] } as const;
    for (const [place, id] of ['a', 'b', 'c', 'd'].entries()) {
      const shared = place % 2 === 0 ? [sharing.shared, other] : [other, sharing.shared];
      sharing.run(id, [both, both], { shared });
    }
    sharing.run('only db', [{ resource: 'db' }]);
    sharing.time.flush();
    expect(sharing.starts).toHaveLength(9);
    expect(new Set(sharing.starts.map((start) => start.split(' ')[0])).size).toBe(9);
    expect([sharing.shared.usage(), other.usage()]).toMatchObject([idleUsage, idleUsage]);
  });

  test('of one class hold both', () => {
    const sharing = new Sharing({ db: 3 });
    const tenant = sharedLimits({ db: 2 });
    sharing.queries('a', 3, { shared: [tenant, sharing.shared] });
    sharing.queries('b', 3);
    expect(sharing.runsOf(0)).toStrictEqual(['a', 'a', 'b']);
    expect(tenant.usage().resources['db']?.taken).toBe(2);
    sharing.time.flush();
    expect(sharing.runsOf()).toHaveLength(6);
  });

  test('lead to no starvation: who needs both is served, whatever the others take', () => {
    const sharing = new Sharing({ db: 2 }, { maxOvertakes: 3 });
    const other = sharedLimits({ gpu: 2 }, { maxOvertakes: 3 });
    // There is always one of each taken, never at the same time free.
    sharing.run(
      'dbs',
      Array.from({ length: 20 }, () => ({ ms: 7 })),
    );
    sharing.run(
      'gpus',
      Array.from({ length: 20 }, () => ({ resource: 'gpu', ms: 11 })),
      { shared: other },
    );
    const big = sharing.run('big', [{ resource: { db: 2, gpu: 2 } }], { shared: [other, sharing.shared] });
    sharing.time.flush();
    expect(big.the('step-started').at).toBeLessThan(50);
    expect(sharing.runsOf()).toHaveLength(41);
  });
});

describe('a run tells of what it shares as of what is its own', () => {
  test('with its own use, and with the limit in force', () => {
    const sharing = new Sharing({ db: 4, concurrency: 6 });
    const a = sharing.queries('a', 1);
    const b = sharing.queries('b', 2, { limits: { db: 3, concurrency: 9 } });
    expect(a.run.snapshot().resources).toStrictEqual({
      db: { taken: 1, limit: 4 },
      concurrency: { taken: 1, limit: 6 },
    });
    expect(b.run.snapshot().resources).toStrictEqual({
      db: { taken: 2, limit: 3 },
      concurrency: { taken: 2, limit: 6 },
    });
    expect(b.run.limits).toStrictEqual({ db: 3, concurrency: 6 });
    expect(b.the('step-started', 's0').holds).toStrictEqual({ concurrency: 1, db: 1 });
    sharing.time.flush();
    expect(a.run.metrics().resources['db']).toStrictEqual({ limit: 4, peak: 1, utilisation: 0.25 });
  });
});

describe('usage$ of a shared object', () => {
  test('tells at once, then at most once a frame when something has changed, and costs nothing afterwards', () => {
    const sharing = new Sharing({ db: 1, runs: 2 });
    const seen: string[] = [];
    // A run before brings its time.
    sharing.queries('first', 1);
    const subscription = sharing.shared.usage$.subscribe(({ resources, running, waiting, inLine }) => {
      seen.push([sharing.time.now, resources['db']?.taken, running, waiting, inLine].map(String).join(' '));
    });
    sharing.queries('a', 1);
    sharing.queries('b', 1);
    sharing.time.advanceTo(100);
    expect(seen).toStrictEqual(['0 1 1 0 0', '16 1 2 0 1', '36 0 0 0 0']);
    subscription.unsubscribe();
    sharing.queries('c', 1);
    sharing.time.flush();
    expect(seen).toHaveLength(3);
    expect(sharing.time.planned).toBe(0);
  });

  test('leaves no timer when its last subscriber leaves', () => {
    const sharing = new Sharing({ db: 1 });
    const run = sharing.queries('a', 1);
    const subscriptions = [0, 1].map(() => sharing.shared.usage$.subscribe());
    run.run.cancel();
    expect(sharing.time.planned).toBe(1);
    subscriptions[0]?.unsubscribe();
    expect(sharing.time.planned).toBe(1);
    subscriptions[1]?.unsubscribe();
    expect(sharing.time.planned).toBe(0);
  });

  test('is plain data that can’t be changed', () => {
    const usage = new Sharing({ db: 1 }).shared.usage();
    expect(structuredClone(usage)).toStrictEqual(usage);
    expect([usage, usage.resources, usage.resources['db']].every((each) => Object.isFrozen(each))).toBe(true);
  });
});

describe('the time of shared limits is that of the runs', () => {
  const rated = { db: { rate: { limit: 1, per: 100 } } };

  test('and starts anew with another clock, once no run is left', () => {
    const sharing = new Sharing(rated);
    sharing.time.advanceTo(1000);
    sharing.queries('a', 1);
    sharing.time.flush();
    const later = new VirtualTime();
    const run = sharing.queries('b', 1, { scheduler: later.scheduler });
    expect(run.the('step-started').at).toBe(0);
  });

  test('so that runs of several clocks can’t share a rate', () => {
    const sharing = new Sharing(rated);
    sharing.queries('a', 1);
    const run = sharing.queries('b', 1, { scheduler: new VirtualTime().scheduler });
    expect(run.error).toBeInstanceOf(InvalidOptionsError);
    expect(String(run.error)).toContain("run 'b': expected scheduler to be that of the other runs under way");
    expect(sharing.shared.usage().running).toBe(1);
    sharing.time.flush();
    expect(sharing.shared.usage()).toMatchObject(idleUsage);
  });
});

test('runs of one process that are refused are told apart by class and code', () => {
  const error = new OverloadedError('r', "shared limits 's'", 1, 1, 0);
  expect([error.name, error.code, error.metrics]).toStrictEqual(['OverloadedError', 'OVERLOADED', undefined]);
});

describe('streams between steps, over limits that are shared', () => {
  test('start together, run in what one of them holds, and give all of it back', async () => {
    const sharing = new Sharing({ db: 4, concurrency: 6 });
    const { time, shared } = sharing;
    const emits = (count: number) =>
      step('emits', () => timer(0, 10, time.scheduler).pipe(take(count)), { resource: 'db' });
    const runs = ['a', 'b', 'c'].map((id) => {
      const source = emits(5);
      const each = forEachStep(
        'each',
        { items: stream(source, { capacity: 9, overflow: 'error' }) },
        (item) => time.after(15, item),
        { resource: { db: 1 } },
      );
      return watch(workflow(id, { each }), time, { runId: id, shared });
    });
    let most = 0;
    while (!runs.every(({ isOver }) => isOver)) {
      // What a stream gives is read by Promises.
      await settlePromises();
      time.advanceTo(time.next ?? time.now);
      const { resources } = shared.usage();
      for (const { taken, limit } of Object.values(resources)) expect(taken).toBeLessThanOrEqual(limit);
      const own = runs.map(({ run }) => run.snapshot().resources['db']?.taken ?? 0);
      expect(resources['db']?.taken).toBe(own.reduce((sum, each) => sum + each, 0));
      most = Math.max(most, resources['db']?.taken ?? 0);
    }
    expect(most).toBe(4);
    for (const run of runs) {
      expect(run.result).toStrictEqual({ each: [0, 1, 2, 3, 4] });
      expectSound(run);
    }
    expect(shared.usage()).toMatchObject({
      ...idleUsage,
      resources: { db: { taken: 0 }, concurrency: { taken: 0 } },
    });
  });

  test('that need more at once than there is are refused', () => {
    const source = step('source', () => of(1), { resource: { db: 2 } });
    const reads = step('reads', { source: stream(source) }, () => 1, { resource: { db: 2 } });
    const flow = workflow('w', { reads });
    expect(() => flow.run({ shared: sharedLimits({ concurrency: 1 }), limits: { db: 4 } })).toThrow(
      ResourceLimitError,
    );
    expect(() => flow.run({ shared: sharedLimits({ db: 3 }) })).toThrow(
      "demands 4 of 'db', but the limit of the shared limits of 'db' is 3",
    );
  });
});
