import {
  finalize,
  lastValueFrom,
  NEVER,
  Observable,
  of,
  range,
  retry,
  Subject,
  tap,
  throwError,
  toArray,
} from 'rxjs';
import { expect, test, vi } from 'vitest';
import { CancellationToken } from '../../lib/base/cancellation.ts';
import { CancelledError, InvalidOptionsError } from '../../lib/base/errors.ts';
import { takeUntilCancelled } from '../../operators/take-until-cancelled.ts';
import { at, marbles } from '../support/marbles.ts';
import { errorOf } from './support/end-of.ts';

const enough = new CancelledError('enough');

test(
  'mirrors the source until the cancel, then errors with its reason',
  marbles((m) => {
    const token = new CancellationToken();
    const source = m.cold('-a-b-c-d-|');
    const subs = '         ^----!';
    at(m.scheduler, '      -----x', () => {
      token.cancel('enough');
    });
    const expected = '     -a-b-#';

    m.expect(source.pipe(takeUntilCancelled(token))).toBeObservable(expected, undefined, enough);
    m.expect(source).toHaveSubscriptions(subs);
  }),
);

test(
  'an AbortSignal does as well as a token',
  marbles((m) => {
    const controller = new AbortController();
    const source = m.hot('-a-b-c-d-|');
    const subs = '        ^----!';
    at(m.scheduler, '     -----x', () => {
      controller.abort('enough');
    });
    const expected = '    -a-b-#';

    m.expect(source.pipe(takeUntilCancelled(controller.signal))).toBeObservable(expected, undefined, enough);
    m.expect(source).toHaveSubscriptions(subs);
  }),
);

test(
  'a source that has completed is not touched by a later cancel',
  marbles((m) => {
    const token = new CancellationToken();
    const source = m.cold('-a-b-|');
    const subs = '         ^----!';
    at(m.scheduler, '      -------x', () => {
      token.cancel();
    });
    const expected = '     -a-b-|';

    m.expect(source.pipe(takeUntilCancelled(token))).toBeObservable(expected);
    m.expect(source).toHaveSubscriptions(subs);
  }),
);

test(
  'the error of the source is passed on',
  marbles((m) => {
    const source = m.cold('-a-#');
    const subs = '         ^--!';
    const expected = '     -a-#';

    m.expect(source.pipe(takeUntilCancelled(new CancellationToken()))).toBeObservable(expected);
    m.expect(source).toHaveSubscriptions(subs);
  }),
);

test(
  'an empty source completes',
  marbles((m) => {
    const source = m.cold('|');
    const subs = '         (^!)';
    const expected = '     |';

    m.expect(source.pipe(takeUntilCancelled(new CancellationToken()))).toBeObservable(expected);
    m.expect(source).toHaveSubscriptions(subs);
  }),
);

test(
  'a source that never emits never ends without a cancel',
  marbles((m) => {
    const source = m.cold('-');
    const subs = '         ^';
    const expected = '     -';

    m.expect(source.pipe(takeUntilCancelled(new CancellationToken()))).toBeObservable(expected);
    m.expect(source).toHaveSubscriptions(subs);
  }),
);

test(
  'a source that never emits errors on the cancel',
  marbles((m) => {
    const token = new CancellationToken();
    const source = m.cold('----');
    const subs = '         ^--!';
    at(m.scheduler, '      ---x', () => {
      token.cancel('enough');
    });
    const expected = '     ---#';

    m.expect(source.pipe(takeUntilCancelled(token))).toBeObservable(expected, undefined, enough);
    m.expect(source).toHaveSubscriptions(subs);
  }),
);

test(
  'unsubscribing unsubscribes from the source, and a later cancel does nothing',
  marbles((m) => {
    const token = new CancellationToken();
    const source = m.cold('-a-b-c-d-|');
    const unsub = '        ^---!';
    at(m.scheduler, '      -----x', () => {
      token.cancel();
    });
    const expected = '     -a-b-';

    m.expect(source.pipe(takeUntilCancelled(token)), unsub).toBeObservable(expected);
    m.expect(source).toHaveSubscriptions(unsub);
  }),
);

test.each([
  ['token', () => cancelledToken('enough')],
  ['child of a token', () => cancelledToken('enough').child()],
  ['AbortSignal', () => AbortSignal.abort('enough')],
  ['AbortSignal of a token', () => cancelledToken('enough').signal],
])('where the %s is cancelled already, the source is never subscribed to', (_kind, make) => {
  marbles((m) => {
    const source = m.cold('-a-|');
    m.expect(source.pipe(takeUntilCancelled(make()))).toBeObservable('#', undefined, enough);
    m.expect(source).toHaveSubscriptions([]);
  })();
});

test('the reason is handed on as it was given', () => {
  const reason = { code: 7 };
  const token = cancelledToken(reason);
  expect(errorOf(NEVER.pipe(takeUntilCancelled(token)))).toMatchObject({ name: 'CancelledError', reason });
});

test('a reason that is a CancelledError itself is not wrapped in another', () => {
  const reason = new CancelledError('the run before');
  expect(errorOf(NEVER.pipe(takeUntilCancelled(cancelledToken(reason))))).toBe(reason);
  expect(errorOf(NEVER.pipe(takeUntilCancelled(AbortSignal.abort(reason))))).toBe(reason);
});

test('an AbortSignal without a reason gives its DOMException as the cause', () => {
  const error = errorOf(NEVER.pipe(takeUntilCancelled(AbortSignal.abort())));
  expect(error).toBeInstanceOf(CancelledError);
  expect(error).toMatchObject({ cause: { name: 'AbortError' } });
});

test('a stream that was cut short is not taken for a whole one', async () => {
  const token = new CancellationToken();
  const half$ = range(1, 10).pipe(
    tap((value) => {
      if (value === 5) token.cancel('half-way');
    }),
    takeUntilCancelled(token),
    toArray(),
  );
  await expect(lastValueFrom(half$, { defaultValue: [] })).rejects.toMatchObject({
    name: 'CancelledError',
    reason: 'half-way',
  });
});

test('a synchronous source that is cancelled while it emits stops emitting', () => {
  const token = new CancellationToken();
  const log: unknown[] = [];
  const counting = new Observable<number>((subscriber) => {
    for (let count = 1; !subscriber.closed && count <= 10; count++) {
      log.push(`emit ${String(count)}`);
      subscriber.next(count);
    }
  });
  counting.pipe(takeUntilCancelled(token)).subscribe({
    next: (value) => {
      if (value === 2) token.cancel('two');
    },
    error: (error: unknown) => log.push(error),
  });
  expect(log).toStrictEqual(['emit 1', 'emit 2', new CancelledError('two')]);
});

test('the source is unsubscribed from before the error goes out, and both before cancel returns', () => {
  const token = new CancellationToken();
  const log: string[] = [];
  NEVER.pipe(
    finalize(() => log.push('unsubscribed')),
    takeUntilCancelled(token),
  ).subscribe({ error: () => log.push('error') });
  token.cancel();
  log.push('cancel returned');
  expect(log).toStrictEqual(['unsubscribed', 'error', 'cancel returned']);
});

test('a source that cancels the token in its own teardown has completed all the same', () => {
  const token = new CancellationToken();
  const log: string[] = [];
  of('a')
    .pipe(
      finalize(() => {
        token.cancel();
      }),
      takeUntilCancelled(token),
    )
    .subscribe({ complete: () => log.push('complete'), error: () => log.push('error') });
  expect(log).toStrictEqual(['complete']);
  expect(token.isCancelled).toBe(true);
});

test('values that a subscriber feeds back into the source come through, in order', () => {
  const token = new CancellationToken();
  const source = new Subject<number>();
  const values: unknown[] = [];
  source.pipe(takeUntilCancelled(token)).subscribe({
    next: (value) => {
      values.push(value);
      if (value < 3) source.next(value + 1);
      else token.cancel('three');
    },
    error: (error: unknown) => values.push(error),
  });
  source.next(1);
  source.next(9);
  expect(values).toStrictEqual([1, 2, 3, new CancelledError('three')]);
  expect(source.observed).toBe(false);
});

test('each subscription stands for itself, and one after the cancel errors at once', () => {
  const token = new CancellationToken();
  const source = new Subject<string>();
  const mirrored = source.pipe(takeUntilCancelled(token));
  const left = vi.fn();
  const right = vi.fn();
  mirrored.subscribe({ next: left, error: left }).unsubscribe();
  mirrored.subscribe({ next: right, error: right });
  source.next('a');
  expect(left).not.toHaveBeenCalled();
  expect(right).toHaveBeenCalledWith('a');
  token.cancel('enough');
  expect(right).toHaveBeenLastCalledWith(enough);
  expect(errorOf(mirrored)).toStrictEqual(enough);
});

test('trying again after the cancel does not subscribe to the source again', () => {
  const token = cancelledToken('enough');
  const subscribed = vi.fn();
  const source = new Observable(subscribed);
  expect(errorOf(source.pipe(takeUntilCancelled(token), retry(3)))).toStrictEqual(enough);
  expect(subscribed).not.toHaveBeenCalled();
});

test.each([
  ['completed', of('a')],
  ['errored', throwError(() => new Error('no'))],
  ['been unsubscribed', NEVER],
])('nothing listens any more once it has %s', (_end, source) => {
  const { signal } = new AbortController();
  const added = vi.spyOn(signal, 'addEventListener');
  const removed = vi.spyOn(signal, 'removeEventListener');
  const token = new CancellationToken();
  const undo = vi.fn();
  vi.spyOn(token, 'onCancel').mockReturnValue(undo);
  for (const canceller of [signal, token]) {
    source
      .pipe(takeUntilCancelled(canceller))
      .subscribe({ error: () => undefined })
      .unsubscribe();
  }
  expect(added).toHaveBeenCalledTimes(1);
  expect(removed).toHaveBeenCalledWith('abort', added.mock.calls[0]?.[1]);
  expect(undo).toHaveBeenCalledTimes(1);
});

test.each([[undefined], [null], ['token'], [{}], [{ aborted: true }], [new AbortController()]])(
  'what is neither a token nor a signal is an error at the call: %o',
  (token) => {
    expect(() => takeUntilCancelled(token as unknown as CancellationToken)).toThrow(InvalidOptionsError);
    expect(() => takeUntilCancelled(token as unknown as CancellationToken)).toThrow(
      /^takeUntilCancelled: expected the token to be a CancellationToken or an AbortSignal, got /,
    );
  },
);

function cancelledToken(reason: unknown): CancellationToken {
  const token = new CancellationToken();
  token.cancel(reason);
  return token;
}
