import { getEnvironmentData, Worker } from 'node:worker_threads';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ThreadPoolOptions } from '../../lib/pool/pool-options.ts';
import { type ThreadPool, threadPool } from '../../lib/pool/thread-pool.ts';
import { WorkerCrashedError } from '../../lib/pool/worker-crashed-error.ts';
import type { MadeWorker } from '../../lib/pool/worker-source.ts';
import { WorkerStartError } from '../../lib/pool/worker-start-error.ts';
import { madeMark } from '../../lib/wire/browser-mark.ts';
import { environmentMark } from '../../lib/wire/messages.ts';
import type { tasks } from './fixtures/tasks.worker.ts';
import { errorAs, outputOf } from './support/outcome.ts';
import { workerUrl } from './support/pools.ts';

function madePool(make: () => MadeWorker, options?: ThreadPoolOptions): ThreadPool<typeof tasks> {
  const pool = threadPool<typeof tasks>(make, { size: 2, ...options });
  onTestFinished(() => pool.close());
  return pool;
}

const make = (): Worker => new Worker(new URL(workerUrl('tasks')), { name: 'made here' });

describe('a function that makes workers', () => {
  test('is called for each thread, and the threads work as any', async () => {
    const made = vi.fn(make);
    const pool = madePool(made);
    await pool.prewarm();
    expect(await Promise.all([1, 2, 3].map((value) => outputOf(pool.run('double', value))))).toEqual([
      2, 4, 6,
    ]);
    expect(made).toHaveBeenCalledTimes(2);
    expect(await outputOf(pool.run('double', 4, { isolate: true }))).toBe(8);
    expect(getEnvironmentData(environmentMark)).toBeUndefined();
  });

  test('makes another where one has crashed', async () => {
    const pool = madePool(make, { size: 1 });
    await errorAs(WorkerCrashedError, pool.run('exit', 3));
    expect(await outputOf(pool.run('double', 1))).toBe(2);
    expect(pool.stats()).toMatchObject({ started: 2, crashed: 1 });
  });

  test.each([
    [
      'throws',
      () => {
        throw new RangeError('no worker today');
      },
      'no worker today',
    ],
    ['gives something else', () => ({}), "has to make a Worker of 'node:worker_threads'"],
  ])('that %s is a WorkerStartError', async (_, bad, message) => {
    const pool = madePool(bad as () => MadeWorker, { maxRestarts: 0 });
    const error = await errorAs(WorkerStartError, pool.run('double', 1));
    expect(error.message).toContain(`the worker that a function has made failed to start: `);
    expect(error.message).toContain(message);
    expect(getEnvironmentData(environmentMark)).toBeUndefined();
  });

  test("has their memory to itself: a call's own limit is an error", async () => {
    const pool = madePool(make, { maxRestarts: 0 });
    const call$ = pool.run('double', 1, { isolate: true, memory: '64MiB' });
    expect((await errorAs(WorkerStartError, call$)).message).toContain('limit it there');
  });
});

describe('in a browser', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test('a worker is told that it is a pool’s until it has exposed its tasks', async () => {
    const { BrowserWorker } = await import('../../lib/pool/browser-worker.ts');
    vi.useFakeTimers();
    const told: unknown[] = [];
    const worker = {
      onmessage: undefined as ((event: { readonly data: unknown }) => void) | undefined,
      postMessage: (message: unknown) => told.push(message),
      terminate: () => undefined,
    };
    const wrapped = new BrowserWorker(() => worker, 'unused');
    worker.onmessage?.({ data: 'something that its module says' });
    vi.advanceTimersByTime(50);
    expect(told).toEqual([madeMark, madeMark, madeMark]);
    worker.onmessage?.({ data: { type: 'init', exposed: {} } });
    vi.advanceTimersByTime(1000);
    expect(told).toHaveLength(3);
    const ended = wrapped.terminate();
    vi.runAllTimers();
    expect(await ended).toBe(1);
  });

  test('a worker that nobody has named starts once it is told to, and once only', async () => {
    const target = new EventTarget();
    vi.stubGlobal('addEventListener', target.addEventListener.bind(target));
    vi.stubGlobal('removeEventListener', target.removeEventListener.bind(target));
    const { ifPoolThread } = await import('../../lib/thread/browser-thread-host.ts');
    const start = vi.fn();
    ifPoolThread(start);
    const calls = ['else', madeMark, madeMark].map((data) => {
      target.dispatchEvent(new MessageEvent('message', { data }));
      return start.mock.calls.length;
    });
    expect(calls).toEqual([0, 1, 1]);
  });
});
