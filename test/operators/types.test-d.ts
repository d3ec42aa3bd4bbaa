import { from, type Observable, of } from 'rxjs';
import { expectTypeOf } from 'vitest';
import { CancellationToken } from '../../lib/base/cancellation.ts';
import { type Budget, mergeMapWithin, retryWithBackoff, takeUntilCancelled } from '../../operators/index.ts';

const numbers$ = of(1, 2, 3);

// The inner's type comes out, whatever kind of stream it is.
expectTypeOf(numbers$.pipe(mergeMapWithin(2, (value) => of(String(value))))).toEqualTypeOf<
  Observable<string>
>();
expectTypeOf(numbers$.pipe(mergeMapWithin(2, (value) => [value > 1]))).toEqualTypeOf<Observable<boolean>>();
expectTypeOf(numbers$.pipe(mergeMapWithin(2, (value) => Promise.resolve({ value })))).toEqualTypeOf<
  Observable<{ value: number }>
>();
expectTypeOf(numbers$.pipe(mergeMapWithin(2, (value) => (value > 1 ? of('a') : [value])))).toEqualTypeOf<
  Observable<string | number>
>();

// A budget knows the values that it is asked about.
void from([{ bytes: 5 }]).pipe(
  mergeMapWithin({ limits: { memory: 10 }, demand: ({ bytes }) => ({ memory: bytes }) }, ({ bytes }) => [
    bytes,
  ]),
);
expectTypeOf<Parameters<NonNullable<Budget<Date>['demand']>>>().toEqualTypeOf<[value: Date]>();
// @ts-expect-error: a budget without limits is none
mergeMapWithin({ demand: () => ({}) }, () => []);
// @ts-expect-error: an inner is a stream
void numbers$.pipe(mergeMapWithin(2, (value) => value));

// These leave the type alone.
expectTypeOf(numbers$.pipe(retryWithBackoff({ attempts: 3, delay: '1s' }))).toEqualTypeOf<
  Observable<number>
>();
expectTypeOf(numbers$.pipe(takeUntilCancelled(new CancellationToken()))).toEqualTypeOf<Observable<number>>();
expectTypeOf(numbers$.pipe(takeUntilCancelled(AbortSignal.abort()))).toEqualTypeOf<Observable<number>>();
// @ts-expect-error: the number of attempts has no default
retryWithBackoff({ delay: '1s' });
// @ts-expect-error: a duration has a unit that is known
retryWithBackoff({ attempts: 3, delay: '1 fortnight' });
// @ts-expect-error: a token, not its reason
takeUntilCancelled('enough');
