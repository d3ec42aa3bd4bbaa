import { getEventListeners } from 'node:events';
import { CancellationToken, CancelledError, InvalidOptionsError } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { interval, takeUntil } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { decodeThrown, encodeThrown } from '../../lib/wire/error-codec.ts';
import { thrownBy } from '../run/support/thrown-by.ts';
import { unhandledErrors } from '../run/support/unhandled-errors.ts';
import { processWarnings } from '../support/process-warnings.ts';

const cancelled = (reason?: unknown): CancellationToken => {
  const token = new CancellationToken();
  token.cancel(reason);
  return token;
};

test('is not cancelled until it is, and then stays so with the first reason', () => {
  const token = new CancellationToken();
  expect([token.isCancelled, token.reason]).toStrictEqual([false, undefined]);
  expect(() => {
    token.throwIfCancelled();
  }).not.toThrow();
  token.cancel('first');
  token.cancel('second');
  expect([token.isCancelled, token.reason]).toStrictEqual([true, 'first']);
});

test.each<[string, unknown, string]>([
  ['without a reason', undefined, 'the operation was cancelled'],
  ['with a text', 'deploy', 'the operation was cancelled: "deploy"'],
  ['with an Error', new Error('deploy'), 'the operation was cancelled: deploy'],
  ['with an object', { code: 7 }, "the operation was cancelled: an object with 'code'"],
])('throwIfCancelled throws a CancelledError %s', (_, reason, message) => {
  const error = thrownBy(() => {
    cancelled(reason).throwIfCancelled();
  });
  expect(error).toBeInstanceOf(CancelledError);
  expect(error).toMatchObject({ name: 'CancelledError', code: 'CANCELLED', reason, message });
  expect((error as Error).cause).toBe(reason instanceof Error ? reason : undefined);
});

describe('cancelled$', () => {
  test('emits the reason once and completes, for every subscriber', () => {
    const token = new CancellationToken();
    const seen: unknown[] = [];
    for (const name of ['a', 'b'])
      token.cancelled$.subscribe({
        next: (reason) => seen.push([name, reason]),
        complete: () => seen.push(name),
      });
    expect(seen).toStrictEqual([]);
    token.cancel('stop');
    expect(seen).toStrictEqual([['a', 'stop'], 'a', ['b', 'stop'], 'b']);
  });

  test('replays', () => {
    const seen: unknown[] = [];
    cancelled('before').cancelled$.subscribe({
      next: (reason) => seen.push(reason),
      complete: () => seen.push('complete'),
    });
    expect(seen).toStrictEqual(['before', 'complete']);
  });

  test('is made for takeUntil', () => {
    const time = new VirtualTime();
    const token = new CancellationToken();
    const seen: number[] = [];
    interval(10, time.scheduler)
      .pipe(takeUntil(token.cancelled$))
      .subscribe((value) => seen.push(value));
    time.at(35, () => {
      token.cancel();
    });
    time.flush();
    expect(seen).toStrictEqual([0, 1, 2]);
  });

  test('tells nobody who has left', () => {
    const token = new CancellationToken();
    const seen: unknown[] = [];
    token.cancelled$.subscribe((reason) => seen.push(reason)).unsubscribe();
    token.cancel();
    expect(seen).toStrictEqual([]);
  });
});

describe('signal', () => {
  test('aborts with the token, its reason a CancelledError', () => {
    const token = new CancellationToken();
    const { signal } = token;
    expect([signal.aborted, token.signal]).toStrictEqual([false, signal]);
    token.cancel('stop');
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ code: 'CANCELLED', reason: 'stop' });
  });

  test('of a token that is already cancelled is aborted', () => {
    expect(cancelled('before').signal).toMatchObject({ aborted: true, reason: { reason: 'before' } });
  });

  test('has a CancelledError that was the reason as its reason', () => {
    const reason = new CancelledError('inner');
    expect(cancelled(reason).signal.reason).toBe(reason);
  });

  test('any number may listen to it without a warning', async () => {
    const warnings = processWarnings();
    const { signal } = new CancellationToken();
    for (let listener = 0; listener < 50; listener++) signal.addEventListener('abort', () => listener);
    expect(await warnings.settled()).toStrictEqual([]);
  });

  test('fits fetch and its kin', async () => {
    const token = new CancellationToken();
    const waiting = new Promise((_, reject) => {
      token.signal.addEventListener('abort', () => {
        reject(token.signal.reason as Error);
      });
    });
    token.cancel('stop');
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('onCancel', () => {
  test('calls each listener once, in order', () => {
    const token = new CancellationToken();
    const seen: string[] = [];
    token.onCancel(() => seen.push('a'));
    token.onCancel(() => seen.push('b'));
    token.cancel();
    token.cancel();
    expect(seen).toStrictEqual(['a', 'b']);
  });

  test('calls at once where the token is cancelled', () => {
    const seen: string[] = [];
    const takeBack = cancelled().onCancel(() => seen.push('at once'));
    takeBack();
    expect(seen).toStrictEqual(['at once']);
  });

  test('one function may listen twice and leave once', () => {
    const token = new CancellationToken();
    let calls = 0;
    const listener = (): void => {
      calls++;
    };
    const takeBack = token.onCancel(listener);
    token.onCancel(listener);
    takeBack();
    takeBack();
    token.cancel();
    expect(calls).toBe(1);
  });

  test('a listener that another takes back, as it is called, isn’t called', () => {
    const token = new CancellationToken();
    const seen: string[] = [];
    token.onCancel(() => {
      seen.push('first');
      takeBack();
    });
    const takeBack = token.onCancel(() => seen.push('second'));
    token.cancel();
    expect(seen).toStrictEqual(['first']);
  });

  test('a listener that throws is reported; it silences neither the others nor whoever cancels', async () => {
    const unhandled = unhandledErrors();
    const token = new CancellationToken();
    const seen: string[] = [];
    const thrown = new Error('in a listener');
    token.onCancel(() => {
      throw thrown;
    });
    token.onCancel(() => seen.push('heard'));
    expect(() => {
      token.cancel();
    }).not.toThrow();
    await unhandled.settle();
    expect([seen, unhandled.errors]).toStrictEqual([['heard'], [thrown]]);
  });

  test('a listener may cancel again, and listen to what is cancelled', () => {
    const token = new CancellationToken();
    const seen: unknown[] = [];
    token.onCancel(() => {
      token.cancel('second');
      token.onCancel(() => seen.push(token.reason));
    });
    token.cancel('first');
    expect(seen).toStrictEqual(['first']);
  });
});

describe('child()', () => {
  test('is cancelled with its parent, with the reason, down to grandchildren', () => {
    const parent = new CancellationToken();
    const child = parent.child();
    const grandchild = child.child();
    parent.cancel('all');
    expect([child.reason, grandchild.reason]).toStrictEqual(['all', 'all']);
  });

  test('never cancels its parent or its siblings', () => {
    const parent = new CancellationToken();
    const [one, other] = [parent.child(), parent.child()];
    one.cancel('only me');
    expect([parent.isCancelled, other.isCancelled]).toStrictEqual([false, false]);
    parent.cancel('all');
    expect([one.reason, other.reason]).toStrictEqual(['only me', 'all']);
  });

  test('of a cancelled token is cancelled', () => {
    expect(cancelled('before').child()).toMatchObject({ isCancelled: true, reason: 'before' });
  });

  test('that is disposed of no longer hears of its parent', () => {
    const parent = new CancellationToken();
    const child = parent.child();
    child[Symbol.dispose]();
    child[Symbol.dispose]();
    parent.cancel();
    expect(child.isCancelled).toBe(false);
    child.cancel('alone');
    expect(child.reason).toBe('alone');
  });
});

describe.each([3000, 100_000])('a tree %i deep', (depth) => {
  test.each([
    ['children', (parent: CancellationToken) => parent.child()],
    ['tokens of any()', (parent: CancellationToken) => CancellationToken.any([parent])],
  ])('of %s is cancelled as a whole', (_, below) => {
    const root = new CancellationToken();
    let leaf = root;
    const seen: unknown[] = [];
    for (let level = 0; level < depth; level++) leaf = below(leaf);
    leaf.onCancel(() => seen.push(leaf.reason));
    root.cancel('all');
    expect([seen, root.owns(leaf.error())]).toStrictEqual([['all'], true]);
  });
});

test('a tree hears of a cancel in the order in which its listeners and children came', () => {
  const seen: string[] = [];
  const root = new CancellationToken();
  const listen = (token: CancellationToken, name: string): void => {
    token.onCancel(() => seen.push(name));
  };
  listen(root, 'root, before');
  const child = root.child();
  listen(child, 'child');
  listen(child.child(), 'grandchild');
  listen(child, 'child, again');
  listen(root, 'root, after');
  root.cancel();
  expect(seen).toStrictEqual(['root, before', 'child', 'grandchild', 'child, again', 'root, after']);
});

describe('an error', () => {
  const thrown = (token: CancellationToken): CancelledError =>
    thrownBy(() => {
      token.throwIfCancelled();
    }) as CancelledError;

  test('belongs to the token that was cancelled, and to all that follow it', () => {
    const parent = new CancellationToken();
    const child = parent.child();
    const any = CancellationToken.any([new CancellationToken(), child]);
    parent.cancel('all');
    const errors = [thrown(parent), thrown(child), thrown(any), any.signal.reason as CancelledError];
    for (const token of [parent, child, any])
      expect(errors.map((error) => token.owns(error))).toStrictEqual([true, true, true, true]);
  });

  test('of a child that was cancelled by itself isn’t its parent’s, before the parent’s cancel or after', () => {
    const parent = new CancellationToken();
    const [one, other] = [parent.child(), parent.child()];
    one.cancel('only me');
    const error = thrown(one);
    expect([one.owns(error), parent.owns(error), other.owns(error)]).toStrictEqual([true, false, false]);
    parent.cancel('all');
    expect([one.owns(error), parent.owns(error), other.owns(error)]).toStrictEqual([true, false, false]);
    expect([one.owns(thrown(parent)), other.owns(thrown(parent))]).toStrictEqual([false, true]);
  });

  test('made by hand belongs to nobody but the token whose reason it is', () => {
    const error = new CancelledError('by hand');
    const parent = new CancellationToken();
    expect(error.tokenId).toBeUndefined();
    expect(cancelled('other').owns(error)).toBe(false);
    const child = parent.child();
    parent.cancel(error);
    expect([parent.owns(error), child.owns(error)]).toStrictEqual([true, true]);
  });

  test('that is another token’s reason is still of the token that was cancelled first', () => {
    const first = cancelled('first');
    const second = cancelled(first.error());
    expect([first.owns(second.error()), second.owns(first.error())]).toStrictEqual([true, true]);
  });

  test('knows its token on the other side of a thread', () => {
    const token = cancelled('stop');
    const arrived = decodeThrown(structuredClone(encodeThrown(token.error()))) as CancelledError;
    expect(arrived).toBeInstanceOf(CancelledError);
    expect([token.owns(arrived), cancelled('stop').owns(arrived)]).toStrictEqual([true, false]);
  });

  test('of a token that goes by another’s identity is that one’s', () => {
    const here = new CancellationToken();
    const there = new CancellationToken().identify(here.id);
    there.cancel('over there');
    expect(here.owns(there.error())).toBe(false);
    here.cancel('here');
    expect(here.owns(there.error())).toBe(true);
  });

  test('shows no token in logs', () => {
    expect(Object.keys(cancelled().error())).not.toContain('tokenId');
  });
});

describe('CancellationToken.from', () => {
  test('many tokens share one listener on the signal, which goes with the last of them', async () => {
    const warnings = processWarnings();
    const { signal } = new AbortController();
    const tokens = Array.from({ length: 50 }, () => CancellationToken.from(signal));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const token of tokens) token[Symbol.dispose]();
    expect(getEventListeners(signal, 'abort')).toStrictEqual([]);
    expect(await warnings.settled()).toStrictEqual([]);
  });

  test('hears of the signal again once nobody did', () => {
    const controller = new AbortController();
    CancellationToken.from(controller.signal)[Symbol.dispose]();
    const token = CancellationToken.from(controller.signal);
    controller.abort('stop');
    expect(token.reason).toBe('stop');
  });

  test('tokens of one signal know each other’s errors, and those of the token whose signal it is', () => {
    const token = new CancellationToken();
    const early = CancellationToken.from(token.signal);
    token.cancel('stop');
    const late = CancellationToken.from(token.signal);
    const foreign = AbortSignal.abort('stop');
    expect([early.owns(late.error()), early.owns(token.error()), token.owns(late.error())]).toStrictEqual([
      true,
      true,
      true,
    ]);
    expect(CancellationToken.from(foreign).owns(CancellationToken.from(foreign).error())).toBe(true);
    expect(CancellationToken.from(foreign).owns(late.error())).toBe(false);
  });

  test.each([undefined, null, {}, 'signal', new CancellationToken()])('%o isn’t a signal', (signal) => {
    expect(() => CancellationToken.from(signal as never)).toThrow(InvalidOptionsError);
  });

  test('is cancelled when the signal aborts, with its reason', () => {
    const controller = new AbortController();
    const token = CancellationToken.from(controller.signal);
    expect(token.isCancelled).toBe(false);
    controller.abort('stop');
    expect(token.reason).toBe('stop');
  });

  test('an aborted signal gives a cancelled token', () => {
    expect(CancellationToken.from(AbortSignal.abort()).reason).toMatchObject({ name: 'AbortError' });
  });

  test('that is cancelled or disposed of leaves the signal alone', () => {
    const controller = new AbortController();
    const disposed = CancellationToken.from(controller.signal);
    disposed[Symbol.dispose]();
    const first = CancellationToken.from(controller.signal);
    first.cancel('mine');
    controller.abort('too late');
    expect([disposed.isCancelled, first.reason, controller.signal.reason]).toStrictEqual([
      false,
      'mine',
      'too late',
    ]);
  });
});

describe('CancellationToken.timeout', () => {
  test('cancels itself after a while', () => {
    const time = new VirtualTime();
    const token = CancellationToken.timeout('1s', time.scheduler);
    time.advanceTo(999);
    expect(token.isCancelled).toBe(false);
    time.advanceTo(1000);
    expect(token.reason).toBe('timed out after 1000 ms');
  });

  test.each(['cancel', Symbol.dispose] as const)('%s stops its timer', (how) => {
    const time = new VirtualTime();
    const token = CancellationToken.timeout(1000, time.scheduler);
    token[how]();
    expect(time.planned).toBe(0);
  });

  test('waits in the host’s time by default', async () => {
    const token = CancellationToken.timeout(1);
    await new Promise<void>((resolve) => {
      token.onCancel(resolve);
    });
    expect(token.isCancelled).toBe(true);
  });

  test.each(['soon', -1, Number.NaN, undefined])('%o isn’t a duration', (duration) => {
    expect(() => CancellationToken.timeout(duration as never)).toThrow(InvalidOptionsError);
  });

  test.each([null, {}, 'soon'])('%o isn’t a scheduler', (scheduler) => {
    expect(() => CancellationToken.timeout(1, scheduler as never)).toThrow(InvalidOptionsError);
  });
});

describe('CancellationToken.any', () => {
  test('is cancelled by the first of them, with its reason', () => {
    const tokens = [new CancellationToken(), new CancellationToken()] as const;
    const any = CancellationToken.any(tokens);
    tokens[1].cancel('second');
    tokens[0].cancel('first');
    expect(any.reason).toBe('second');
  });

  test('of a cancelled one is cancelled at once, and of none never', () => {
    expect(
      CancellationToken.any([new CancellationToken(), cancelled('before'), cancelled('later')]).reason,
    ).toBe('before');
    expect(CancellationToken.any(new Set()).isCancelled).toBe(false);
  });

  test('cancels none of them, and no longer listens when disposed of', () => {
    const parent = new CancellationToken();
    const any = CancellationToken.any([parent]);
    any.cancel('mine');
    expect(parent.isCancelled).toBe(false);
    const other = CancellationToken.any([parent]);
    other[Symbol.dispose]();
    parent.cancel();
    expect(other.isCancelled).toBe(false);
  });

  test('may be a timeout and a signal together', () => {
    const time = new VirtualTime();
    const any = CancellationToken.any([
      CancellationToken.timeout(10, time.scheduler),
      CancellationToken.from(new AbortController().signal),
    ]);
    time.flush();
    expect(any.reason).toBe('timed out after 10 ms');
  });

  test.each([
    [null, 'the tokens'],
    ['tokens', 'the tokens'],
    [new CancellationToken(), 'the tokens'],
    [[new CancellationToken(), AbortSignal.abort()], 'tokens[1]'],
  ])('%o isn’t a list of tokens', (tokens, option) => {
    const error = thrownBy(() => CancellationToken.any(tokens as never));
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect((error as InvalidOptionsError).problems).toMatchObject([{ option }]);
  });
});
