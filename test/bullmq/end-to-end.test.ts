import { step, workflow } from 'millrace';
import { firstValueFrom } from 'rxjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasRedis, TestRedis } from './support/redis.ts';
import { remote, until, worker } from './support/workers.ts';

describe.skipIf(!hasRedis)('tasks of another process, over Redis', { timeout: 60_000 }, () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.start('s3cret');
  });
  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
  });

  test('a step’s body runs elsewhere, with its progress, logs, worker and attempt', async () => {
    const connection = redis.url;
    const server = await worker({ connection, queue: 'steps', slots: 2 });
    const tasks = remote({ connection, queue: 'steps' });
    const numbers = step('numbers', () => [1, 2, 3]);
    const double = step(
      'double',
      { numbers },
      tasks.task('double', ({ numbers }) => numbers.length),
    );
    const report = step('report', tasks.task('report'));
    const attempt = step(
      'attempt',
      { numbers },
      tasks.task('attempt', () => undefined),
    );
    const run = workflow('remote', { double, report, attempt }).run();
    const heard: unknown[] = [];
    const workers = new Set<string>();
    run.progress$.subscribe((event) => {
      if (event.type === 'step-progress') heard.push([event.stepId, event.fraction, event.message]);
      if (event.type === 'log') heard.push([event.stepId, event.message, event.data]);
      if (event.type === 'step-offloaded') workers.add(event.thread.split('/')[0] ?? '');
    });
    expect(await run.result()).toStrictEqual({
      double: 6,
      report: 'reported',
      attempt: { attempt: 1, stepId: 'attempt' },
    });
    expect(heard).toStrictEqual([
      ['report', 0.5, 'half'],
      ['report', 'a line', { of: 'data' }],
    ]);
    expect([...workers]).toStrictEqual([server.id]);
    expect(run.limits['remote:steps']).toBe(2);
  });

  test('values of any size come back as they were', async () => {
    const connection = redis.url;
    await worker({ connection, queue: 'sizes', slots: 2 });
    const tasks = remote({ connection, queue: 'sizes' });
    const value = {
      map: new Map([['a', new Set([1, undefined])]]),
      at: new Date(0),
      bytes: new Uint8Array(300_000),
    };
    expect(await firstValueFrom(tasks.run('echo', value))).toStrictEqual(value);
    expect(await firstValueFrom(tasks.run('bytes', 20_000))).toStrictEqual(new Uint8Array(20_000).fill(7));
    expect(await firstValueFrom(tasks.run('echo', undefined))).toBeUndefined();
  });
});

test.skipIf(!hasRedis)('several servers share a queue', { timeout: 60_000 }, async () => {
  await using first = await TestRedis.start();
  await using second = await TestRedis.start();
  const options = { connection: [first.url, second.url], queue: 'shared' };
  // Each on one of them, whichever that is.
  await Promise.all(
    [first, second].map((each) => worker({ connection: each.url, queue: 'shared', slots: 1 })),
  );
  const tasks = remote(options);
  const large = new Uint8Array(40_000).fill(3);
  const all = Array.from({ length: 20 }, (_, at) =>
    firstValueFrom(tasks.run('echo', at % 5 === 0 ? large : at)),
  );
  expect(await Promise.all(all)).toStrictEqual(
    Array.from({ length: 20 }, (_, at) => (at % 5 === 0 ? large : at)),
  );
  await until(() => tasks.stats().workers === 2);
});
