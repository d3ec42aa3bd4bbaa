import {
  defer,
  finalize,
  Observable,
  of,
  type SchedulerLike,
  Subject,
  Subscription,
  take,
  throwError,
  VirtualTimeScheduler,
} from 'rxjs';
import { expect, test, vi } from 'vitest';
import { CancelledError, InvalidOptionsError } from '../../lib/base/errors.ts';
import { markNotRetriable } from '../../lib/base/not-retriable.ts';
import type { Retry } from '../../lib/base/retry-policy.ts';
import { retryWithBackoff } from '../../operators/retry-with-backoff.ts';
import { marbles } from '../support/marbles.ts';
import { endOf } from './support/end-of.ts';

const no = new Error('no');

test(
  'n retries are n + 1 attempts, one right after the other; the last error is passed on',
  marbles((m) => {
    const source = m.cold('-a-#           ');
    const subs = [
      '                    ^--!           ',
      '                    ---^--!        ',
      '                    ------^--!     ',
    ];
    const expected = '     -a--a--a-#     ';

    m.expect(source.pipe(retryWithBackoff(2))).toBeObservable(expected);
    m.expect(source).toHaveSubscriptions(subs);
  }),
);

test(
  'the waits grow by the factor up to the longest',
  marbles((m) => {
    const source = m.cold('#                        ');
    const subs = [
      '                    (^!)                     ',
      '                    --(^!)                   ',
      '                    ------(^!)               ',
      '                    -----------(^!)          ',
      '                    ----------------(^!)     ',
    ];
    const expected = '     ----------------#        ';
    const retry = { attempts: 5, delay: 2, maxDelay: 5 } as const;

    m.expect(source.pipe(retryWithBackoff(retry))).toBeObservable(expected);
    m.expect(source).toHaveSubscriptions(subs);
  }),
);

test(
  'completes with the first attempt that completes',
  marbles((m) => {
    const attempts = [m.cold('-a-#'), m.cold('#'), m.cold('-b-|')];
    const expected = '                      -a--------b-|';
    const source = defer(() => attempts.shift() ?? throwError(() => new Error('a fourth attempt')));

    m.expect(source.pipe(retryWithBackoff({ attempts: 9, delay: 2 }))).toBeObservable(expected);
  }),
);

test(
  'a source that completes is subscribed to once',
  marbles((m) => {
    const source = m.cold('-a-b-|');
    const subs = '         ^----!';
    const expected = '     -a-b-|';

    m.expect(source.pipe(retryWithBackoff(3))).toBeObservable(expected);
    m.expect(source).toHaveSubscriptions(subs);
  }),
);

test(
  'an empty source completes',
  marbles((m) => {
    const source = m.cold('|');
    const subs = '         (^!)';
    const expected = '     |';

    m.expect(source.pipe(retryWithBackoff(3))).toBeObservable(expected);
    m.expect(source).toHaveSubscriptions(subs);
  }),
);

test(
  'a source that never ends does not end',
  marbles((m) => {
    const source = m.cold('-');
    const subs = '         ^';
    const expected = '     -';

    m.expect(source.pipe(retryWithBackoff(3))).toBeObservable(expected);
    m.expect(source).toHaveSubscriptions(subs);
  }),
);

test(
  'unsubscribing during an attempt unsubscribes from the source',
  marbles((m) => {
    const source = m.cold('-a-b-#');
    const unsub = '        ^--!';
    const expected = '     -a-';

    m.expect(source.pipe(retryWithBackoff(3)), unsub).toBeObservable(expected);
    m.expect(source).toHaveSubscriptions(unsub);
  }),
);

test(
  'unsubscribing during a wait ends the wait',
  marbles((m) => {
    const source = m.cold('-a-#        ');
    const subs = '         ^--!        ';
    const unsub = '        ^------!    ';
    const expected = '     -a------    ';

    m.expect(source.pipe(retryWithBackoff({ attempts: 3, delay: 5 })), unsub).toBeObservable(expected);
    m.expect(source).toHaveSubscriptions(subs);
  }),
);

test('nothing is left on the scheduler once a wait was ended', () => {
  const scheduler = new VirtualTimeScheduler();
  const subscribed = vi.fn(() => throwError(() => new Error('no')));
  const retried = defer(subscribed).pipe(retryWithBackoff({ attempts: 2, delay: '1m' }, { scheduler }));
  const subscription = retried.subscribe({ error: vi.fn() });
  const [waiting] = scheduler.actions;
  expect(waiting).toMatchObject({ delay: 60_000, closed: false });
  subscription.unsubscribe();
  expect(waiting?.closed).toBe(true);
  scheduler.flush();
  expect(subscribed).toHaveBeenCalledTimes(1);
});

test('the time is that of the scheduler given', () => {
  const scheduler = new VirtualTimeScheduler();
  const starts: number[] = [];
  const source = defer(() => {
    starts.push(scheduler.now());
    return throwError(() => new Error('no'));
  });
  source
    .pipe(retryWithBackoff({ attempts: 4, delay: '1s', factor: 3, maxDelay: '5s' }, { scheduler }))
    .subscribe({ error: () => starts.push(-1) });
  scheduler.flush();
  expect(starts).toStrictEqual([0, 1000, 4000, 9000, -1]);
});

test.each([
  { random: 0, starts: [0, 10, 30] },
  { random: 0.5, starts: [0, 8, 23] },
  { random: 1, starts: [0, 5, 15] },
])('half of each wait is left to chance with a jitter of 0.5: $random', ({ random, starts }) => {
  const retry = { attempts: 3, delay: 10, jitter: 0.5 };
  // A virtual scheduler keeps to whole milliseconds.
  expect(startsOf(retry, () => random).map((start) => Math.ceil(start))).toStrictEqual(starts);
});

test('without a generator of its own a wait with jitter is between its bounds', () => {
  const starts = startsOf({ attempts: 200, delay: 10, factor: 1, jitter: 1 }, undefined);
  const waits = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
  expect(waits.every((wait) => wait > 0 && wait <= 10)).toBe(true);
  expect(new Set(waits).size).toBeGreaterThan(100);
});

test.each([
  ['no jitter', { attempts: 3, delay: 10 }],
  ['no wait', { attempts: 3, jitter: 1 }],
])('chance is not asked where there is %s', (_what, retry) => {
  const random = vi.fn(() => 0.5);
  startsOf(retry, random);
  expect(random).not.toHaveBeenCalled();
});

test.each([[0], [{ attempts: 1 }], [undefined]])('there is nothing to retry with %o', (retry) => {
  const subscribed = vi.fn(() => throwError(() => no));
  expect(endOf(defer(subscribed).pipe(retryWithBackoff(retry as Retry)))).toStrictEqual([no]);
  expect(subscribed).toHaveBeenCalledTimes(1);
});

test('the error is the last one, whatever was thrown', () => {
  let attempts = 0;
  const source = throwError(() => new Error(`failure ${String(++attempts)}`));
  expect(endOf(source.pipe(retryWithBackoff(3)))).toStrictEqual([new Error('failure 4')]);
});

test('when decides by the error whether to try again', () => {
  const busy = new Error('busy');
  const gone = new Error('gone');
  const errors = [busy, busy, gone, busy];
  const when = vi.fn((error: unknown) => error === busy);
  const source = throwError(() => errors.shift() ?? no);
  expect(endOf(source.pipe(retryWithBackoff({ attempts: Infinity, when })))).toStrictEqual([gone]);
  expect(when.mock.calls).toStrictEqual([[busy], [busy], [gone]]);
});

test('when is not asked about the error of the last attempt', () => {
  const when = vi.fn(() => true);
  endOf(throwError(() => no).pipe(retryWithBackoff({ attempts: 2, when })));
  expect(when).toHaveBeenCalledTimes(1);
});

test('what when or random throws is passed on', () => {
  const bug = new Error('a bug');
  const fail = (): never => {
    throw bug;
  };
  const source = throwError(() => no);
  expect(endOf(source.pipe(retryWithBackoff({ attempts: 2, when: fail })))).toStrictEqual([bug]);
  const jittery = { attempts: 2, delay: 1, jitter: 1 };
  expect(endOf(source.pipe(retryWithBackoff(jittery, { random: fail })))).toStrictEqual([bug]);
});

test.each([
  ['a cancellation', new CancelledError('enough')],
  [
    'an error marked as one that a retry can not help',
    markNotRetriable(new Error('the input is gone')) as Error,
  ],
])('%s is never retried, whatever when says', (_what, error) => {
  const when = vi.fn(() => true);
  const subscribed = vi.fn(() => throwError(() => error));
  expect(endOf(defer(subscribed).pipe(retryWithBackoff({ attempts: 5, when })))).toStrictEqual([error]);
  expect(subscribed).toHaveBeenCalledTimes(1);
  expect(when).not.toHaveBeenCalled();
});

test.each([
  ['synchronous', failing('now')],
  ['asynchronous', failing('later')],
])('the teardown of a failed attempt (%s) has run before the next begins', (_kind, make) => {
  const scheduler = new VirtualTimeScheduler();
  const log: string[] = [];
  make(scheduler, log)
    .pipe(retryWithBackoff(2))
    .subscribe({ error: () => log.push('error') });
  scheduler.flush();
  expect(log.slice(0, 4)).toStrictEqual(['subscribe', 'teardown', 'subscribe', 'teardown']);
  expect(log.filter((entry) => entry === 'teardown')).toHaveLength(3);
});

test('the teardown of a failed attempt has run before its wait begins', () => {
  const log: string[] = [];
  const scheduler: SchedulerLike = {
    now: () => 0,
    schedule: () => {
      log.push('wait');
      return throwError(() => no).subscribe({ error: () => undefined });
    },
  };
  const source = new Subject();
  source
    .pipe(
      finalize(() => log.push('teardown')),
      retryWithBackoff({ attempts: 2, delay: 5 }, { scheduler }),
    )
    .subscribe({ error: () => undefined });
  source.error(no);
  expect(log).toStrictEqual(['teardown', 'wait']);
});

test('hundreds of thousands of synchronous failures do not deepen the stack', () => {
  let attempts = 0;
  const source = defer(() => (++attempts < 300_000 ? throwError(() => no) : of('at last')));
  expect(endOf(source.pipe(retryWithBackoff({ attempts: Infinity })))).toStrictEqual(['at last', 'complete']);
});

test('a synchronous source stops once nobody wants more', () => {
  const emitted: number[] = [];
  const source = new Observable<number>((subscriber) => {
    for (let count = 1; !subscriber.closed && count <= 5; count++) {
      emitted.push(count);
      subscriber.next(count);
    }
    subscriber.error(no);
  });
  expect(endOf(source.pipe(retryWithBackoff(9), take(7)))).toStrictEqual([1, 2, 3, 4, 5, 1, 2, 'complete']);
  expect(emitted).toStrictEqual([1, 2, 3, 4, 5, 1, 2]);
});

test('a source that is made to fail by its own subscriber is tried again', () => {
  let attempt = 0;
  const sources = [new Subject<number>(), new Subject<number>()];
  const values: unknown[] = [];
  defer(() => sources[attempt++] ?? of(-1))
    .pipe(retryWithBackoff(2))
    .subscribe({
      next: (value) => {
        values.push(value);
        if (value === 1) sources[0]?.next(2);
        if (value === 2) sources[0]?.error(no);
        if (value === 3) sources[1]?.error(no);
      },
      error: (error: unknown) => values.push(error),
      complete: () => values.push('complete'),
    });
  sources[0]?.next(1);
  expect(sources[0]?.observed).toBe(false);
  sources[1]?.next(3);
  expect(values).toStrictEqual([1, 2, 3, -1, 'complete']);
});

test('unsubscribing while when is asked ends it', () => {
  const subscription = new Subscription();
  const when = (): boolean => {
    subscription.unsubscribe();
    return true;
  };
  const source = new Subject();
  const observer = { next: vi.fn(), error: vi.fn(), complete: vi.fn() };
  subscription.add(source.pipe(retryWithBackoff({ attempts: 3, when })).subscribe(observer));
  source.error(no);
  expect(source.observed).toBe(false);
  expect(observer.error).not.toHaveBeenCalled();
});

test('unsubscribing while when is asked starts no wait', () => {
  const scheduler = new VirtualTimeScheduler();
  const subscription = new Subscription();
  const when = (): boolean => {
    subscription.unsubscribe();
    return true;
  };
  const source = new Subject();
  const retried = source.pipe(retryWithBackoff({ attempts: 3, delay: 5, when }, { scheduler }));
  subscription.add(retried.subscribe({ error: () => undefined }));
  source.error(no);
  expect(scheduler.actions.filter(({ closed }) => !closed)).toStrictEqual([]);
});

test('each subscription counts its own attempts', () => {
  const subscribed = vi.fn(() => throwError(() => no));
  const retried = defer(subscribed).pipe(retryWithBackoff(1));
  endOf(retried);
  endOf(retried);
  expect(subscribed).toHaveBeenCalledTimes(4);
});

test.each<[retry: unknown, options: unknown, problem: RegExp]>([
  [-1, {}, /expected retry to be a whole number of at least 0, got -1/],
  [1.5, {}, /expected retry to be a whole number of at least 0, got 1.5/],
  [Number.NaN, {}, /got NaN/],
  ['3', {}, /expected retry to be a number of retries or \{ attempts/],
  [null, {}, /got null/],
  [{}, {}, /expected retry\.attempts to be a whole number of at least 1, got undefined/],
  [{ attempts: 0 }, {}, /expected retry\.attempts to be a whole number of at least 1, got 0/],
  [{ attempts: 2, delay: 'soon' }, {}, /expected retry\.delay to be a duration.*got "soon"/],
  [{ attempts: 2, factor: 0.5 }, {}, /expected retry\.factor/],
  [{ attempts: 2, jitter: 2 }, {}, /expected retry\.jitter to be a number from 0 to 1, got 2/],
  [{ attempts: 2, when: true }, {}, /expected retry\.when to be a function, got true/],
  [{ attempts: 2, delai: 5 }, {}, /did you mean 'delay'\?/],
  [1, null, /expected options to be an object, got null/],
  [1, { scheduler: {} }, /expected scheduler to be an RxJS scheduler, got \{\}/],
  [1, { random: 0.5 }, /expected random to be a function, got 0\.5/],
  [1, { schedular: undefined }, /did you mean 'scheduler'\?/],
  [-1, { random: 1 }, /expected retry .*; expected random /],
])('options that can not be used are errors at the call: %o, %o', (retry, options, problem) => {
  const call = (): unknown => retryWithBackoff(retry as Retry, options as object);
  expect(call).toThrow(InvalidOptionsError);
  expect(call).toThrow(/^retryWithBackoff: /);
  expect(call).toThrow(problem);
});

test('undefined options are absent ones', () => {
  const retry = { attempts: 2, delay: undefined, when: undefined };
  const source = throwError(() => no);
  expect(
    endOf(source.pipe(retryWithBackoff(retry, { scheduler: undefined, random: undefined }))),
  ).toStrictEqual([no]);
});

/** When the attempts of a source that fails at once start. */
function startsOf(retry: Retry, random: (() => number) | undefined): number[] {
  const scheduler = new VirtualTimeScheduler();
  const starts: number[] = [];
  defer(() => {
    starts.push(scheduler.now());
    return throwError(() => no);
  })
    .pipe(retryWithBackoff(retry, { scheduler, random }))
    .subscribe({ error: () => undefined });
  scheduler.flush();
  return starts;
}

function failing(
  how: 'now' | 'later',
): (scheduler: VirtualTimeScheduler, log: string[]) => Observable<unknown> {
  return (scheduler, log) =>
    new Observable((subscriber) => {
      log.push('subscribe');
      const fail = (): void => {
        subscriber.error(no);
      };
      if (how === 'now') fail();
      else subscriber.add(scheduler.schedule(fail, 1));
      return () => log.push('teardown');
    });
}
