import {
  DuplicateKeyError,
  forEachStep,
  InvalidOptionsError,
  input,
  type Step,
  StepFailedError,
  step,
  type,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { NEVER, type Observable, of } from 'rxjs';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { broken } from './support/broken.ts';
import { waits } from './support/fan-outs.ts';
import { settlePromises } from './support/settle-promises.ts';
import { expectSound } from './support/sound.ts';
import { thrownBy } from './support/thrown-by.ts';
import { play, watch } from './support/watch.ts';

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
