import { threadId } from 'node:worker_threads';
import { firstValueFrom } from 'rxjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tasks } from './fixtures/remote.worker.ts';
import { hasRedis, TestRedis } from './support/redis.ts';
import { Notes, remote, until, worker } from './support/workers.ts';

describe.skipIf(!hasRedis)('tasks on the main thread of a worker', { timeout: 60_000 }, () => {
  let redis: TestRedis;
  let connection: string;
  beforeAll(async () => {
    redis = await TestRedis.start();
    connection = redis.url;
  });
  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
  });

  test('values, errors, progress and logs are as from a thread; what is isolated has one', async () => {
    await worker({ connection, queue: 'inline', slots: 2, inline: 'always', tasks });
    const calls = remote({ connection, queue: 'inline' });
    expect(await firstValueFrom(calls.run('thread'))).toBe(threadId);
    expect(await firstValueFrom(calls.run('thread', undefined, { isolate: true }))).not.toBe(threadId);
    const value = { list: [1, { a: null }], at: new Date(0) };
    expect(await firstValueFrom(calls.run('echo', value))).toStrictEqual(value);
    await expect(firstValueFrom(calls.run('fail'))).rejects.toMatchObject({
      name: 'FlightError',
      airport: 'ZRH',
      cause: { message: 'out of range' },
    });
    await expect(firstValueFrom(calls.run('empty'))).rejects.toMatchObject({ code: 'EMPTY_STEP' });
    await expect(firstValueFrom(calls.run('unclonable'))).rejects.toMatchObject({
      path: 'output.rows[0].call',
    });
    const heard: unknown[] = [];
    const report = calls.run('report', undefined, {
      onProgress: (amount, text) => heard.push([amount, text]),
      onLog: (text, data) => heard.push([text, data]),
    });
    expect(await firstValueFrom(report)).toBe('reported');
    expect(heard).toStrictEqual([
      [0.5, 'half'],
      ['a line', { of: 'data' }],
    ]);
  });

  test('no more run at once than there are slots, and what waits can be cancelled', async () => {
    const server = await worker({ connection, queue: 'places', slots: 1, inline: 'always', tasks });
    const calls = remote({ connection, queue: 'places' });
    // Known to be short, so that they share a job, and as many jobs are taken again.
    for (let at = 0; at < 20; at++) await firstValueFrom(calls.run('double', at));
    const [first, second, third] = [new Notes(), new Notes(), new Notes()];
    const outcome = firstValueFrom(calls.run('hold', first.input, { batch: 3 }));
    const cancelled = calls.run('hold', second.input, { batch: 3 }).subscribe();
    const last = firstValueFrom(calls.run('hold', third.input, { batch: 3 }));
    await until(() => first.startedBy.length === 1 && server.running === 3);
    cancelled.unsubscribe();
    await until(() => server.running === 2);
    expect(third.lines).toStrictEqual([]);
    first.letGoOn();
    await outcome;
    await until(() => third.startedBy.length === 1);
    third.letGoOn();
    await last;
    expect(second.lines).toStrictEqual([]);
  });

  test('one that is closed stops what runs, and gives up what waits', async () => {
    const server = await worker({ connection, queue: 'closed', slots: 1, inline: 'always', tasks });
    const calls = remote({ connection, queue: 'closed' });
    const [first, second] = [new Notes(), new Notes()];
    const outcomes = [first, second].map((notes) =>
      firstValueFrom(calls.run('hold', notes.input, { batch: 2 })).catch((error: unknown) => error),
    );
    await until(() => first.startedBy.length === 1 && server.running === 2);
    await server.close();
    for (const outcome of outcomes)
      expect(await outcome).toMatchObject({ code: 'WORKER_LOST', reason: 'closed' });
    expect(first.lines.map((line) => line.split(' ')[0])).toStrictEqual(['started', 'cancelled']);
    expect(second.lines).toStrictEqual([]);
  });

  test('‘auto’ begins in a thread, and comes here once a task is known to be short', async () => {
    await worker({ connection, queue: 'auto', slots: 1, inline: 'auto', tasks });
    const calls = remote({ connection, queue: 'auto' });
    expect(await firstValueFrom(calls.run('thread'))).not.toBe(threadId);
    await until(async () => (await firstValueFrom(calls.run('thread'))) === threadId);
  });
});
