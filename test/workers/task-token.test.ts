import { expect, test, vi } from 'vitest';
import { CancelledError } from '../../lib/base/errors.ts';
import { TaskToken } from '../../lib/thread/task-token.ts';

/** A token of task 7 whose cancel message comes when it is asked for. */
function setUp(reason?: unknown): {
  readonly token: TaskToken;
  readonly raise: () => void;
  readonly receive: ReturnType<typeof vi.fn>;
} {
  const control = new Int32Array(new SharedArrayBuffer(64));
  const receive = vi.fn((): void => {
    if (reason !== undefined) token.cancel(reason);
  });
  const token: TaskToken = new TaskToken(control, 7, receive);
  return {
    token,
    receive,
    raise: () => {
      Atomics.store(control, 0, 7);
    },
  };
}

test('nothing is cancelled while the flag is down', () => {
  const { token, receive } = setUp();
  for (let check = 0; check < 200; check++) expect(token.isCancelled).toBe(false);
  expect(() => {
    token.throwIfCancelled();
  }).not.toThrow();
  expect(token.reason).toBeUndefined();
  expect(token.signal.aborted).toBe(false);
  expect(receive).not.toHaveBeenCalled();
});

test('the flag of another task is none', () => {
  const control = new Int32Array(new SharedArrayBuffer(64)).fill(6);
  expect(new TaskToken(control, 7, vi.fn()).isCancelled).toBe(false);
});

test.for([
  ['isCancelled', (token: TaskToken): boolean => token.isCancelled],
  ['reason', (token: TaskToken): boolean => token.reason === 'enough'],
  ['signal', (token: TaskToken): boolean => token.signal.aborted],
  [
    'throwIfCancelled',
    (token: TaskToken): boolean => {
      expect(() => {
        token.throwIfCancelled();
      }).toThrow(CancelledError);
      return true;
    },
  ],
  [
    'onCancel',
    (token: TaskToken): boolean => {
      const listener = vi.fn();
      token.onCancel(listener);
      return listener.mock.calls.length === 1;
    },
  ],
] as const)('%s sees the flag and fetches the reason', ([, look]) => {
  const { token, raise, receive } = setUp('enough');
  raise();
  expect(look(token)).toBe(true);
  expect(receive).toHaveBeenCalledOnce();
  expect(token.isCancelled).toBe(true);
  expect(token.reason).toBe('enough');
  expect(() => {
    token.throwIfCancelled();
  }).toThrow('enough');
  expect(receive).toHaveBeenCalledOnce();
});

test('without a message the flag alone cancels', () => {
  const { token, raise } = setUp();
  const listener = vi.fn();
  token.onCancel(listener);
  raise();
  expect(token.isCancelled).toBe(true);
  expect(listener).toHaveBeenCalledOnce();
  expect(token.reason).toBeUndefined();
});

test('a message cancels without the flag', () => {
  const { token } = setUp();
  token.cancel('by message');
  expect(token.isCancelled).toBe(true);
  expect(token.signal.reason).toMatchObject({ reason: 'by message' });
});

test('a child sees the flag with the reason of its parent, and can be cancelled alone', () => {
  const { token, raise } = setUp('enough');
  const [child, lone] = [token.child(), token.child()];
  lone.cancel('alone');
  expect(child.isCancelled).toBe(false);
  expect(token.isCancelled).toBe(false);
  raise();
  expect(child.isCancelled).toBe(true);
  expect(child.reason).toBe('enough');
  expect(lone.reason).toBe('alone');
});

test('a child that was disposed of hears nothing any more', () => {
  const { token, raise } = setUp('enough');
  const child = token.child();
  child[Symbol.dispose]();
  raise();
  expect(token.isCancelled).toBe(true);
  expect(child.isCancelled).toBe(false);
});
