import { setTimeout as wait } from 'node:timers/promises';
import { step, workflow } from 'millrace';
import { QueueUnavailableError } from 'millrace/bullmq';
import { firstValueFrom } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { hasRedis, TestRedis } from './support/redis.ts';
import { Notes, remote, until, worker } from './support/workers.ts';

describe.skipIf(!hasRedis)('Redis, which', { timeout: 120_000 }, () => {
  test('stands still for a while: what runs goes on, and nothing is lost', async () => {
    await using redis = await TestRedis.start();
    const options = { connection: redis.url, queue: 'paused', lease: '2s' as const };
    const server = await worker({ ...options, slots: 2 });
    const tasks = remote(options);
    const notes = new Notes();
    const held = step(
      'held',
      tasks.task('hold', () => notes.input),
    );
    const after = step(
      'after',
      { held },
      tasks.task('double', () => 21),
    );
    const result = workflow('paused', { held, after }).run().result();
    await until(() => notes.startedBy.length === 1);
    redis.pause();
    notes.letGoOn();
    // Real time, in another process: half of a lease, which is what is to be outlived.
    await wait(1000);
    redis.goOn();
    expect(await result).toMatchObject({ held: { attempt: 1 }, after: 42 });
    expect(server.running).toBe(0);
  });

  test('is started anew and has forgotten everything: what runs counts, what waited is sent again', async () => {
    await using redis = await TestRedis.start();
    const options = { connection: redis.url, queue: 'restarted' };
    await worker({ ...options, slots: 1 });
    const tasks = remote(options);
    const notes = new Notes();
    const running = firstValueFrom(tasks.run('hold', notes.input));
    await until(() => notes.startedBy.length === 1);
    const waiting = firstValueFrom(tasks.run('double', 21));
    await until(() => tasks.stats().queued === 1);
    await redis.stop();
    await redis.start();
    notes.letGoOn();
    expect(await running).toMatchObject({ attempt: 1 });
    expect(await waiting).toBe(42);
    expect(notes.startedBy).toHaveLength(1);
  });

  test('is gone for good: an error says so, after the time that is waited for it', async () => {
    await using redis = await TestRedis.start();
    const options = { connection: redis.url, queue: 'gone', lease: '2s' as const };
    const tasks = remote({ ...options, connectionWait: '1s', workerWait: '60s' });
    await worker({ ...options, slots: 1 });
    const notes = new Notes();
    const running = firstValueFrom(tasks.run('hold', notes.input)).catch((error: unknown) => error);
    await until(() => notes.startedBy.length === 1);
    const waiting = firstValueFrom(tasks.run('double', 21)).catch((error: unknown) => error);
    await until(() => tasks.stats().queued === 1);
    await redis.stop();
    expect(await waiting).toBeInstanceOf(QueueUnavailableError);
    // Its worker has stopped it by the end of its lease.
    expect(await running).toMatchObject({ code: 'WORKER_LOST' });
    expect(notes.lines.at(-1)).toMatch(/^cancelled/);
  });
});
