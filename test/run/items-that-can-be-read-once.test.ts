import { forEachStep, InvalidOptionsError, step, subflow, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';
import { broken } from './support/broken.ts';
import { settlePromises } from './support/settle-promises.ts';
import { play, type Watched } from './support/watch.ts';

function* listed(): Generator<number> {
  yield 1;
  yield 2;
}
async function* awaited(): AsyncGenerator<number> {
  yield 1;
  yield await Promise.resolve(2);
}

const kinds = [
  ['a generator', listed],
  ['an async generator', awaited],
] as const;

async function ended<Outputs>(run: Watched<Outputs>): Promise<Watched<Outputs>> {
  for (let turn = 0; turn < 6; turn++) await settlePromises();
  run.time.flush();
  return run;
}

function deepest(error: unknown): unknown {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  return current;
}

describe.each(kinds)('%s', (_, make) => {
  test('is read once', async () => {
    const work = workflow('w', { fan: forEachStep('fan', { items: make() }, (item) => item) });
    expect((await ended(play(work))).result).toStrictEqual({ fan: [1, 2] });
    const again = await ended(play(work));
    expect(deepest(again.error)).toBeInstanceOf(InvalidOptionsError);
    expect(String(again.error)).toContain('a function that makes the iterator');
  });

  test('is a typed error in the second attempt, which is the last', async () => {
    let calls = 0;
    const fan = forEachStep('fan', { items: make() }, () => {
      calls++;
      return broken();
    });
    const sub = subflow('sub', workflow('inner', { fan }), { retry: 3 });
    const run = await ended(play(workflow('w', { sub })));
    expect(deepest(run.error)).toBeInstanceOf(InvalidOptionsError);
    expect(run.all('step-retrying')).toHaveLength(1);
    expect(calls).toBeLessThanOrEqual(2);
  });

  test('is made anew by a function, for each run and attempt', async () => {
    let isBroken = true;
    const fan = forEachStep('fan', { items: make }, (item) => {
      if (!isBroken) return item;
      isBroken = false;
      return broken();
    });
    const work = workflow('w', { sub: subflow('sub', workflow('inner', { fan }), { retry: 3 }) });
    expect((await ended(play(work))).result).toStrictEqual({ sub: { fan: [1, 2] } });
    expect((await ended(play(work))).result).toStrictEqual({ sub: { fan: [1, 2] } });
  });

  test('that comes out of a step may be read by one fan-out', async () => {
    const items = step('items', () => ({ made: make() }));
    const fan = step('fan', { items }, ({ items: { made } }) =>
      forEachStep('one', { items: made }, (item) => item),
    );
    const other = step('other', { items, fan }, ({ items: { made } }) =>
      forEachStep('two', { items: made }, (item) => item),
    );
    const run = await ended(play(workflow('w', { other })));
    expect(deepest(run.error)).toBeInstanceOf(InvalidOptionsError);
  });
});

test.each([
  ['throws', broken],
  ['gives a number', () => 5],
  ['gives text', () => 'ab'],
  ['gives a Promise', () => Promise.resolve([1])],
  ['gives nothing', () => undefined],
])('items of a function that %s are the failure of the fan-out', async (_, items) => {
  const run = await ended(
    play(workflow('w', { fan: forEachStep('fan', { items: items as never }, () => 1) })),
  );
  expect(run.error).toMatchObject({ stepId: 'fan' });
  expect(run.all('run-failed')).toHaveLength(1);
});

describe('what a fold begins with', () => {
  const folded = (initial: unknown, add: (sum: never, one: number) => unknown) =>
    workflow('w', {
      fan: forEachStep('fan', { items: [1, 2] }, (item) => item, {
        reduce: add as never,
        initial: initial as never,
      }),
    });

  const push = (sum: number[], one: number): number[] => {
    sum.push(one);
    return sum;
  };
  const count = (sum: { sum: number }, one: number): { sum: number } => {
    sum.sum += one;
    return sum;
  };
  const nest = (sum: { all: number[][] }, one: number): { all: number[][] } => {
    sum.all[0]?.push(one);
    return sum;
  };

  test.each<[string, unknown, (sum: never, one: number) => unknown, unknown]>([
    ['a list', [], push, [1, 2]],
    ['a record', { sum: 0 }, count, { sum: 3 }],
    ['a nested list', { all: [[]] }, nest, { all: [[1, 2]] }],
    [
      'a Map',
      new Map(),
      (sum: Map<number, number>, one) => sum.set(one, 0),
      new Map([1, 2].map((one) => [one, 0])),
    ],
    ['a Set', new Set(), (sum: Set<number>, one) => sum.add(one), new Set([1, 2])],
    ['a function', () => [], push, [1, 2]],
    ['a number', 0, (sum: number, one) => sum + one, 3],
    ['undefined', undefined, (_: unknown, one) => one, 2],
  ])('is not changed by a run: %s', async (_, initial, add, result) => {
    const work = folded(initial, add);
    for (let time = 0; time < 3; time++) {
      expect((await ended(play(work))).result).toStrictEqual({ fan: result });
    }
  });

  test('an instance of a class of the user’s own is the same each time, unless a function makes it', async () => {
    class Sum {
      total = 0;
      add(one: number): this {
        this.total += one;
        return this;
      }
    }
    const add = (sum: Sum, one: number): Sum => sum.add(one);
    const work = folded(() => new Sum(), add);
    await ended(play(work));
    expect((await ended(play(work))).result).toMatchObject({ fan: { total: 3 } });
  });

  test('what is frozen can’t be changed, so that it is handed on as it is', async () => {
    const initial = Object.freeze({ more: (one: number) => one + 1 });
    const begun: unknown[] = [];
    const work = folded(initial, (sum: unknown) => {
      begun.push(sum);
      return sum;
    });
    expect((await ended(play(work))).result).toStrictEqual({ fan: initial });
    expect(begun[0]).toBe(initial);
  });

  test('a function that throws fails the fan-out', async () => {
    const run = await ended(play(folded(broken, () => 1)));
    expect(run.error).toMatchObject({ stepId: 'fan' });
  });
});
