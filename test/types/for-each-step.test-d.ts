import { forEachStep, type ItemOf, input, type Step, step, type } from 'millrace';
import { of } from 'rxjs';
import { describe, expectTypeOf, test } from 'vitest';

const numbers = step('numbers', () => [1, 2, 3]);
const itself = <Item>(item: Item): Item => item;

describe('items', () => {
  test('are a list, another iterable, an AsyncIterable or an Observable', () => {
    const asynchronous = (async function* () {
      yield await Promise.resolve('a');
    })();
    expectTypeOf(forEachStep('f', { items: [1, 2] }, itself)).toEqualTypeOf<
      Step<readonly (1 | 2)[], never>
    >();
    forEachStep('f', { items: new Set(['a']) }, (item) => item.length);
    forEachStep('f', { items: new Map([['a', 1]]) }, ([key, value]) => key.repeat(value));
    forEachStep('f', { items: asynchronous }, (item) => item.length);
    forEachStep('f', { items: of(1, 2) }, (item) => item.toFixed());
  });

  test('are a handle on one', () => {
    forEachStep('f', { items: numbers }, (item) => item.toFixed());
    forEachStep('f', { items: input('texts', type<readonly string[]>()) }, (item) => item.length);
    forEachStep('f', { items: step('s', () => new Set([1])) }, (item) => item.toFixed());
    const fanOut = forEachStep(
      'f',
      { items: numbers, other: numbers },
      (item, { other }) => item + other.length,
    );
    expectTypeOf(fanOut).toEqualTypeOf<Step<readonly number[], never>>();
    // Data whose type nobody knows is checked by the run.
    forEachStep('f', { items: step('any', () => JSON.parse('[]')) }, (item) => String(item));
  });

  test('are a function that gives one', () => {
    forEachStep('f', { items: () => [1, 2] }, (item) => item.toFixed());
    forEachStep('f', { items: () => of('a') }, (item) => item.length);
    forEachStep(
      'f',
      {
        *items() {
          yield 1;
        },
      },
      (item) => item.toFixed(),
    );
    forEachStep(
      'f',
      {
        async *items() {
          yield await Promise.resolve('a');
        },
      },
      (item) => item.length,
    );
    expectTypeOf<ItemOf<() => readonly string[]>>().toEqualTypeOf<string>();
  });

  test('have their results told', () => {
    const items: readonly number[] = [1, 2];
    forEachStep('f', { items }, (item) => String(item), {
      onResult: (result, key) => {
        expectTypeOf(result).toEqualTypeOf<string>();
        expectTypeOf(key).toEqualTypeOf<string>();
      },
    });
    forEachStep('f', { items }, (item) => Promise.resolve(item), {
      settle: true,
      onResult: (result) => {
        expectTypeOf(result).toEqualTypeOf<PromiseSettledResult<number>>();
      },
    });
    forEachStep('f', { items }, (item) => item, {
      reduce: (sum: number, item) => sum + item,
      initial: 0,
      onResult: (result) => {
        expectTypeOf(result).toEqualTypeOf<number>();
      },
    });
  });

  test('are nothing else', () => {
    // @ts-expect-error -- a number
    forEachStep('f', { items: step('n', () => 5) }, itself);
    // @ts-expect-error -- a record
    forEachStep('f', { items: step('n', () => ({ a: 1 })) }, itself);
    // @ts-expect-error -- a string is a value
    forEachStep('f', { items: step('n', () => 'text') }, itself);
    // @ts-expect-error -- a list or a string
    forEachStep('f', { items: step('n', (): string | number[] => []) }, itself);
    // @ts-expect-error -- a list or nothing
    forEachStep('f', { items: step('n', (): number[] | undefined => []) }, itself);
    // @ts-expect-error -- a string
    forEachStep('f', { items: 'text' }, itself);
    // @ts-expect-error -- a number
    forEachStep('f', { items: 5 }, itself);
    // @ts-expect-error -- a function that gives a number
    forEachStep('f', { items: () => 5 }, itself);
    // @ts-expect-error -- a function that gives a string
    forEachStep('f', { items: () => 'text' }, itself);
    // @ts-expect-error -- with a fold too
    forEachStep('f', { items: step('n', () => 5) }, itself, { reduce: (sum: number) => sum, initial: 0 });
  });
});
