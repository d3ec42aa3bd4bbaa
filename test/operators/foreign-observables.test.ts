import { CancellationToken } from 'millrace';
import { mergeMapWithin, retryWithBackoff, takeUntilCancelled } from 'millrace/operators';
import { concat, EMPTY, finalize, NEVER, Observable, type OperatorFunction, of, throwError } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { foreigners } from './support/foreign.ts';

/** Everything that comes of a source, in order. */
function seen(source: Observable<unknown>): unknown[] {
  const events: unknown[] = [];
  source.subscribe({
    next: (value) => events.push(value),
    error: (error: unknown) => events.push(error),
    complete: () => events.push('complete'),
  });
  return events;
}

const operators: readonly (readonly [name: string, operator: OperatorFunction<number, unknown>])[] = [
  ['mergeMapWithin', mergeMapWithin(1, (value) => of(value))],
  ['takeUntilCancelled', takeUntilCancelled(new CancellationToken())],
  ['retryWithBackoff', retryWithBackoff({ attempts: 2, when: () => false })],
];

describe.each(foreigners)('an Observable of %s', (_, foreign) => {
  test.each(operators)('is a source of %s', (_, operator) => {
    expect(seen(operator(foreign(of(1, 2, 3))))).toStrictEqual([1, 2, 3, 'complete']);
    expect(seen(operator(foreign(EMPTY)))).toStrictEqual(['complete']);
    const error = new Error('broken');
    expect(
      seen(
        operator(
          foreign(
            concat(
              of(1),
              throwError(() => error),
            ),
          ),
        ),
      ),
    ).toStrictEqual([1, error]);
  });

  test.each(operators)('is unsubscribed from with what %s gives', (_, operator) => {
    const ends: string[] = [];
    const source = foreign(concat(of(1), NEVER).pipe(finalize(() => ends.push('source'))));
    const subscription = operator(source).subscribe();
    expect(ends).toStrictEqual([]);
    subscription.unsubscribe();
    expect(ends).toStrictEqual(['source']);
  });

  test('may be what mergeMapWithin merges', () => {
    const ends: number[] = [];
    const inner = (value: number) => foreign(of(value, -value).pipe(finalize(() => ends.push(value))));
    expect(seen(of(1, 2, 3).pipe(mergeMapWithin(1, inner)))).toStrictEqual([1, -1, 2, -2, 3, -3, 'complete']);
    expect(ends).toStrictEqual([1, 2, 3]);
    const error = new Error('broken');
    const failing = of(1, 2).pipe(mergeMapWithin(1, () => foreign(throwError(() => error))));
    expect(seen(failing)).toStrictEqual([error]);
  });

  test('doesn’t break the chain of unsubscription where mergeMapWithin merges it', () => {
    const ends: string[] = [];
    const inner = foreign(NEVER.pipe(finalize(() => ends.push('inner'))));
    const outer = concat(of(1, 2), NEVER).pipe(finalize(() => ends.push('outer')));
    const subscription = outer.pipe(mergeMapWithin(2, () => inner)).subscribe();
    subscription.unsubscribe();
    expect(ends).toStrictEqual(['outer', 'inner', 'inner']);
  });

  test('is tried again, and each attempt is torn down once', () => {
    let attempts = 0;
    const ends: number[] = [];
    const source = new Observable<number>((subscriber) => {
      const attempt = ++attempts;
      subscriber.add(() => ends.push(attempt));
      subscriber.next(attempt);
      if (attempt < 3) subscriber.error(new Error('again'));
      else subscriber.complete();
    });
    expect(seen(foreign(source).pipe(retryWithBackoff(5)))).toStrictEqual([1, 2, 3, 'complete']);
    expect(ends).toStrictEqual([1, 2, 3]);
  });

  test('is cut off by a cancel', () => {
    const token = new CancellationToken();
    const ends: string[] = [];
    const source = concat(of(1), NEVER).pipe(finalize(() => ends.push('source')));
    const events = seen(foreign(source).pipe(takeUntilCancelled(token)));
    token.cancel('enough');
    expect(events).toMatchObject([1, { code: 'CANCELLED', reason: 'enough' }]);
    expect(ends).toStrictEqual(['source']);
  });
});
