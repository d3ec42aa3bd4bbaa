import { Redis } from 'ioredis';
import { firstValueFrom } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasRedis, TestRedis } from './support/redis.ts';
import { remote, worker } from './support/workers.ts';

describe.skipIf(!hasRedis)('connections to Redis', { timeout: 60_000 }, () => {
  test.for([1, 8])('are three a process at most, with %i slots', async (slots) => {
    const redis = await TestRedis.start();
    onTestFinished(() => redis[Symbol.asyncDispose]());
    const watcher = new Redis(redis.url);
    onTestFinished(() => {
      watcher.disconnect();
    });
    const others = async (): Promise<number> => {
      const list = String(await watcher.client('LIST'));
      return list.trim().split('\n').length - 1;
    };
    const connection = redis.url;
    await worker({ connection, queue: 'steps', slots });
    const ofWorker = await others();
    expect(ofWorker).toBeGreaterThan(0);
    expect(ofWorker).toBeLessThanOrEqual(3);
    const tasks = remote({ connection, queue: 'steps' });
    const numbers = Array.from({ length: 20 }, (_, at) => at);
    await Promise.all(numbers.map((number) => firstValueFrom(tasks.run('double', number))));
    const both = await others();
    expect(both).toBeGreaterThan(ofWorker);
    expect(both).toBeLessThanOrEqual(6);
    // 10,240 slots: 320 processes of 32, and a coordinator.
    expect(320 * ofWorker + (both - ofWorker)).toBeLessThanOrEqual(1000);
  });
});
