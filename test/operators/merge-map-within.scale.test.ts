import { Observable, of, range, Subject, tap } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { mergeMapWithin } from '../../operators/index.ts';

const million = 1_000_000;

// Nothing is timed: what is quadratic, or recursive, doesn't get to the end.
describe('neither the stack nor the time a value takes grows with the number of values', {
  timeout: 60_000,
}, () => {
  test('a million synchronous inners', () => {
    const count = counted(range(0, million).pipe(mergeMapWithin(1, (value) => of(value))));
    expect(count).toStrictEqual({ values: million, isComplete: true });
  });

  test('a million synchronous inners behind one that is not', () => {
    const gate = new Subject<number>();
    const count = counted(
      range(0, million).pipe(mergeMapWithin(1, (value) => (value === 0 ? gate : of(value)))),
      () => {
        gate.complete();
      },
    );
    expect(count).toStrictEqual({ values: million - 1, isComplete: true });
  });

  test('a million values fed back one by one', () => {
    const source = new Subject<number>();
    const count = counted(
      source.pipe(
        mergeMapWithin(1, (value) => of(value)),
        tap((value) => {
          if (value < million) source.next(value + 1);
          else source.complete();
        }),
      ),
      () => {
        source.next(1);
      },
    );
    expect(count).toStrictEqual({ values: million, isComplete: true });
  });

  test('400,000 values that wait behind one asynchronous inner', () => {
    const gate = new Subject<number>();
    const count = counted(
      range(0, 400_000).pipe(mergeMapWithin(1, (value) => (value === 0 ? gate : of(value)))),
      () => {
        gate.complete();
      },
    );
    expect(count).toStrictEqual({ values: 399_999, isComplete: true });
  });

  test.each([
    ['one demand', { limits: { slots: 1 } }],
    ['priorities', { limits: { slots: 1 }, priority: (value: number) => (value * 7919) % 1009 }],
    ['several demands', { limits: { slots: 3 }, demand: (value: number) => ({ slots: 1 + (value % 3) }) }],
    [
      'several demands that are never overtaken',
      { limits: { slots: 3 }, demand: (value: number) => ({ slots: 1 + (value % 3) }), maxOvertakes: 0 },
    ],
    [
      'several demands that are overtaken without end',
      {
        limits: { slots: 3 },
        demand: (value: number) => ({ slots: value === 0 ? 3 : 1 + (value % 2) }),
        priority: (value: number) => value % 2,
        maxOvertakes: Infinity,
      },
    ],
  ])('100,000 values that wait behind one asynchronous inner, with %s', (_kind, budget) => {
    const gate = new Subject<number>();
    const count = counted(
      range(0, 100_000).pipe(mergeMapWithin(budget, (value) => (value === 0 ? gate : of(value)))),
      () => {
        gate.complete();
      },
    );
    expect(count).toStrictEqual({ values: 99_999, isComplete: true });
  });

  test('100,000 inners that run at once and end one by one', () => {
    const ends: (() => void)[] = [];
    const count = counted(
      range(0, 100_000).pipe(
        mergeMapWithin(
          Infinity,
          () =>
            new Observable<number>((subscriber) => {
              ends.push(() => {
                subscriber.complete();
              });
            }),
        ),
      ),
      () => {
        for (const end of ends) end();
      },
    );
    expect(count).toStrictEqual({ values: 0, isComplete: true });
  });
});

function counted(source: Observable<unknown>, then: () => void = () => undefined): object {
  const count = { values: 0, isComplete: false };
  source.subscribe({
    next: () => {
      count.values++;
    },
    error: fail,
    complete: () => {
      count.isComplete = true;
    },
  });
  then();
  return count;
}

function fail(error: unknown): never {
  throw error;
}
