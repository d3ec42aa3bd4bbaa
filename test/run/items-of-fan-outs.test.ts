import { forEachStep, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { concat, from, map, NEVER, type Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { foreigners } from '../operators/support/foreign.ts';
import { broken } from './support/broken.ts';
import { mostAtOnce, waits } from './support/fan-outs.ts';
import { settlePromises } from './support/settle-promises.ts';
import { expectSound } from './support/sound.ts';
import { play, watch } from './support/watch.ts';

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

  test('folds nothing that comes after a failure, though it is its turn', () => {
    const time = new VirtualTime();
    const folded: number[] = [];
    const all = forEachStep(
      'all',
      { items: [10, 20, 5] },
      (ms) => time.after(ms, ms).pipe(map(() => (ms === 5 ? broken() : ms))),
      {
        reduce: (sum: number, ms) => {
          folded.push(ms);
          return sum + ms;
        },
        initial: 0,
      },
    );
    const run = play(workflow('w', { all }), { onFailure: 'continue' }, time);
    expect(run.error).toMatchObject({ cause: { cause: { code: 'CHILDREN_FAILED', failed: 1 } } });
    expect(folded).toStrictEqual([]);
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

test.each(foreigners)('of another library’s Observable, %s', (_, make) => {
  const other = make(from([1, 2, 3]));
  const marked = { '@@observable': () => other } as unknown as Observable<number>;
  for (const items of [other, marked, () => marked]) {
    const doubled = forEachStep('doubled', { items }, (item) => item * 2);
    expect(play(workflow('w', { doubled })).result).toStrictEqual({ doubled: [2, 4, 6] });
  }
});
