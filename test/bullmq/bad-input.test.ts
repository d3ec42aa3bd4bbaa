import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProgressEvent, step, workflow } from 'millrace';
import { folderBlobs, remoteTasks, serveTasks } from 'millrace/bullmq';
import { UnclonableValueError } from 'millrace/workers';
import { firstValueFrom } from 'rxjs';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { hasRedis, TestRedis } from './support/redis.ts';
import { remote, until, worker } from './support/workers.ts';

const module = inject('workerUrls')['remote'] ?? '';
const nobody = 'redis://someone:s3cret@127.0.0.1:1/2';

describe('options', () => {
  test.each([
    [{}, /connection/],
    [{ connection: 'http://localhost', queue: 'q' }, /expected connection to be a URL/],
    [{ connection: nobody, queue: 'a:b' }, /queue to be a name without colons/],
    [{ connection: nobody, queue: 'q', lease: 10 }, /lease to be at least 1 s/],
    [
      { connection: nobody, queue: 'q', takeoverWait: 'long' },
      /expected takeoverWait to be a duration.*"long"/,
    ],
    [{ connection: nobody, queue: 'q', blobs: {} }, /folderBlobs/],
    [{ connection: nobody, queue: 'q', slot: 3 }, /slot/],
    [{ connection: { host: 1, port: 'x' }, queue: 'q' }, /connection\.host.*connection\.port/],
  ])('%j can’t be used, and the error says what', (options, message) => {
    expect(() => remoteTasks(options as never)).toThrow(message);
  });

  test.each([
    [{ inline: 'yes' }, /expected inline to be 'never' or 'auto' or 'always'.*"yes"/],
    [{ inline: 'auto' }, /expected tasks to be the record that the worker module exposes/],
    [{ inline: 'always', tasks: { double: 2 } }, /tasks\.double/],
  ])('a worker can’t be told %j', async (options, message) => {
    const failure = serveTasks(module, { connection: nobody, queue: 'q', ...options } as never);
    await expect(failure).rejects.toThrow(message);
  });

  test('messages about them show no password', () => {
    const connection = 'redis://someone:s3cret@';
    try {
      remoteTasks({ connection, queue: 'q' });
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain('s3cret');
    }
  });
});

describe('where no Redis is', () => {
  test('a call fails with an error that names the address without its password', async () => {
    const tasks = remote({ connection: nobody, queue: 'q' });
    const failure = firstValueFrom(tasks.run('double', 1));
    await expect(failure).rejects.toMatchObject({
      code: 'QUEUE_UNAVAILABLE',
      address: 'redis://127.0.0.1:1/2',
    });
    await expect(failure).rejects.not.toThrow(/s3cret|someone/);
  });

  test('a worker doesn’t begin', async () => {
    const failure = serveTasks(module, { connection: nobody, queue: 'q', slots: 1 });
    await expect(failure).rejects.toThrow(
      /^Redis at redis:\/\/127\.0\.0\.1:1\/2 can't be reached: .*ECONNREFUSED/,
    );
  });
});

describe.skipIf(!hasRedis)('over Redis', { timeout: 60_000 }, () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.start('s3cret');
  });
  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
  });

  test('a wrong password is an error that doesn’t show it', async () => {
    const tasks = remote({ connection: { port: redis.port, password: 'wr0ng' }, queue: 'q' });
    const failure = firstValueFrom(tasks.run('double', 1));
    await expect(failure).rejects.toThrow(/WRONGPASS/);
    await expect(failure).rejects.not.toThrow(/wr0ng/);
  });

  test('what can’t be cloned is the error of pools, with the path, in both directions', async () => {
    const connection = redis.url;
    await worker({ connection, queue: 'clones', slots: 1 });
    const tasks = remote({ connection, queue: 'clones' });
    const input = firstValueFrom(tasks.run('echo', { rows: [{ call: () => 1 }] }));
    await expect(input).rejects.toThrow(UnclonableValueError);
    await expect(input).rejects.toMatchObject({ path: 'input.rows[0].call' });
    const output = firstValueFrom(tasks.run('unclonable', undefined));
    await expect(output).rejects.toThrow(UnclonableValueError);
    await expect(output).rejects.toMatchObject({ path: 'output.rows[0].call' });
  });

  test('an error crosses with its name, cause and fields; an empty stream fails its step', async () => {
    const connection = redis.url;
    await worker({ connection, queue: 'errors', slots: 1 });
    const tasks = remote({ connection, queue: 'errors' });
    const failure = await firstValueFrom(tasks.run('fail', undefined)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'FlightError', message: 'no such flight', airport: 'ZRH' });
    expect((failure as Error).cause).toBeInstanceOf(RangeError);
    const none = step(
      'none',
      tasks.task('empty', () => undefined),
    );
    await expect(workflow('w', { none }).run().result()).rejects.toMatchObject({
      cause: { code: 'EMPTY_STEP' },
    });
  });

  test('a task that nobody has is warned of, then fails', async () => {
    const connection = redis.url;
    await worker({ connection, queue: 'unknown', slots: 1 });
    const tasks = remote({ connection, queue: 'unknown', workerWait: '1500ms' });
    const missing = step(
      'missing',
      tasks.task('doubel' as 'double', () => 1),
    );
    const run = workflow('w', { missing }).run();
    const warnings: ProgressEvent[] = [];
    run.progress$.subscribe((event) => {
      if (event.type === 'warning') warnings.push(event);
    });
    await expect(run.result()).rejects.toMatchObject({
      cause: {
        code: 'NO_REMOTE_WORKER',
        message: expect.stringContaining("did you mean 'double'?") as string,
      },
    });
    expect(warnings).toMatchObject([{ topic: 'remote', stepId: 'missing', attempt: 1 }]);
  });

  test('workers of another version get nothing, and the error names them', async () => {
    const connection = redis.url;
    const old = await worker({ connection, queue: 'versions', slots: 1, version: '1' });
    const tasks = remote({ connection, queue: 'versions', version: '2', workerWait: '500ms' });
    await expect(firstValueFrom(tasks.run('double', 1))).rejects.toThrow(
      `the worker ${old.id} is of version '1', not '2'`,
    );
    await worker({ connection, queue: 'versions', slots: 1, version: '2' });
    expect(await firstValueFrom(tasks.run('double', 1))).toBe(2);
  });

  test('a large value needs the same blob store on both sides', async () => {
    const connection = redis.url;
    const folder = mkdtempSync(join(tmpdir(), 'millrace-blobs-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    const blobs = folderBlobs(folder);
    await worker({ connection, queue: 'blobs', slots: 1, blobs });
    const both = remote({ connection, queue: 'blobs', blobs });
    expect(await firstValueFrom(both.run('bytes', 20_000))).toHaveLength(20_000);
    const other = remote({ connection, queue: 'blobs' });
    await expect(firstValueFrom(other.run('echo', new Uint8Array(20_000)))).rejects.toMatchObject({
      code: 'MISSING_BLOB',
    });
    // Nothing is left behind of what was read.
    await until(() => readdirSync(folder).length === 0);
  });

  test('what was closed takes no calls, and what was under way is told so', async () => {
    const connection = redis.url;
    const tasks = remote({ connection, queue: 'shut' });
    const waiting = firstValueFrom(tasks.run('double', 1));
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'REMOTE_CLOSED' });
    await tasks.close();
    await outcome;
    await expect(firstValueFrom(tasks.run('double', 1))).rejects.toMatchObject({ code: 'REMOTE_CLOSED' });
  });
});
