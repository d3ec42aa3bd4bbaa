import { Redis } from 'ioredis';
import { forEachStep, workflow } from 'millrace';
import { memoryStore } from 'millrace/store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasRedis, TestRedis } from './support/redis.ts';
import { remote, until, worker } from './support/workers.ts';

const steps = 1200;
const resultBytes = 10 * 1024;
const mostJobs = 1000;

describe.skipIf(!hasRedis)('what Redis keeps of a long run', { timeout: 120_000 }, () => {
  test.for([
    { of: 'calls that share jobs', options: {}, isKept: false },
    { of: 'a kept run, whose results lie in its jobs', options: { batch: 1 }, isKept: true },
  ])('is no more after twice as many steps, nor left over: $of', async ({ options, isKept }) => {
    const server = await TestRedis.start();
    onTestFinished(() => server[Symbol.asyncDispose]());
    const redis = new Redis(server.url);
    onTestFinished(() => {
      redis.disconnect();
    });
    const usedMemory = async (): Promise<number> =>
      Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
    const connection = server.url;
    const { bullQueue } = await worker({ connection, queue: 'long', slots: 2 });
    const tasks = remote({ connection, queue: 'long', ...options });
    const bytes = tasks.task('bytes', (_: { readonly item: number }) => resultBytes);
    const all = forEachStep(
      'all',
      { items: () => Array.from({ length: steps }, (_, at) => at).values() },
      bytes,
      { reduce: (sum: number, each) => sum + each.byteLength, initial: 0, resource: {}, concurrency: 64 },
    );
    const after = async (runId: string): Promise<number> => {
      const run = workflow('long', { all }).run(isKept ? { store: memoryStore(), runId } : {});
      expect(await run.result()).toStrictEqual({ all: steps * resultBytes });
      return usedMemory();
    };
    const first = await after('first');
    const second = await after('second');
    // The results of the second have 12 MB.
    expect(Math.abs(second - first)).toBeLessThan(3_000_000);
    await tasks.close();
    expect(await redis.keys('millrace:*')).toStrictEqual([]);
    const jobs = `bull:${bullQueue}:`;
    await until(async () => (await redis.llen(`${jobs}active`)) === 0);
    const keys = (await redis.keys(`${jobs}*`)).map((key) => key.slice(jobs.length));
    const kept = await redis.zcard(`${jobs}completed`);
    expect(kept).toBeLessThanOrEqual(mostJobs);
    // Those that are over, and what BullMQ has once a lane.
    expect(keys.length - kept).toBeLessThan(10);
    expect(await redis.xlen(`${jobs}events`)).toBeLessThan(2 * mostJobs);
  });
});
