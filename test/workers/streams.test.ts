import { expect, onTestFinished, test } from 'vitest';
import { CancellationToken } from '../../lib/base/cancellation.ts';
import { CancelledError, InvalidOptionsError } from '../../lib/base/errors.ts';
import { MissingOverflowError, StreamOverflowError } from '../../lib/channel/stream-errors.ts';
import { PoolClosedError } from '../../lib/pool/pool-closed-error.ts';
import { type ThreadPool, threadPool } from '../../lib/pool/thread-pool.ts';
import { UnclonableValueError } from '../../lib/pool/unclonable-value-error.ts';
import { UnknownTaskError } from '../../lib/pool/unknown-task-error.ts';
import { WorkerCrashedError } from '../../lib/pool/worker-crashed-error.ts';
import type { tasks } from './fixtures/streams.worker.ts';
import { outputOf } from './support/outcome.ts';
import { until, workerUrl } from './support/pools.ts';

function streamPool(gracePeriod: string | number = '1m'): ThreadPool<typeof tasks> {
  const pool = threadPool<typeof tasks>(workerUrl('streams'), { size: 1, gracePeriod: gracePeriod as '1m' });
  onTestFinished(() => pool.close());
  return pool;
}

/** Two words of shared memory, 0 at first. */
function sharedWords(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(8));
}

/** What a stream gives before it ends, and what it ends with. */
async function readAll(stream: AsyncIterable<unknown>): Promise<{ values: unknown[]; error?: unknown }> {
  const values: unknown[] = [];
  try {
    for await (const value of stream) values.push(value);
  } catch (error) {
    return { values, error };
  }
  return { values };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test.for([1, 2, 3, 7, 16, 1000])(
  'every value of a generator arrives in order, with a capacity of %i',
  async (capacity) => {
    const stream = streamPool().stream('count', { to: 500, word: sharedWords() }, { capacity });
    expect(await readAll(stream)).toStrictEqual({ values: upTo(500) });
  },
);

test.for(['list', 'burst'] as const)('a stream without a value is empty: %s', async (task) => {
  const pool = streamPool();
  const stream = task === 'list' ? pool.stream('list', []) : pool.stream('burst', 0, { overflow: 'error' });
  expect(await readAll(stream)).toStrictEqual({ values: [] });
});

test('falsy values arrive as they are', async () => {
  const falsy = [0, -0, '', false, null, undefined, Number.NaN, 0n];
  expect(await readAll(streamPool().stream('list', falsy))).toStrictEqual({ values: falsy });
});

test('a value, and a Promise of one, is a stream of one', async () => {
  const pool = streamPool();
  for (const task of ['value', 'promised'] as const) {
    expect(await readAll(pool.stream(task, undefined))).toStrictEqual({ values: [undefined] });
  }
});

test('100,000 values for a slow reader: never more are made than were read and the capacity', async () => {
  const [to, capacity] = [100_000, 64];
  const word = sharedWords();
  let read = 0;
  let most = 0;
  for await (const value of streamPool().stream('count', { to, word }, { capacity })) {
    if (value !== read) throw new Error(`expected ${String(read)}, got ${String(value)}`);
    read++;
    // Each turn of the event loop gives the worker's messages time to come in.
    if (read % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    most = Math.max(most, Atomics.load(word, 0) - read);
  }
  expect(read).toBe(to);
  expect(most).toBeLessThanOrEqual(capacity);
});

test('a reader that stops reading leaves the worker with the capacity, no more', async () => {
  const word = sharedWords();
  const stream = streamPool().stream('count', { to: 1000, word }, { capacity: 10 });
  expect(await stream.next()).toStrictEqual({ done: false, value: 0 });
  await until(() => Atomics.load(word, 0) === 10);
  // Time for what should not happen: more messages, and more values made.
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(Atomics.load(word, 0)).toBe(10);
  await stream.return();
});

test('a gigabyte in values of 1 MiB leaves the main side with a few of them', async () => {
  let most = 0;
  let read = 0;
  for await (const { length } of streamPool().stream('megabytes', 1024, { capacity: 4 })) {
    read += length;
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  }
  expect(read).toBe(2 ** 30);
  // Generous: what was read and isn't collected yet counts too.
  expect(most).toBeLessThan(2 ** 29);
});

test('a stream that waits for a thread and is left never reaches one', async () => {
  const pool = streamPool();
  const [first, second] = [sharedWords(), sharedWords()];
  const running = pool.stream('count', { to: 1e9, word: first });
  await running.next();
  const waiting = pool.stream('count', { to: 1e9, word: second });
  const next = waiting.next();
  expect(pool.stats()).toMatchObject({ running: 1, queued: 1 });
  await waiting.return();
  expect(await next).toStrictEqual({ done: true, value: undefined });
  expect(pool.stats()).toMatchObject({ running: 1, queued: 0 });
  await running.return();
  expect(await outputOf(pool.run('double', 1))).toBe(2);
  expect(Atomics.load(second, 0)).toBe(0);
});

test('a stream may have a thread of its own', async () => {
  const pool = streamPool();
  const stream = pool.stream('count', { to: 100, word: sharedWords() }, { isolate: true, memory: '64MiB' });
  expect(await readAll(stream)).toStrictEqual({ values: upTo(100) });
  await until(() => pool.stats().threads === 0);
});

test('nothing runs before the first value is asked for', async () => {
  const pool = streamPool();
  const stream = pool.stream('count', { to: 1, word: sharedWords() });
  expect(pool.stats().started).toBe(0);
  await stream.return();
  expect(await stream.next()).toStrictEqual({ done: true, value: undefined });
  expect(pool.stats().started).toBe(0);
});

test('it is read once, as a generator is, also by several who ask at a time', async () => {
  const stream = streamPool().stream('list', [1, 2]);
  const results = await Promise.all([stream.next(), stream.next(), stream.next()]);
  expect(results.map(({ done, value }) => [done, value])).toStrictEqual([
    [false, 1],
    [false, 2],
    [true, undefined],
  ]);
  expect(await readAll(stream)).toStrictEqual({ values: [] });
});

test('leaving the loop runs the finally blocks in the worker before it goes on, and the thread is free', async () => {
  const pool = streamPool();
  const word = sharedWords();
  for await (const value of pool.stream('count', { to: 1e9, word })) if (value === 20) break;
  expect(Atomics.load(word, 1)).toBe(1);
  expect(await outputOf(pool.run('double', 1))).toBe(2);
  expect(pool.stats()).toMatchObject({ started: 1, running: 0 });
});

test('await using ends it too', async () => {
  const pool = streamPool();
  const word = sharedWords();
  {
    await using stream = pool.stream('count', { to: 1e9, word });
    await stream.next();
  }
  expect(Atomics.load(word, 1)).toBe(1);
});

test('an iterator without return is asked for nothing more', async () => {
  const pool = streamPool();
  for await (const value of pool.stream('plainIterator', sharedWords())) if (value === 40) break;
  expect(await outputOf(pool.run('double', 1))).toBe(2);
});

test('leaving an Observable runs its teardown in the worker', async () => {
  const pool = streamPool();
  const word = sharedWords();
  for await (const value of pool.stream(
    'burstThenNever',
    { count: 100, word },
    { overflow: 'drop-newest' },
  )) {
    if (value === 3) break;
  }
  expect(Atomics.load(word, 1)).toBe(1);
});

test('a task that does not stop is ended with its thread', async () => {
  const pool = streamPool(20);
  const word = sharedWords();
  const stream = pool.stream('endless', word);
  expect(await stream.next()).toStrictEqual({ done: false, value: 1 });
  await until(() => Atomics.load(word, 0) === 1);
  await stream.return();
  expect(await outputOf(pool.run('double', 1))).toBe(2);
  expect(pool.stats().started).toBe(2);
});

test('an error of the task comes once, after the values before it', async () => {
  const stream = streamPool().stream('failAfter', 50, { capacity: 4 });
  const { values, error } = await readAll(stream);
  expect(values).toStrictEqual(upTo(50));
  expect(error).toBeInstanceOf(RangeError);
  expect(await stream.next()).toStrictEqual({ done: true, value: undefined });
});

test('whatever is thrown is thrown here, undefined too', async () => {
  expect(
    await streamPool()
      .stream('fail')
      .next()
      .then(String, (error: unknown) => [error]),
  ).toStrictEqual([undefined]);
});

test('a crash is a WorkerCrashedError, after what was sent before it, and the pool goes on', async () => {
  const pool = streamPool();
  const { values, error } = await readAll(pool.stream('exitAfter', 5));
  expect(values).toStrictEqual(upTo(5));
  expect(error).toBeInstanceOf(WorkerCrashedError);
  expect(error).toMatchObject({ taskName: 'exitAfter', exitCode: 3 });
  expect(await outputOf(pool.run('double', 1))).toBe(2);
});

test('a value that cannot be cloned is an error with its path, after the values before it, and the task is stopped', async () => {
  const pool = streamPool();
  const word = sharedWords();
  const { values, error } = await readAll(pool.stream('unclonable', word));
  expect(values).toStrictEqual([1, 2]);
  expect(error).toBeInstanceOf(UnclonableValueError);
  expect(error).toMatchObject({ taskName: 'unclonable', path: 'output.rows[0]' });
  expect(Atomics.load(word, 1)).toBe(1);
  expect(await readAll(pool.stream('value', 1))).toStrictEqual({ values: [1] });
  expect(pool.stats().started).toBe(1);
});

test('values can be moved', async () => {
  const { values } = await readAll(streamPool().stream('moved', 40));
  expect(values.map((column) => (column as Float64Array).length)).toStrictEqual(
    upTo(40).map((size) => size + 1),
  );
});

test.for(['token', 'signal'] as const)('a %s cancels at once: what is unread is dropped', async (kind) => {
  const word = sharedWords();
  const token = new CancellationToken();
  const canceller = kind === 'token' ? { token } : { signal: token.signal };
  const stream = streamPool().stream('count', { to: 1e9, word }, { capacity: 10, ...canceller });
  await stream.next();
  await until(() => Atomics.load(word, 0) === 10);
  token.cancel('enough');
  const { values, error } = await readAll(stream);
  expect(values).toStrictEqual([]);
  expect(error).toBeInstanceOf(CancelledError);
  await until(() => Atomics.load(word, 1) === 1);
});

test('a token that is cancelled already starts nothing', async () => {
  const pool = streamPool();
  const token = new CancellationToken();
  token.cancel();
  await expect(pool.stream('value', 1, { token }).next()).rejects.toBeInstanceOf(CancelledError);
  expect(pool.stats().started).toBe(0);
});

test('closing the pool fails a stream, and waits for its task', async () => {
  const pool = streamPool();
  const word = sharedWords();
  const stream = pool.stream('count', { to: 1e9, word });
  await stream.next();
  await pool.close();
  expect(Atomics.load(word, 1)).toBe(1);
  expect((await readAll(stream)).error).toBeInstanceOf(PoolClosedError);
});

test('an unknown task is an error with the nearest name', async () => {
  const { error } = await readAll(streamPool().stream('liszt' as 'list', []));
  expect(error).toBeInstanceOf(UnknownTaskError);
});

test('an Observable without an overflow policy is an error that names the remedy, and is never subscribed to', async () => {
  const pool = streamPool();
  const { error } = await readAll(pool.stream('burst', 5));
  expect(error).toBeInstanceOf(MissingOverflowError);
  expect(error).toMatchObject({ code: 'MISSING_OVERFLOW', producer: 'burst' });
  expect((error as Error).message).toContain("'drop-oldest'");
  expect((await readAll(pool.stream('never'))).error).toBeInstanceOf(MissingOverflowError);
  expect(pool.stats().running).toBe(0);
});

test.for([
  ['drop-newest', [0, 1, 2, 3, 4, 5, 6, 7]],
  ['drop-oldest', [0, 1, 2, 3, 96, 97, 98, 99]],
  ['latest', [0, 1, 2, 3, 99]],
] as const)('an Observable that is faster than its reader: %s', async ([overflow, expected]) => {
  const word = sharedWords();
  const stream = streamPool().stream('burstThenNever', { count: 100, word }, { capacity: 4, overflow });
  const first = await stream.next();
  await until(() => Atomics.load(word, 0) === 1);
  const values = [first.value];
  while (values.length < expected.length) values.push((await stream.next()).value);
  expect(values).toStrictEqual(expected);
  await stream.return();
});

test('an Observable that is faster than its reader: error, after what was under way', async () => {
  const pool = streamPool();
  const word = sharedWords();
  const options = { capacity: 4, overflow: 'error' } as const;
  const stream = pool.stream('burstThenNever', { count: 100, word }, options);
  expect((await stream.next()).value).toBe(0);
  await until(() => Atomics.load(word, 0) === 1);
  const { values, error } = await readAll(stream);
  expect(values).toStrictEqual([1, 2, 3]);
  expect(error).toBeInstanceOf(StreamOverflowError);
  expect(error).toMatchObject({ code: 'STREAM_OVERFLOW', producer: 'burstThenNever', capacity: 4 });
  expect(await outputOf(pool.run('double', 1))).toBe(2);
  expect(pool.stats().started).toBe(1);
});

test('values that wait leave before the end and before an error', async () => {
  const pool = streamPool();
  const options = { capacity: 50, overflow: 'error' } as const;
  expect(await readAll(pool.stream('burst', 90, options))).toStrictEqual({ values: upTo(90) });
  const { values, error } = await readAll(pool.stream('burstThenFail', 90, options));
  expect(values).toStrictEqual(upTo(90));
  expect(error).toBeInstanceOf(RangeError);
});

test('an Observable whose reader keeps up loses nothing', async () => {
  const values: unknown[] = [];
  for await (const tick of streamPool().stream('ticks', undefined, { overflow: 'error' })) {
    values.push(tick);
    if (values.length === 50) break;
  }
  expect(values).toStrictEqual(upTo(50));
});

test.for([
  [{ capacity: 0 }, 'capacity'],
  [{ capacity: 1.5 }, 'capacity'],
  [{ capacity: Number.POSITIVE_INFINITY }, 'capacity'],
  [{ overflow: 'drop' as 'latest' }, 'overflow'],
  [{ capacityy: 1 }, 'capacityy'],
  [{ inline: 'auto' }, 'inline'],
  [{ gracePeriod: -1 }, 'gracePeriod'],
] as const)('%o is refused at once', ([options, option]) => {
  const pool = streamPool();
  expect(() => pool.stream('value', 1, options as object)).toThrow(InvalidOptionsError);
  expect(() => pool.stream('value', 1, options as object)).toThrow(option);
});
