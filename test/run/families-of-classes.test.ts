import {
  forEachStep,
  InvalidOptionsError,
  type Limits,
  ResourceLimitError,
  type Step,
  step,
  subflow,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { mostAtOnce, waits } from './support/fan-outs.ts';
import { expectSound } from './support/sound.ts';
import { thrownBy } from './support/thrown-by.ts';
import { play, watch } from './support/watch.ts';

const takesOf = (time: VirtualTime, id: string, resource: string): Step<number, never> =>
  step(id, () => time.after(10, 1), { resource });

/** Two steps for each host; how many of a host's ran at once. */
function atOnce(limits: Limits, ...hosts: string[]): number[] {
  const time = new VirtualTime();
  const steps = hosts.flatMap((host) =>
    ['1', '2', '3'].map((each) => takesOf(time, `${host} ${each}`, `host:${host}`)),
  );
  const run = play(workflow('w', Object.fromEntries(steps.map((each) => [each.id, each]))), { limits }, time);
  expectSound(run);
  return hosts.map((host) => mostAtOnce(run, new RegExp(`^${host} `)));
}

describe('a limit for a family', () => {
  test.each<[string, Limits, number[]]>([
    ['is one for each', { 'host:*': 1 }, [1, 1]],
    ['gives way to an exact name', { 'host:*': 1, 'host:a.org': 2 }, [2, 1]],
    ['gives way to a longer prefix', { 'host:*': 1, 'host:b*': 3 }, [1, 3]],
    ['may be for all', { '*': 2 }, [2, 2]],
    ['may be undefined for one, which is absent', { 'host:*': 2, 'host:a.org': undefined }, [2, 2]],
    ['may be endless', { 'host:*': Infinity }, [3, 3]],
  ])('%s', (_, limits, most) => {
    expect(atOnce(limits, 'a.org', 'b.org')).toStrictEqual(most);
  });

  test('is no limit of a class whose name merely begins like it', () => {
    const run = (): unknown =>
      workflow('w', { a: step('a', () => 1, { resource: 'hos' }) }).run({ limits: { 'host:*': 1 } });
    expect(run).toThrow(InvalidOptionsError);
  });

  test('also has a rate for each', () => {
    const time = new VirtualTime();
    const steps = ['a', 'b'].flatMap((host) =>
      [1, 2, 3].map((n) => takesOf(time, `${host}${String(n)}`, `host:${host}`)),
    );
    const run = play(
      workflow('w', Object.fromEntries(steps.map((each) => [each.id, each]))),
      { limits: { 'host:*': { rate: { limit: 1, per: 100 } } } },
      time,
    );
    expect(
      run
        .all('step-started')
        .map(({ stepId, at }) => `${stepId} ${String(at)}`)
        .sort(),
    ).toStrictEqual(['a1 0', 'a2 100', 'a3 200', 'b1 0', 'b2 100', 'b3 200']);
  });

  test('is what a demand must fit in', () => {
    const greedy = step('greedy', () => 1, { resource: { 'host:a': 3 } });
    expect(() => workflow('w', { greedy }).run({ limits: { 'host:*': 2 } })).toThrow(ResourceLimitError);
  });

  test.each([0, -1, Number.NaN, 'two', { rate: { limit: 0, per: 1 } }, { rat: 1 }])(
    'can’t be %j, whether it is demanded or not',
    (limit) => {
      const one = step('one', () => 1);
      expect(() => workflow('w', { one }).run({ limits: { 'host:*': limit as never } })).toThrow(
        "limits['host:*']",
      );
    },
  );

  test('is changed for all of its members, those included that come later', () => {
    const time = new VirtualTime();
    const items = ['a', 'a', 'a', 'b', 'b', 'b'];
    const fan = forEachStep(
      'fan',
      { items },
      (_, __, { scheduler }) => waits(10, {}, { scheduler } as never),
      {
        resource: (host) => `host:${host}`,
        key: (host, place) => `${host}${String(place)}`,
      },
    );
    const run = watch(workflow('w', { fan }), time, { limits: { 'host:*': 1 } });
    time.advanceTo(5);
    expect(run.all('step-started')).toHaveLength(3);
    run.run.setLimits({ 'host:*': 2 });
    expect(run.all('step-started')).toHaveLength(5);
    time.flush();
    expectSound(run);
  });

  test('paused by the name of a member holds back that one alone', () => {
    const time = new VirtualTime();
    const run = watch(
      workflow('w', { a: takesOf(time, 'a', 'host:a'), b: takesOf(time, 'b', 'host:b') }),
      time,
      {
        limits: { 'host:*': 1 },
      },
    );
    expect(thrownBy(() => run.run.pause('host:c'))).toBeInstanceOf(InvalidOptionsError);
    time.flush();
    expect(run.isOver).toBe(true);
  });

  test('serves 10,000 members', () => {
    const count = 10_000;
    const time = new VirtualTime();
    const fan = forEachStep('fan', { items: Array.from({ length: count }, (_, place) => place) }, () => 1, {
      resource: (place) => `host:${String(place)}`,
      reduce: (sum: number, one) => sum + one,
      initial: 0,
    });
    const run = workflow('w', { fan }).run({ limits: { 'host:*': 1 }, scheduler: time.scheduler });
    let result: unknown;
    run.result$.subscribe((value) => {
      result = value;
    });
    expect(result).toStrictEqual({ fan: count });
  });
});

describe('limits.concurrency', () => {
  const six = (time: VirtualTime) =>
    workflow(
      'w',
      Object.fromEntries(
        [1, 2, 3, 4, 5, 6].map((n) => [`s${String(n)}`, takesOf(time, `s${String(n)}`, 'light-io')]),
      ),
    );
  const started = (run: { all(type: 'step-started'): unknown[] }) => run.all('step-started').length;

  test.each([1, 2, 3, 7])('%i is how many steps run at once', (concurrency) => {
    const time = new VirtualTime();
    const run = play(six(time), { limits: { concurrency } }, time);
    expect(mostAtOnce(run, /^s/)).toBe(Math.min(6, concurrency));
    expectSound(run);
  });

  test('beside the option of that name is an error, even where they agree', () => {
    expect(() => six(new VirtualTime()).run({ concurrency: 2, limits: { concurrency: 2 } })).toThrow(
      'limits.concurrency',
    );
  });

  test.each([0, -1, 1.5, Number.NaN, '2', { rate: { limit: 1, per: 1 } }])('can’t be %j', (concurrency) => {
    expect(() => six(new VirtualTime()).run({ limits: { concurrency: concurrency as never } })).toThrow(
      InvalidOptionsError,
    );
    expect(() =>
      six(new VirtualTime())
        .run()
        .setLimits({ concurrency: concurrency as never }),
    ).toThrow(InvalidOptionsError);
  });

  test.each([
    ['the option', { concurrency: 1 }],
    ['the limit', { limits: { concurrency: 1 } }],
  ])('is changed live where %s gave it', (_, options) => {
    const time = new VirtualTime();
    const run = watch(six(time), time, options);
    expect(started(run)).toBe(1);
    run.run.setLimits({ concurrency: 4 });
    expect(started(run)).toBe(4);
    expect(run.run.snapshot().resources['concurrency']).toMatchObject({ taken: 4, limit: 4 });
    time.flush();
    expectSound(run);
  });

  test('is changed live also where the run had none', () => {
    const time = new VirtualTime();
    const first = takesOf(time, 'first', 'light-io');
    const children = forEachStep('fan', { first, items: [1, 2, 3, 4] }, () => time.after(10, 1), {
      resource: 'light-io',
    });
    const sub = subflow('sub', workflow('inner', { x: takesOf(time, 'x', 'db') }));
    const run = watch(workflow('w', { children, sub }), time, { limits: { db: 1 } });
    time.advanceTo(5);
    expect(run.run.snapshot().resources['concurrency']).toBeUndefined();
    run.run.setLimits({ concurrency: 1 });
    expect(run.run.snapshot().resources['concurrency']).toMatchObject({ limit: 1, taken: 2 });
    time.flush();
    expect(mostAtOnce(run, /^fan\[/)).toBe(1);
    expect(run.result).toBeDefined();
    expect(run.run.snapshot().resources['concurrency']).toMatchObject({ limit: 1, taken: 0 });
  });

  test('is paused and resumed by name, which holds back everything', () => {
    const time = new VirtualTime();
    const run = watch(six(time), time, { limits: { concurrency: 2 } });
    run.run.pause('concurrency');
    time.advanceTo(50);
    expect(started(run)).toBe(2);
    run.run.resume('concurrency');
    time.flush();
    expect(started(run)).toBe(6);
    expectSound(run);
  });

  test('is paused and resumed by name where the run had none', () => {
    const time = new VirtualTime();
    const run = watch(six(time), time);
    run.run.pause('concurrency');
    const later = workflow('w', { a: step('a', () => 1) }).run({ scheduler: time.scheduler });
    later.pause('concurrency');
    let result: unknown;
    later.result$.subscribe((value) => {
      result = value;
    });
    expect(result).toBeUndefined();
    later.resume('concurrency');
    expect(result).toStrictEqual({ a: 1 });
    run.run.resume('concurrency');
    time.flush();
    expect(run.isOver).toBe(true);
  });

  test('is never demanded', () => {
    expect(() => step('a', () => 1, { resource: 'concurrency' })).toThrow(InvalidOptionsError);
    expect(() => step('a', () => 1, { resource: { concurrency: 1 } })).toThrow(InvalidOptionsError);
  });

  test('counts in the peak and the utilisation', () => {
    const time = new VirtualTime();
    const run = play(six(time), { limits: { concurrency: 2 } }, time);
    expect(run.run.metrics().resources['concurrency']).toMatchObject({ peak: 2, limit: 2, utilisation: 1 });
  });
});

describe('a limit that nothing demands', () => {
  test('is ignored by run and by setLimits', () => {
    const time = new VirtualTime();
    const run = watch(workflow('w', { a: takesOf(time, 'a', 'db') }), time, {
      limits: { db: 1, gpu: 2, 'host:*': 3, api: { rate: { limit: 1, per: 1 } } },
    });
    run.run.setLimits({ db: 2, gpu: 3, other: 1, 'host:*': 3 });
    time.flush();
    expect(run.result).toStrictEqual({ a: 1 });
    expect(run.all('warning')).toStrictEqual([]);
    expect(Object.keys(run.run.snapshot().resources)).toStrictEqual(['db']);
  });

  test.each(['heavy_cpu', 'HEAVY-CPU', 'heavyCpu', 'heavy cpu', 'heavycpu'])(
    'called %s beside a demanded heavy-cpu is a warning',
    (name) => {
      const time = new VirtualTime();
      const run = play(
        workflow('w', { a: takesOf(time, 'a', 'heavy-cpu') }),
        { limits: { [name]: 1 } },
        time,
      );
      expect(run.the('warning')).toMatchObject({ topic: 'limits', stepId: 'a' });
      expect(run.the('warning').message).toContain(`'${name}'`);
    },
  );

  test.each<[string, Limits]>([
    ['where the class has its own limit', { heavy_cpu: 1, 'heavy-cpu': 2 }],
    ['where nothing demands the class', { heavy_io: 1 }],
    ['where it is another name', { 'heavy-gpu': 1 }],
    ['where a family has it', { 'heavy-*': 1, heavy_cpu: 1 }],
  ])('is no warning %s', (_, limits) => {
    const time = new VirtualTime();
    const run = play(workflow('w', { a: takesOf(time, 'a', 'heavy-cpu') }), { limits }, time);
    expect(run.all('warning')).toStrictEqual([]);
  });

  test('is named where a demanded class of a like name has none', () => {
    const one = workflow('w', { a: step('a', () => 1, { resource: 'database' }) });
    expect(() => one.run({ limits: { databse: 1 } })).toThrow("'databse'");
  });
});
