import { forEachStep, type ProgressEvent, StepFailedError, step, stream, workflow } from 'millrace';
import { threadPool, WorkerCrashedError } from 'millrace/workers';
import { firstValueFrom } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { tasks as streamTasks } from './fixtures/streams.worker.ts';
import { taskPool, workerUrl } from './support/pools.ts';

function streamPool() {
  const pool = threadPool<typeof streamTasks>(workerUrl('streams'), { gracePeriod: 200, size: 1 });
  onTestFinished(() => pool.close());
  return pool;
}

/** What the task has made, and whether it was ended. */
function twoWords(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(8));
}

describe('the children of a fan-out in threads', () => {
  test('are those of a task, with the item among its inputs', async () => {
    const pool = taskPool({ size: 2 });
    const factor = step('factor', () => 10);
    const doubled = forEachStep(
      'doubled',
      { items: [1, 2, 3], factor },
      pool.task('double', (inputs: { item: number; factor: number }) => inputs.item * inputs.factor),
      { reduce: (sum: number, each) => sum + each, initial: 0 },
    );
    const run = workflow('threads', { doubled }).run({ limits: { 'heavy-cpu': 2 } });
    const events: ProgressEvent[] = [];
    run.progress$.subscribe((event) => events.push(event));
    expect(await run.result()).toStrictEqual({ doubled: 120 });
    expect(
      events.flatMap((event) => (event.type === 'step-offloaded' ? [event.stepId] : [])).sort(),
    ).toStrictEqual(['doubled[0]', 'doubled[1]', 'doubled[2]']);
    expect(run.metrics().resources['heavy-cpu']?.peak).toBeLessThanOrEqual(2);
  });

  test('fail alone where a thread dies', async () => {
    const pool = streamPool();
    const read = forEachStep(
      'read',
      { items: [1, 2] },
      async (count) => {
        const values: number[] = [];
        for await (const value of count === 1 ? pool.stream('exitAfter', 1) : pool.stream('list', [7]))
          values.push(value as number);
        return values;
      },
      { settle: true, concurrency: 1 },
    );
    const { read: results } = await workflow('threads', { read }).run().result();
    expect(results.map(({ status }) => status)).toStrictEqual(['rejected', 'fulfilled']);
    const [died] = results;
    expect(died?.status === 'rejected' && died.reason).toBeInstanceOf(StepFailedError);
    expect(died?.status === 'rejected' && (died.reason as StepFailedError).cause).toBeInstanceOf(
      WorkerCrashedError,
    );
  });
});

describe('a stream between steps', () => {
  test('comes from a thread no faster than it is read', async () => {
    const pool = streamPool();
    const word = twoWords();
    const counts = step('counts', () => pool.stream('count', { to: 10_000, word }, { capacity: 4 }));
    let ahead = 0;
    const read = step('read', { counts: stream(counts, { capacity: 4 }) }, async (inputs) => {
      let count = 0;
      for await (const _ of inputs.counts) {
        await new Promise((resolve) => setImmediate(resolve));
        ahead = Math.max(ahead, Atomics.load(word, 0) - ++count);
        if (count === 500) break;
      }
      return count;
    });
    const run = workflow('threads', { read }).run();
    expect(await run.result()).toStrictEqual({ read: 500 });
    // The result doesn't wait for who isn't needed any more, the end does.
    await run[Symbol.asyncDispose]();
    // What waits here, what is under way or waits there, and the ones in hand.
    expect(ahead).toBeLessThanOrEqual(16);
    expect(Atomics.load(word, 1)).toBe(1);
    expect(run.snapshot().resources['light-cpu']?.taken).toBe(0);
  });

  test('goes into a thread and comes out of it, in order, and moves what it can', async () => {
    const pool = taskPool({ size: 1 });
    const chunks = step('chunks', async function* () {
      for (let number = 0; number < 64; number++)
        yield await Promise.resolve(new Uint8Array(2 ** 16).fill(number));
    });
    const echoed = step('echoed', { chunks: stream(chunks, { capacity: 2 }) }, async function* (inputs) {
      for await (const chunk of inputs.chunks)
        yield (await firstValueFrom(
          pool.run('echo', chunk, { transfer: () => [chunk.buffer] }),
        )) as Uint8Array;
    });
    const sums = step('sums', { echoed: stream(echoed, { capacity: 2 }) }, async (inputs) => {
      const seen: number[] = [];
      for await (const chunk of inputs.echoed) seen.push(chunk[chunk.length - 1] ?? -1);
      return seen;
    });
    const { sums: seen } = await workflow('threads', { sums }).run().result();
    expect(seen).toStrictEqual(Array.from({ length: 64 }, (_, number) => number));
  });

  test('whose thread dies fails its run, and a cancel ends the task', async () => {
    const pool = streamPool();
    const dying = step('dying', () => pool.stream('exitAfter', 2));
    const read = (source: typeof dying) =>
      step('read', { source: stream(source) }, async (inputs) => {
        for await (const _ of inputs.source) if (isCancelling) run.cancel('by hand');
      });
    let isCancelling = false;
    let run = workflow('threads', { read: read(dying) }).run();
    await expect(run.result()).rejects.toMatchObject({ stepId: 'dying' });

    const word = twoWords();
    isCancelling = true;
    const endless = step('dying', () => pool.stream('count', { to: 1e9, word }));
    run = workflow('threads', { read: read(endless) }).run();
    await expect(run.result()).rejects.toThrow('by hand');
    expect(Atomics.load(word, 1)).toBe(1);
  });
});
