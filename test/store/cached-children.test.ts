import { forEachStep, input, step, stream, subflow, type, workflow } from 'millrace';
import { Store } from 'millrace/store';
import { afterEach, describe, expect, test } from 'vitest';
import { go } from './support/cached-runs.ts';
import { Calls } from './support/calls.ts';
import { eventually } from './support/eventually.ts';
import { Place } from './support/place.ts';

const calls = new Calls();

afterEach(() => {
  calls.take();
});

describe('children with a cache', () => {
  const make = (items: readonly string[], shared = 's') =>
    workflow('w', {
      all: forEachStep(
        'all',
        { items, shared: step('shared', () => shared) },
        (item, inputs) => calls.note(item, `${item}${inputs.shared}`),
        { cache: { version: 1 } },
      ),
    });

  test('are known by their items, wherever these stand', async () => {
    const place = new Place();
    expect(await go(place, calls, make(['a', 'b']))).toMatchObject({ ran: ['a', 'b'] });
    expect(await go(place, calls, make(['b', 'c', 'a']))).toMatchObject({
      result: { all: ['bs', 'cs', 'as'] },
      cached: ['all[0]', 'all[2]'],
      ran: ['c'],
    });
  });

  test('are known by what all of them get, too', async () => {
    const place = new Place();
    await go(place, calls, make(['a']));
    expect(await go(place, calls, make(['a'], 't'))).toMatchObject({ result: { all: ['at'] }, ran: ['a'] });
  });

  test('over a stream are looked for beside each other', async () => {
    const place = new Place();
    const steps = (list: readonly number[]) => {
      const numbers = step(
        'numbers',
        async function* () {
          await Promise.resolve();
          yield* list;
        },
        { resource: 'heavy-io' },
      );
      return workflow('w', {
        all: forEachStep(
          'all',
          { items: stream(numbers) },
          async (item: number) => {
            await Promise.resolve();
            return calls.note(String(item), item * 10);
          },
          { resource: 'heavy-io', cache: { version: 1 }, concurrency: 3 },
        ),
      });
    };
    const limits = { 'heavy-io': 2 };
    const store = new Store(eventually(place.backend));
    await go(place, calls, steps([1, 3, 5]), { limits, store });
    expect(await go(place, calls, steps([1, 2, 3, 4, 5, 6]), { limits, store })).toMatchObject({
      error: undefined,
      result: { all: [10, 20, 30, 40, 50, 60] },
      ran: ['2', '4', '6'],
    });
  });

  test('within which steps have a cache share it over all children', async () => {
    const place = new Place();
    const part = workflow('part', { x: step('x', () => calls.note('x', 1), { cache: { version: 1 } }) });
    const steps = (items: readonly number[]) =>
      workflow('w', { all: forEachStep('all', { items }, () => subflow('sub', part), { concurrency: 1 }) });
    expect((await go(place, calls, steps([1, 2, 3]))).ran).toStrictEqual(['x']);
    expect(await go(place, calls, steps([4]))).toMatchObject({ ran: [], cached: ['all[0]/sub/x'] });
  });
});

describe('a subflow with a cache', () => {
  test('is a hit as a whole, and none of its steps comes', async () => {
    const place = new Place();
    const n = input('n', type<number>());
    const part = workflow('part', { x: step('x', { n }, (inputs) => calls.note('x', inputs.n)) });
    const steps = (value: number) =>
      workflow('w', {
        sub: subflow('sub', part, { inputs: { n: step('n', () => value) }, cache: { version: 1 } }),
      });
    await go(place, calls, steps(1));
    const { result, events, cached } = await go(place, calls, steps(1));
    expect(result).toStrictEqual({ sub: { x: 1 } });
    expect(cached).toStrictEqual(['sub']);
    expect(events.some(({ type: kind }) => kind === 'step-added')).toBe(false);
    expect(await go(place, calls, steps(2))).toMatchObject({ result: { sub: { x: 2 } }, ran: ['x'] });
  });
});
