import { step, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';
import { Place } from './support/place.ts';

const loop: { name: string; self?: unknown } = { name: 'loop' };
loop.self = loop;
const shared = { n: 1 };

/** What comes back as it was. */
const values: readonly (readonly [string, unknown])[] = [
  ['nothing', undefined],
  ['null', null],
  ['numbers that JSON lacks', [Number.NaN, Infinity, -Infinity, -0, 1n]],
  ['texts', ['', 'é', '\ud800', '\u2028', '"\\\n', 'x'.repeat(40_000)]],
  ['a list with a hole in its values', [undefined, null, 1]],
  ['a match, with what is beside its items', /(\d+)-(\d+)/.exec('in 2026-11')],
  [
    'a record with odd names',
    { ['__proto__x']: 1, constructor: 2, toString: 3, '\u0000millrace': 'file', content: 1 },
  ],
  ['a record that says undefined', { a: undefined }],
  [
    'maps and sets',
    new Map<unknown, unknown>([
      [{ k: 1 }, new Set([1, 'a', null])],
      [Number.NaN, new Map()],
    ]),
  ],
  ['dates', [new Date(5), new Date(Number.NaN)]],
  ['bytes', [new Uint8Array([1, 2]), new Float64Array([Number.NaN]), new ArrayBuffer(3), Buffer.from('x')]],
  ['a pattern', /a[b-c]+/giu],
  ['something that contains itself', loop],
  ['a part that is there twice', { a: shared, b: shared }],
  ['a deep one', Array.from({ length: 200 }).reduce<unknown>((inner) => ({ inner }), 'end')],
];

describe('a value that is kept', () => {
  test.each(values)('comes back equal: %s', (_, value) => {
    const a = step('a', () => value);
    const steps = workflow('w', { b: step('b', { a }, (inputs) => inputs.a) });
    const place = new Place();
    const first = place.play(steps);
    const again = place.play(steps);
    expect(again.all('step-started')).toStrictEqual([]);
    expect(again.result).toStrictEqual(first.result);
    expect(place.cutAfterStep('a').play(steps).result).toEqual(first.result);
  });

  test('is itself, not what the step that made it does with it later', () => {
    const list = [1];
    const a = step('a', () => list);
    const b = step('b', { a }, () => {
      list.push(2);
      return 'b';
    });
    const steps = workflow('w', { a, b });
    const place = new Place();
    place.play(steps);
    expect(place.play(steps).result).toStrictEqual({ a: [1], b: 'b' });
  });

  test('is an error with all that it says', () => {
    class OddError extends Error {
      override readonly name = 'OddError';
      readonly code = 'ODD';
      readonly details = { list: [1n] };
    }
    const cause = new TypeError('cause');
    const steps = workflow('w', { a: step('a', () => ({ error: new OddError('odd', { cause }) })) });
    const place = new Place();
    place.play(steps);
    const error = place.play(steps).result?.a.error as OddError;
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'OddError', message: 'odd', code: 'ODD', details: { list: [1n] } });
    expect(error.cause).toMatchObject({ name: 'TypeError', message: 'cause' });
  });

  test.each<[string, unknown, string]>([
    [
      'an instance of a class',
      {
        deep: [
          new (class Parser {
            parse = 1;
          })(),
        ],
      },
      "at '.deep[0]' is an instance of Parser",
    ],
    ['a function', () => 1, 'it is '],
    ['a symbol in a map', new Map([['k', Symbol('s')]]), "at '.get(k)' is "],
    ['a promise', { later: Promise.resolve() }, "at '.later' is "],
    ['shared memory', new Uint8Array(new SharedArrayBuffer(1)), 'it is '],
  ])('is never one that would come back as another: %s is told of', (_, value, where) => {
    const run = new Place().play(workflow('w', { a: step('a', () => [value]) }));
    const [warning] = run.all('warning');
    expect(warning).toMatchObject({ topic: 'store', stepId: 'a' });
    expect(warning?.message).toContain(where.replace("'.", "'[0].").replace('it is', "at '[0]' is"));
  });
});
