import {
  ChildrenFailedError,
  DuplicateKeyError,
  type ForEachContext,
  forEachStep,
  InvalidOptionsError,
  input,
  ResourceLimitError,
  type Step,
  StepFailedError,
  StepTimeoutError,
  step,
  type,
  workflow,
} from 'millrace';
import { concat, map, NEVER, type Observable, of, Subject, throwError, timer } from 'rxjs';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { testDisturbances } from './support/disturbances.ts';
import { expectNoStartAfter, expectSound } from './support/sound.ts';
import { thrownBy } from './support/thrown-by.ts';
import { settlePromises, VirtualTime } from './support/virtual-time.ts';
import { play, Watched, watch } from './support/watch.ts';

const broken = (): never => {
  throw new Error('broken');
};

/** A child that takes as long as its item says. */
const waits = (ms: number, _: unknown, { scheduler }: ForEachContext): Observable<number> =>
  timer(ms, scheduler).pipe(map(() => ms));

/** When the children started, by id. */
function startsOf(run: Watched<unknown>): Record<string, number> {
  return Object.fromEntries(run.all('step-started').map(({ stepId, at }) => [stepId, at]));
}

function mostAtOnce(run: Watched<unknown>, pattern: RegExp): number {
  let running = 0;
  let most = 0;
  for (const event of run.events) {
    if (!('stepId' in event) || !pattern.test(event.stepId)) continue;
    if (event.type === 'step-started') running++;
    else if (/completed|failed|cancelled|retrying/.test(event.type)) running--;
    most = Math.max(most, running);
  }
  return most;
}

describe('a fan-out', () => {
  test('gives the results in the order of the items, whoever is faster', () => {
    const items = step('items', () => [30, 10, 20]);
    const run = play(workflow('w', { all: forEachStep('all', { items }, waits) }));
    expect(run.result).toStrictEqual({ all: [30, 10, 20] });
    expect(run.all('step-completed').map(({ stepId }) => stepId)).toStrictEqual([
      'items',
      'all[1]',
      'all[2]',
      'all[0]',
      'all',
    ]);
    expectSound(run);
  });

  test('of nothing is an empty list, at once', () => {
    const run = play(workflow('w', { all: forEachStep('all', { items: [] }, broken) }));
    expect(run.result).toStrictEqual({ all: [] });
    expect(run.all('step-added')).toStrictEqual([]);
    expectSound(run);
  });

  test('names its children by key, and tells what they came of and take', () => {
    const all = forEachStep('all', { items: ['a', 'b'] }, (item) => item, {
      key: (item, place) => `${item}-${String(place)}`,
      resource: { 'heavy-io': 2 },
    });
    const run = play(workflow('w', { all }));
    expect(run.all('step-added')).toMatchObject([
      { stepId: 'all[a-0]', parentId: 'all', dependsOn: [], demand: { 'heavy-io': 2 } },
      { stepId: 'all[b-1]', parentId: 'all', dependsOn: [], demand: { 'heavy-io': 2 } },
    ]);
    expectSound(run);
  });

  test('gives a child its item, what it shares with the others, and a context with its key and place', () => {
    const unit = input('unit', type<string>());
    const all = forEachStep(
      'all',
      { items: step('items', () => [5, 6]), unit },
      (item, inputs, { key, index, stepId, attempt }) => ({ item, inputs, key, index, stepId, attempt }),
      { key: (item) => item * 10 },
    );
    const run = play(workflow('w', { all }) as never, { inputs: { unit: 'kg' } });
    expect(run.result).toStrictEqual({
      all: [
        { item: 5, inputs: { unit: 'kg' }, key: '50', index: 0, stepId: 'all[50]', attempt: 1 },
        { item: 6, inputs: { unit: 'kg' }, key: '60', index: 1, stepId: 'all[60]', attempt: 1 },
      ],
    });
  });

  test.each<[string, Iterable<number> | Observable<number>]>([
    ['an array', [1, 2, 3]],
    ['a Set', new Set([1, 2, 3])],
    ['an Observable', of(1, 2, 3)],
    [
      'a generator',
      (function* () {
        yield* [1, 2, 3];
      })(),
    ],
  ])('takes its items from %s', (_, items) => {
    const run = play(workflow('w', { all: forEachStep('all', { items }, (n) => n * 2) }));
    expect(run.result).toStrictEqual({ all: [2, 4, 6] });
    expectSound(run);
  });

  test('takes its items from an AsyncIterable', async () => {
    async function* items(): AsyncGenerator<number> {
      yield 1;
      await settlePromises();
      yield 2;
    }
    const all = forEachStep('all', { items: items() }, (n) => Promise.resolve(n * 2));
    const run = watch(workflow('w', { all }), new VirtualTime());
    for (let turn = 0; turn < 5; turn++) await settlePromises();
    expect(run.result).toStrictEqual({ all: [2, 4] });
    expectSound(run);
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a number', 5],
    ['a string', 'abc'],
    ['a record', { a: 1 }],
  ])('whose step gives %s fails, and says what items may be', (_, items) => {
    const all = forEachStep('all', { items: step('items', () => items as number[]) }, (n) => n);
    const run = play(workflow('w', { all }));
    expect(run.error).toBeInstanceOf(StepFailedError);
    expect(run.error).toMatchObject({ stepId: 'all', cause: { code: 'INVALID_OPTIONS' } });
    expectSound(run);
  });

  test('is asked by its when, with its items', () => {
    const items = step('items', () => [1]);
    const seen: unknown[] = [];
    const all = forEachStep('all', { items, more: step('more', () => 'm') }, broken, {
      when: (inputs) => {
        seen.push(inputs);
        return false;
      },
    });
    const run = play(workflow('w', { end: step('end', { all }, () => 1) }));
    expect(seen).toStrictEqual([{ items: [1], more: 'm' }]);
    expect(run.of('all')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('is typed by its items, its inputs and what its function returns', () => {
    const texts = forEachStep(
      'texts',
      { items: [1, 2], unit: input('unit', type<string>()) },
      (item, inputs) => {
        expectTypeOf(item).toEqualTypeOf<1 | 2>();
        expectTypeOf(inputs.unit).toEqualTypeOf<string>();
        return Promise.resolve(`${String(item)} ${inputs.unit}`);
      },
    );
    expectTypeOf(texts).toEqualTypeOf<Step<readonly string[], readonly ['unit', string]>>();
    const lengths = forEachStep('lengths', { items: texts }, (text) => text.length, {
      reduce: (sum: number, length) => sum + length,
      initial: 0,
    });
    expectTypeOf(lengths).toEqualTypeOf<Step<number, readonly ['unit', string]>>();
    const settled = forEachStep('settled', { items: of('a') }, (text) => of(text), { settle: true });
    expectTypeOf(settled).toEqualTypeOf<Step<readonly PromiseSettledResult<string>[], never>>();
    const nested = forEachStep('nested', { items: [[1], [2]] }, (row) =>
      forEachStep('row', { items: row }, (n) => String(n)),
    );
    expectTypeOf(nested).toEqualTypeOf<Step<readonly (readonly string[])[], never>>();
  });

  test.each<[string, () => unknown, RegExp]>([
    ['no items', () => forEachStep('f', {} as never, broken), /items/],
    ['a string of items', () => forEachStep('f', { items: 'abc' as never }, broken), /items/],
    [
      'items that only look like an Observable',
      () => forEachStep('f', { items: { subscribe: broken } as never }, broken),
      /items/,
    ],
    ['a concurrency of 0', () => forEachStep('f', { items: [] }, broken, { concurrency: 0 }), /concurrency/],
    [
      'reduce without initial',
      () => forEachStep('f', { items: [] }, broken, { reduce: broken } as never),
      /initial/,
    ],
    [
      'initial without reduce',
      () => forEachStep('f', { items: [] }, broken, { initial: 0 } as never),
      /initial/,
    ],
    [
      'a when that is no function',
      () => forEachStep('f', { items: [] }, broken, { when: 5 as never }),
      /when/,
    ],
    [
      'a key that is no function',
      () => forEachStep('f', { items: [] }, broken, { key: 'id' as never }),
      /key/,
    ],
    [
      'an unknown option',
      () => forEachStep('f', { items: [] }, broken, { concurency: 1 } as never),
      /concurrency/,
    ],
  ])('with %s is refused at once', (_, make, message) => {
    const error = thrownBy(make);
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect((error as Error).message).toMatch(message);
  });
});

describe('keys', () => {
  test.each<[string, readonly (string | number)[]]>([
    ['two equal texts', ['a', 'b', 'a']],
    ['a number and its text', [1, 2, '1']],
  ])('%s fail the fan-out, and the children that run are stopped', (_, items) => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items }, () => time.after(5, 1), { key: (item) => item, retry: 3 });
    const run = play(workflow('w', { all }), {}, time);
    expect(run.error).toMatchObject({ stepId: 'all', attempts: 1 });
    const { cause } = run.error as Error;
    expect(cause).toBeInstanceOf(DuplicateKeyError);
    expect(cause).toMatchObject({ stepId: 'all', key: String(items[0]), places: [0, 2] });
    expect(run.all('step-completed')).toStrictEqual([]);
    expectSound(run);
  });

  test.each<[string, () => unknown]>([
    ['throw', broken],
    ['are empty', () => ''],
    ['are no text', () => ({})],
  ])('that %s fail the fan-out', (_, key) => {
    const all = forEachStep('all', { items: [1] }, () => NEVER, { key: key as never });
    const run = play(workflow('w', { all }));
    expect(run.error).toMatchObject({ stepId: 'all' });
    expectSound(run);
  });

  test('are asked for once an item', () => {
    const asked: unknown[][] = [];
    const all = forEachStep(
      'all',
      { items: ['a', 'b'] },
      (item, _, { attempt }) => (attempt === 1 ? broken() : item),
      {
        key: (item, place) => {
          asked.push([item, place]);
          return item;
        },
        retry: 1,
      },
    );
    const run = play(workflow('w', { all }));
    expect(asked).toStrictEqual([
      ['a', 0],
      ['b', 1],
    ]);
    expect(run.result).toStrictEqual({ all: ['a', 'b'] });
  });
});

describe('a limit', () => {
  test.each([1, 2, 3, 7])('concurrency of %i is how many children run at once', (concurrency) => {
    const items = Array.from({ length: 20 }, (_, place) => 5 + (place % 3));
    const run = play(workflow('w', { all: forEachStep('all', { items }, waits, { concurrency }) }));
    expect(run.result).toStrictEqual({ all: items });
    expect(mostAtOnce(run, /\[/)).toBe(concurrency);
    expectSound(run);
  });

  test('of a class is shared by the children with the steps of the run', () => {
    const time = new VirtualTime();
    const other = step('other', () => time.after(10, 1), { resource: { gpu: 1 } });
    const all = forEachStep('all', { items: [10, 10, 10] }, waits, { resource: { gpu: 1 } });
    const run = play(workflow('w', { other, all }), { limits: { gpu: 2 } }, time);
    expect(mostAtOnce(run, /other|\[/)).toBe(2);
    expect(time.now).toBe(20);
    expectSound(run);
  });

  test('on all of the run counts children, and not who waits for them', () => {
    const all = forEachStep('all', { items: [5, 5] }, (ms) =>
      forEachStep('inner', { items: [ms, ms] }, waits),
    );
    const run = play(workflow('w', { all }), { concurrency: 1 });
    expect(run.result).toStrictEqual({
      all: [
        [5, 5],
        [5, 5],
      ],
    });
    expect(run.time.now).toBe(20);
    expect(run.run.metrics().resources['concurrency']?.peak).toBe(1);
    expectSound(run);
  });

  test('that only children would exceed is found before the run', () => {
    const all = forEachStep('all', { items: [1] }, (n) => n, { resource: { gpu: 3 } });
    const error = thrownBy(() => workflow('w', { all }).run({ limits: { gpu: 2 } }));
    expect(error).toBeInstanceOf(ResourceLimitError);
    expect(error).toMatchObject({ stepId: 'all[…]', resource: 'gpu' });
  });

  test('that only children need is asked for before the run', () => {
    const all = forEachStep('all', { items: [1] }, (n) => n, { resource: 'gpu' });
    expect(() => workflow('w', { all }).run()).toThrow(InvalidOptionsError);
  });

  test('that a nested child exceeds, which nobody could know, fails that child', () => {
    const all = forEachStep('all', { items: [1] }, () =>
      step('deep', () => 1, { resource: { 'heavy-cpu': 1e9 } }),
    );
    const run = play(workflow('w', { all }));
    expect(run.error).toMatchObject({ stepId: 'all', cause: { stepId: 'all[0]' } });
    const causes: unknown[] = [];
    for (let error = run.error; error instanceof Error; error = error.cause) causes.push(error);
    expect(causes.at(-1)).toBeInstanceOf(ResourceLimitError);
    expectSound(run);
  });

  test('lowered while they run holds back the next ones, and raised lets them go', () => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [10, 10, 10, 10] }, waits, { resource: { gpu: 1 } });
    const run = watch(workflow('w', { all }), time, { limits: { gpu: 2 } });
    time.at(5, () => {
      run.run.setLimits({ gpu: 1 });
    });
    time.at(15, () => {
      run.run.setLimits({ gpu: 4 });
    });
    time.flush();
    expect(startsOf(run)).toMatchObject({ 'all[0]': 0, 'all[1]': 0, 'all[2]': 10, 'all[3]': 15 });
    expectSound(run);
  });

  test('can’t be lowered below what a child takes', () => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [10] }, waits, { resource: { gpu: 2 } });
    const run = watch(workflow('w', { all }), time, { limits: { gpu: 2 } });
    time.advanceTo(5);
    expect(() => {
      run.run.setLimits({ gpu: 1 });
    }).toThrow(ResourceLimitError);
    time.flush();
    expectSound(run);
  });

  test('can be once the children are over', () => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [10] }, waits, { resource: { gpu: 2 } });
    const bare = step('bare', () => step('within', () => time.after(10, 1), { resource: { gpu: 2 } }));
    const after = step('after', { all, bare }, () => time.after(10, 1));
    const run = watch(workflow('w', { after }), time, { limits: { gpu: 2 } });
    time.advanceTo(15);
    expect(() => {
      run.run.setLimits({ gpu: 1 });
    }).toThrow(ResourceLimitError);
    time.advanceTo(25);
    run.run.setLimits({ gpu: 1 });
    time.flush();
    expect(run.result).toStrictEqual({ after: 1 });
    expectSound(run);
  });

  test.each([undefined, 'gpu'])('pause(%s) holds children back until it is resumed', (resource) => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [10, 10] }, waits, { resource: { gpu: 1 } });
    const run = watch(workflow('w', { all }), time, { limits: { gpu: 1 } });
    time.at(5, () => {
      run.run.pause(resource);
    });
    time.at(50, () => {
      run.run.resume(resource);
    });
    time.flush();
    expect(startsOf(run)).toMatchObject({ 'all[0]': 0, 'all[1]': 50 });
    expect(run.result).toStrictEqual({ all: [10, 10] });
    expectSound(run);
  });

  test('is not passed by a fan-out that starts while the run is paused', () => {
    const time = new VirtualTime();
    const items = step('items', () => time.after(10, [1, 2]));
    const run = watch(workflow('w', { all: forEachStep('all', { items }, (n) => n) }), time);
    run.run.pause();
    run.run.resume();
    time.at(5, () => {
      run.run.pause();
    });
    time.advanceTo(30);
    expect(run.of('all')).toStrictEqual([]);
    run.run.resume();
    expect(run.result).toStrictEqual({ all: [1, 2] });
    expectSound(run);
  });
});

describe('the order of children', () => {
  test('is that of their items', () => {
    const items = Array.from({ length: 40 }, () => 1);
    const run = play(workflow('w', { all: forEachStep('all', { items }, waits, { resource: 'gpu' }) }), {
      limits: { gpu: 1 },
    });
    const started = run.all('step-started').map(({ stepId }) => stepId);
    expect(started).toStrictEqual(['all', ...items.map((_, place) => `all[${String(place)}]`)]);
  });

  test('follows the priority of their fan-outs', () => {
    const gate = step('gate', () => 1);
    const low = forEachStep('low', { items: [1, 1], gate }, waits, { resource: 'gpu' });
    const high = forEachStep('high', { items: [1, 1], gate }, waits, { resource: 'gpu', priority: 1 });
    const run = play(workflow('w', { low, high }), { limits: { gpu: 1 } });
    const children = run.all('step-started').flatMap(({ stepId }) => (stepId.includes('[') ? [stepId] : []));
    expect(children).toStrictEqual(['high[0]', 'high[1]', 'low[0]', 'low[1]']);
    expectSound(run);
  });
});

describe('items', () => {
  test('of a generator are asked for only as far as children can soon start', () => {
    const time = new VirtualTime();
    let asked = 0;
    function* items(): Generator<number> {
      for (; asked < 1000; asked++) yield 1;
    }
    const all = forEachStep('all', { items: items() }, () => time.after(5, 1), { concurrency: 3 });
    const run = watch(workflow('w', { all }), time);
    expect(asked).toBeLessThanOrEqual(4);
    time.flush();
    expect(asked).toBe(1000);
    expectSound(run);
  });

  test('of an AsyncIterable are held back while concurrency is reached', async () => {
    const time = new VirtualTime();
    let asked = 0;
    const items: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () =>
          Promise.resolve(asked === 5 ? { done: true, value: undefined } : { done: false, value: asked++ }),
      }),
    };
    const all = forEachStep('all', { items }, (n) => time.after(10, n), { concurrency: 2 });
    const run = watch(workflow('w', { all }), time);
    for (let turn = 0; turn < 5; turn++) await settlePromises();
    expect(asked).toBe(2);
    for (let turn = 1; turn < 6; turn++) {
      time.advanceTo(10 * turn);
      await settlePromises();
      await settlePromises();
    }
    expect(run.result).toStrictEqual({ all: [0, 1, 2, 3, 4] });
    expect(mostAtOnce(run, /\[/)).toBe(2);
    expectSound(run);
  });

  test.each<[string, unknown]>([
    ['an iterable', { [Symbol.iterator]: () => ({ next: broken }) }],
    ['an iterable without an iterator', { [Symbol.iterator]: broken }],
    ['an Observable', throwError(() => new Error('broken'))],
    [
      'an Observable that emitted before',
      concat(
        of(1),
        throwError(() => new Error('broken')),
      ),
    ],
    [
      'an AsyncIterable',
      { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('broken')) }) },
    ],
    ['an iterable that gives no results', { [Symbol.iterator]: () => ({ next: () => 'broken' }) }],
    [
      'an AsyncIterable that gives no results',
      { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve('broken') }) },
    ],
    ['an AsyncIterable without an iterator', { [Symbol.asyncIterator]: broken }],
  ])('of %s that fails fail the fan-out', async (_, items) => {
    const all = forEachStep('all', { items: items as Iterable<number> }, () => NEVER);
    const run = watch(workflow('w', { all }), new VirtualTime());
    await settlePromises();
    expect(run.error).toMatchObject({ stepId: 'all' });
    expect(((run.error as Error).cause as Error).message).toContain('broken');
    expectSound(run);
  });

  test('that fail midway stop the children that run', () => {
    const time = new VirtualTime();
    function* items(): Generator<number> {
      yield 10;
      yield 20;
      broken();
    }
    const all = forEachStep('all', { items: items() }, waits, { concurrency: 2 });
    const run = play(workflow('w', { all }), {}, time);
    expect(run.of('all[0]').at(-1)).toBe('step-completed');
    expect(run.of('all[1]').at(-1)).toBe('step-cancelled');
    expect(time.now).toBe(10);
    expectSound(run);
  });

  test('of an iterable are let go of when the fan-out ends early', () => {
    const log: string[] = [];
    function* items(): Generator<number> {
      try {
        for (;;) yield 1;
      } finally {
        log.push('returned');
      }
    }
    const run = play(
      workflow('w', { all: forEachStep('all', { items: items() }, broken, { concurrency: 1 }) }),
    );
    expect(log).toStrictEqual(['returned']);
    expectSound(run);
  });

  test('of an Observable are let go of when the fan-out ends early', () => {
    const items = new Subject<number>();
    const all = forEachStep('all', { items }, (n) => (n === 2 ? broken() : n));
    const run = watch(workflow('w', { all }), new VirtualTime());
    items.next(1);
    expect(items.observed).toBe(true);
    items.next(2);
    expect(items.observed).toBe(false);
    expectSound(run);
  });

  test('of an Observable wait, where there is no room for them', () => {
    const time = new VirtualTime();
    const items = new Subject<number>();
    const run = watch(workflow('w', { all: forEachStep('all', { items }, waits, { concurrency: 1 }) }), time);
    for (const ms of [10, 20, 30]) items.next(ms);
    items.complete();
    time.flush();
    expect(run.result).toStrictEqual({ all: [10, 20, 30] });
    expect(time.now).toBe(60);
    expectSound(run);
  });

  test.each<[string, boolean]>([
    ['a cancel', false],
    ['a drain', true],
  ])('that reject because of %s don’t keep the run from ending', async (_, drain) => {
    let fail: (error: Error) => void = broken;
    async function* items(): AsyncGenerator<number> {
      yield 1;
      await new Promise<void>((_resolve, reject) => {
        fail = reject;
      });
    }
    const all = forEachStep('all', { items: items() }, (n) => n);
    const run = watch(workflow('w', { all }), new VirtualTime());
    await settlePromises();
    run.run.cancel('enough', { drain });
    fail(new Error('aborted'));
    await settlePromises();
    expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'enough' });
    expectSound(run);
  });

  test('that never come hold a cancelled run for the grace period only', async () => {
    const time = new VirtualTime();
    const items: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => undefined),
        return: () => new Promise(() => undefined),
      }),
    };
    const run = watch(workflow('w', { all: forEachStep('all', { items }, (n) => n) }), time, {
      gracePeriod: 100,
    });
    await settlePromises();
    run.run.cancel();
    await settlePromises();
    expect(run.isOver).toBe(false);
    time.flush();
    expect(time.now).toBe(100);
    expectSound(run);
  });
});

describe('reduce', () => {
  test('folds in the order of the items, with their keys', () => {
    const all = forEachStep('all', { items: [30, 10, 20] }, waits, {
      key: (ms) => `k${String(ms)}`,
      reduce: (text: string, ms, key) => `${text} ${key}=${String(ms)}`,
      initial: 'sum:',
    });
    expect(play(workflow('w', { all })).result).toStrictEqual({ all: 'sum: k30=30 k10=10 k20=20' });
  });

  test('of nothing is what it begins with, which may be undefined', () => {
    const none = forEachStep('none', { items: [] }, broken, { reduce: broken, initial: undefined });
    expect(play(workflow('w', { none })).result).toStrictEqual({ none: undefined });
  });

  test('that throws fails the fan-out, and stops the others', () => {
    const all = forEachStep('all', { items: [5, 10] }, waits, { reduce: broken, initial: 0 });
    const run = play(workflow('w', { all }));
    expect(run.error).toMatchObject({ stepId: 'all', cause: { message: 'broken' } });
    expect(run.of('all[1]').at(-1)).toBe('step-cancelled');
    expectSound(run);
  });

  test('is let be once a child has failed', () => {
    const time = new VirtualTime();
    const folded: number[] = [];
    const all = forEachStep(
      'all',
      { items: [0, 1, 2] },
      (n) => time.after(10 - n, n).pipe(map((n) => n || broken())),
      {
        reduce: (sum: number, n) => {
          folded.push(n);
          return n === 2 ? broken() : sum;
        },
        initial: 0,
      },
    );
    const run = play(workflow('w', { all }), { onFailure: 'continue' }, time);
    expect(run.error).toMatchObject({
      code: 'WORKFLOW_FAILED',
      cause: { cause: { code: 'CHILDREN_FAILED', failed: 1 } },
    });
    expect(folded).toStrictEqual([]);
    expectSound(run);
  });

  test('gets settled results, where these are asked for', () => {
    const all = forEachStep('all', { items: [1, 2, 3] }, (n) => (n === 2 ? broken() : n), {
      settle: true,
      reduce: (text: string, { status }) => `${text} ${status}`,
      initial: '',
    });
    expect(play(workflow('w', { all })).result).toStrictEqual({ all: ' fulfilled rejected fulfilled' });
  });

  test('keeps up with an item that takes longer than thousands of others', () => {
    const items = Array.from({ length: 5000 }, (_, place) => (place === 0 ? 100 : 1));
    const all = forEachStep('all', { items }, waits, { reduce: (sum: number, ms) => sum + ms, initial: 0 });
    const run = play(workflow('w', { all }));
    expect(run.result).toStrictEqual({ all: 5099 });
    expectSound(run);
  });
});

describe('a child that fails', () => {
  const failing =
    (time: VirtualTime) =>
    (n: number): Observable<number> =>
      time.after(n, n).pipe(map((n) => (n === 10 ? broken() : n)));

  test('fails the fan-out at once, and the others are stopped', () => {
    const time = new VirtualTime();
    const run = play(
      workflow('w', { all: forEachStep('all', { items: [5, 10, 20] }, failing(time)) }),
      {},
      time,
    );
    expect(run.error).toMatchObject({
      stepId: 'all',
      chain: ['all'],
      cause: { stepId: 'all[1]', chain: ['all', 'all[1]'], cause: { message: 'broken' } },
    });
    expect(run.story.slice(-5)).toStrictEqual([
      'step-completed all[0]',
      'step-failed all[1]',
      'step-cancelled all[2]',
      'step-failed all',
      'run-failed',
    ]);
    expect(time.now).toBe(10);
    expectSound(run);
  });

  test('fails it after the others have ended, where the run goes on', () => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [5, 10, 20] }, failing(time));
    const run = play(
      workflow('w', { all, end: step('end', { all }, () => 1) }),
      { onFailure: 'continue' },
      time,
    );
    const { cause } = (run.error as Error).cause as Error;
    expect(cause).toBeInstanceOf(ChildrenFailedError);
    expect(cause).toMatchObject({ stepId: 'all', failed: 1, errors: [{ stepId: 'all[1]' }] });
    expect(run.of('all[2]').at(-1)).toBe('step-completed');
    expect(run.of('end')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('is a result, where results are settled', () => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [5, 10] }, failing(time), { settle: true });
    const run = play(workflow('w', { all }), {}, time);
    expect(run.result?.all).toMatchObject([
      { status: 'fulfilled', value: 5 },
      { status: 'rejected', reason: { code: 'STEP_FAILED', stepId: 'all[1]' } },
    ]);
    expectSound(run);
  });

  test('is tried again on its own, and holds nothing meanwhile', () => {
    const all = forEachStep(
      'all',
      { items: [0, 1] },
      (n, _, ctx) => (n === 0 && ctx.attempt < 3 ? broken() : waits(10, _, ctx)),
      {
        resource: 'gpu',
        retry: { attempts: 3, delay: 5, factor: 1, jitter: 0 },
      },
    );
    const run = play(workflow('w', { all }), { limits: { gpu: 1 } });
    expect(run.of('all[0]').filter((name) => name !== 'step-added')).toStrictEqual([
      'step-started',
      'step-retrying',
      'step-started',
      'step-retrying',
      'step-started',
      'step-completed',
    ]);
    expect(startsOf(run)['all[1]']).toBe(0);
    expectSound(run);
  });

  test('takes too long from its own start, and may then be tried again', () => {
    const all = forEachStep(
      'all',
      { items: [1, 2] },
      (n, _, ctx) => (ctx.attempt === 1 ? NEVER : waits(n, _, ctx)),
      {
        concurrency: 1,
        timeout: 10,
        retry: 1,
      },
    );
    const run = play(workflow('w', { all }));
    expect(run.result).toStrictEqual({ all: [1, 2] });
    for (const { error, stepId } of run.all('step-retrying')) {
      expect(error).toBeInstanceOf(StepTimeoutError);
      expect(error).toMatchObject({ stepId });
    }
    expectSound(run);
  });

  test('by cancelling itself cancels the run', () => {
    const time = new VirtualTime();
    const all = forEachStep(
      'all',
      { items: [1, 2] },
      (n, _, { token }) => (n === 1 ? NEVER : token.throwIfCancelled()),
      {
        settle: true,
      },
    );
    const run = watch(workflow('w', { all }), time);
    run.run.token.cancel('over');
    time.flush();
    expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'over' });
    expectSound(run);
  });

  test('doesn’t hide the clean-ups of the others, which run the last one first', () => {
    const log: string[] = [];
    const all = forEachStep(
      'all',
      { items: [5, 10, 15] },
      (ms, _, ctx) => (ms === 15 ? broken() : waits(ms, _, ctx)),
      {
        cleanup: (ms, outcome) => log.push(`undo ${String(ms)} ${outcome}`),
        settle: true,
      },
    );
    play(workflow('w', { end: step('end', { all }, broken) }));
    expect(log).toStrictEqual(['undo 10 failed', 'undo 5 failed']);
  });

  test('that ignores its end is given up and keeps what it holds, which fails those that need it', () => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [1, 2, 3] }, () => new Promise(() => undefined), {
      resource: 'gpu',
      timeout: 10,
      settle: true,
    });
    const run = play(workflow('w', { all }), { limits: { gpu: 1 }, gracePeriod: 5 }, time);
    expect(run.result?.all).toMatchObject([
      { reason: { cause: { code: 'STEP_TIMEOUT' } } },
      { reason: { cause: { code: 'RESOURCE_LIMIT' } } },
      { reason: { cause: { code: 'RESOURCE_LIMIT' } } },
    ]);
    expect(run.run.snapshot().resources).toMatchObject({ gpu: { taken: 1, limit: 1 } });
  });

  test('for want of what another holds for ever stops those that lack it too', () => {
    const time = new VirtualTime();
    const stuck = step('stuck', () => new Promise(() => undefined), { resource: 'gpu', timeout: 10 });
    const all = forEachStep('all', { items: [1, 2, 3], stuck: step('first', () => 1) }, (n) => n, {
      resource: 'gpu',
    });
    const run = play(workflow('w', { stuck, all }), { limits: { gpu: 1 }, onFailure: 'continue' }, time);
    expect(run.isOver).toBe(true);
    expect(run.error).toMatchObject({ code: 'WORKFLOW_FAILED' });
    expect(run.of('all[2]').at(-1)).toBe('step-failed');
  });
});

describe('a fan-out that is stopped', () => {
  const busy = (time: VirtualTime) => {
    const before = step('before', () => time.after(1, [5, 10, 15]), { cleanup: () => time.after(3, 0) });
    const all = forEachStep(
      'all',
      { items: before },
      (ms, _, ctx) => {
        ctx.defer(() => time.after(1, 0));
        if (ms === 10 && ctx.attempt === 1) return broken();
        return ms === 15
          ? forEachStep('more', { items: [1, 2] }, waits, {
              resource: 'gpu',
              cleanup: () => time.after(1, 0),
            })
          : waits(ms, _, ctx);
      },
      { resource: 'gpu', retry: { attempts: 2, delay: 3 }, cleanup: () => undefined },
    );
    return workflow('w', { end: step('end', { all }, () => time.after(1, 'end')) });
  };

  testDisturbances(busy, { leastEvents: 25, outputs: { end: 'end' } });

  test('tells running children so, and has those that wait never run', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const all = forEachStep(
      'all',
      { items: [1, 2, 3] },
      (n, _, { token }) => {
        token.onCancel(() => log.push(`stop ${String(n)}`));
        return NEVER;
      },
      { resource: 'gpu' },
    );
    const run = watch(workflow('w', { all }), time, { limits: { gpu: 2 } });
    run.run.cancel('enough');
    expect(log).toStrictEqual(['stop 1', 'stop 2']);
    expect(run.all('step-cancelled').map(({ stepId, attempt }) => [stepId, attempt])).toStrictEqual([
      ['all[2]', 0],
      ['all[0]', 1],
      ['all[1]', 1],
      ['all', 1],
    ]);
    expectSound(run);
  });

  test.each<[string, boolean, (stop: () => void) => Step<unknown, never>]>(
    [true, false].flatMap((drain) => [
      [
        'a key',
        drain,
        (stop) =>
          forEachStep('all', { items: [1, 2, 3] }, waits, {
            key: (place) => {
              if (place === 2) stop();
              return place;
            },
          }),
      ],
      [
        'an item',
        drain,
        (stop) =>
          forEachStep(
            'all',
            {
              items: (function* () {
                yield 1;
                stop();
                yield* [2, 3];
              })(),
            },
            waits,
          ),
      ],
    ]),
  )('by %s (drain: %s) starts no further child', (_, drain, make) => {
    const time = new VirtualTime();
    let cancelledAt = Infinity;
    const all = make(() => {
      cancelledAt = run.events.length;
      run.run.cancel('enough', { drain });
    });
    const gate = step('gate', () => time.after(1, 1));
    const run = watch(workflow('w', { host: step('host', { gate }, () => all) }), time);
    time.flush();
    expect(run.error).toMatchObject({ reason: 'enough' });
    expectNoStartAfter(run, cancelledAt);
    expectSound(run);
  });

  test.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])('while it is asked whether to try again (%s, drain: %s) tries nothing again', (again, drain) => {
    const time = new VirtualTime();
    const retry = {
      attempts: 3,
      delay: 5,
      when: () => {
        run.run.cancel('enough', { drain });
        return again;
      },
    };
    const fails = () => time.after(5, 1).pipe(map(broken));
    const all = forEachStep('all', { items: [1, 2, 3] }, fails, { retry });
    const run = watch(workflow('w', { all, single: step('single', fails, { retry }) }), time);
    time.flush();
    expect(run.all('step-retrying')).toStrictEqual([]);
    expect(run.error).toMatchObject({ reason: 'enough' });
    expectSound(run);
  });

  test('by a drain lets the children finish that run', () => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [10, 10, 10] }, waits, { concurrency: 2 });
    const run = watch(workflow('w', { all }), time);
    time.at(5, () => {
      run.run.cancel('deploy', { drain: true });
    });
    time.flush();
    expect(run.all('step-completed').map(({ stepId }) => stepId)).toStrictEqual(['all[0]', 'all[1]']);
    expect(run.of('all').at(-1)).toBe('step-cancelled');
    expect(time.now).toBe(10);
    expectSound(run);
  });

  test('by a drain before it was known starts no children', async () => {
    let go: () => void = broken;
    const late = step('late', async () => {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return forEachStep('all', { items: [1] }, broken);
    });
    const run = watch(workflow('w', { late }), new VirtualTime());
    await settlePromises();
    run.run.cancel('deploy', { drain: true });
    go();
    await settlePromises();
    expect(run.all('step-added')).toStrictEqual([]);
    expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'deploy' });
    expectSound(run);
  });
});

describe('a fan-out in a fan-out', () => {
  const pairs = forEachStep(
    'rows',
    { items: ['a', 'b'] },
    (row) =>
      forEachStep('cells', { items: [1, 2] }, (cell) => `${row}${String(cell)}`, { key: (cell) => cell }),
    { key: (row) => row },
  );

  test('is what its function returns, and its ids say so', () => {
    const run = play(workflow('w', { pairs }));
    expect(run.result).toStrictEqual({
      pairs: [
        ['a1', 'a2'],
        ['b1', 'b2'],
      ],
    });
    expect(
      run
        .all('step-added')
        .map(({ stepId }) => stepId)
        .sort(),
    ).toStrictEqual([
      'rows[a]',
      'rows[a]/cells',
      'rows[a]/cells[1]',
      'rows[a]/cells[2]',
      'rows[b]',
      'rows[b]/cells',
      'rows[b]/cells[1]',
      'rows[b]/cells[2]',
    ]);
    expectSound(run);
  });

  test('lets the earlier item’s children go before the later one’s', () => {
    const run = play(workflow('w', { pairs }), { concurrency: 1 });
    const cells = run
      .all('step-started')
      .flatMap(({ stepId }) => (stepId.includes('cells[') ? [stepId] : []));
    expect(cells).toStrictEqual([
      'rows[a]/cells[1]',
      'rows[a]/cells[2]',
      'rows[b]/cells[1]',
      'rows[b]/cells[2]',
    ]);
  });

  test('tells the whole chain where it fails', () => {
    const all = forEachStep('all', { items: [1] }, () => forEachStep('inner', { items: [1] }, broken));
    const run = play(workflow('w', { all }));
    let deepest = run.error as StepFailedError;
    while (deepest.cause instanceof StepFailedError) deepest = deepest.cause;
    expect(deepest.chain).toStrictEqual(['all', 'all[0]', 'all[0]/inner', 'all[0]/inner[0]']);
    expectSound(run);
  });

  test('that is tried again cleans up between the attempts', () => {
    const log: string[] = [];
    const all = forEachStep(
      'all',
      { items: ['x'] },
      (item, _, { attempt }) =>
        forEachStep(
          'inner',
          { items: [1, 2] },
          (n) => {
            log.push(`do ${item}${String(n)}`);
            return n === 2 && attempt === 1 ? broken() : n;
          },
          { cleanup: (n) => log.push(`undo ${item}${String(n)}`), concurrency: 1 },
        ),
      { retry: 1 },
    );
    const run = play(workflow('w', { all }));
    expect(run.result).toStrictEqual({ all: [[1, 2]] });
    expect(log).toStrictEqual(['do x1', 'do x2', 'undo x1', 'do x1', 'do x2']);
    expectSound(run);
  });
});

describe('the numbers of a fan-out', () => {
  test('say how its children fare', () => {
    const time = new VirtualTime();
    const all = forEachStep(
      'all',
      { items: [5, 10, 20, 30] },
      (ms, _, ctx) => (ms === 5 ? broken() : waits(ms, _, ctx)),
      {
        concurrency: 2,
        settle: true,
      },
    );
    const run = watch(workflow('w', { all }), time);
    time.advanceTo(15);
    expect(run.run.metrics().steps['all']?.children).toStrictEqual({
      added: 4,
      running: 2,
      completed: 1,
      failed: 1,
      cancelled: 0,
      skipped: 0,
    });
    run.run.cancel();
    expect(run.run.metrics().steps['all']?.children).toMatchObject({
      running: 0,
      completed: 1,
      failed: 1,
      cancelled: 2,
    });
    expectSound(run);
  });

  test('count what its children took, and nothing for the one who waits', () => {
    const all = forEachStep('all', { items: [10, 20] }, waits, { resource: 'gpu' });
    const run = play(workflow('w', { all }), { limits: { gpu: 2 } });
    const { parallelism, resources, steps, totalMs } = run.run.metrics();
    expect(totalMs).toBe(20);
    expect(parallelism).toBe(1.5);
    expect(resources['gpu']).toStrictEqual({ limit: 2, peak: 2, utilisation: 0.75 });
    expect(steps['all']).toMatchObject({ durationMs: 20, busyMs: 0, attempts: 1 });
  });

  test('are taken in snapshots too, of classes that nobody knew before as well', () => {
    const time = new VirtualTime();
    const host = step('host', () => forEachStep('all', { items: [10] }, waits, { resource: 'heavy-io' }));
    const run = new Watched(workflow('w', { host }), time, {}, (own) => own.snapshot());
    expect(run.run.snapshot().resources).toMatchObject({ 'heavy-io': { taken: 1 } });
    time.flush();
    expectSound(run);
  });
});
