import { expect, test, vi } from 'vitest';
import { overflowPolicies } from '../../lib/base/overflow.ts';
import { BoundedQueue } from '../../lib/channel/bounded-queue.ts';

const done = { done: true, value: undefined };

function drain(queue: BoundedQueue): unknown[] {
  const values: unknown[] = [];
  while (queue.size > 0) values.push(queue.shift());
  return values;
}

test.each([1, 2, 3, 7])('with a capacity of %i the policy decides about a value too many', (capacity) => {
  const values = Array.from({ length: capacity + 2 }, (_, index) => index);
  for (const overflow of overflowPolicies) {
    const queue = new BoundedQueue(capacity, overflow);
    const taken = values.map((value) => queue.push(value));
    expect(taken.every(Boolean)).toBe(overflow !== 'error');
    expect(queue.isFull).toBe(true);
    expect(drain(queue)).toEqual(
      {
        error: values.slice(0, capacity),
        'drop-newest': values.slice(0, capacity),
        'drop-oldest': values.slice(2),
        latest: values.slice(-1),
      }[overflow],
    );
    expect(queue.isFull).toBe(false);
  }
});

test('without a policy it only says that it is full', () => {
  const queue = new BoundedQueue(2, undefined);
  expect([1, 2, 3].map((value) => [queue.push(value), queue.isFull])).toEqual([
    [true, false],
    [true, true],
    [true, true],
  ]);
  expect(drain(queue)).toEqual([1, 2, 3]);
});

test('readers that wait are served in order, and no value is dropped for them', async () => {
  const read = vi.fn();
  const queue = new BoundedQueue(1, 'error', read);
  const waiting = [queue.next(), queue.next()];
  expect([queue.push('a'), queue.push(undefined), queue.push('c'), queue.push('d')]).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(await Promise.all(waiting)).toEqual([
    { done: false, value: 'a' },
    { done: false, value: undefined },
  ]);
  expect(read).toHaveBeenCalledTimes(2);
  expect(await queue.next()).toEqual({ done: false, value: 'c' });
  expect(read).toHaveBeenCalledTimes(3);
});

test('the end comes after the values, and to every reader that waits', async () => {
  const queue = new BoundedQueue(4, undefined);
  queue.push(1);
  queue.end();
  expect(queue.isOver).toBe(true);
  expect([await queue.next(), await queue.next()]).toEqual([{ done: false, value: 1 }, done]);
  const other = new BoundedQueue(4, undefined);
  const waiting = [other.next(), other.next()];
  other.end();
  expect(await Promise.all(waiting)).toEqual([done, done]);
});

test.each([new RangeError('no'), undefined])(
  'a failure with %s comes after the values, to one reader',
  async (error) => {
    const queue = new BoundedQueue(4, undefined);
    queue.push(1);
    queue.fail(error);
    expect(await queue.next()).toEqual({ done: false, value: 1 });
    await expect(queue.next()).rejects.toBe(error);
    expect(await queue.next()).toEqual(done);
    const other = new BoundedQueue(4, undefined);
    const waiting = [other.next(), other.next()];
    other.fail(error);
    expect(other.takeFailure()).toBeUndefined();
    await expect(waiting[0]).rejects.toBe(error);
    expect(await waiting[1]).toEqual(done);
  },
);

test('what is cleared counts no more, a failure included', async () => {
  const queue = new BoundedQueue(4, undefined);
  queue.push(1);
  queue.fail(new Error('no'));
  queue.clear();
  expect(queue.size).toBe(0);
  expect(await queue.next()).toEqual(done);
});
