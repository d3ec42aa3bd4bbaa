import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import type { ThreadPoolOptions } from '../../lib/pool/pool-options.ts';
import { type ThreadPool, threadPool } from '../../lib/pool/thread-pool.ts';
import { UnknownTaskError } from '../../lib/pool/unknown-task-error.ts';
import { WorkerStartError } from '../../lib/pool/worker-start-error.ts';
import type { Tasks } from '../../lib/task/task-record.ts';
import { errorAs, outputOf } from './support/outcome.ts';
import { taskPool, workerUrl } from './support/pools.ts';

function brokenPool(url: string, options?: ThreadPoolOptions): ThreadPool<Tasks> {
  const pool = threadPool<Tasks>(url, { size: 1, ...options });
  onTestFinished(() => pool.close());
  return pool;
}

test('no thread starts before the first call', async () => {
  const pool = taskPool({ size: 2 });
  pool.task('double');
  void pool.run('double', 1);
  expect(pool.stats()).toMatchObject({ started: 0, threads: 0 });
  await outputOf(pool.run('double', 1));
  expect(pool.stats()).toMatchObject({ started: 1, threads: 1 });
});

test.for([
  ['throws', 'broken at the top'],
  ['silent', 'does it call exposeTasks()'],
  ['foreign', "aren't exposed with exposeTasks()"],
] as const)('a worker module that %s is a WorkerStartError with its URL', async ([fixture, message]) => {
  const pool = brokenPool(workerUrl(fixture));
  const error = await errorAs(WorkerStartError, pool.run('any', undefined as never));
  expect(error).toMatchObject({ code: 'WORKER_START', url: workerUrl(fixture), tries: 4 });
  expect(error.message).toContain(message);
  expect(error.message).toContain(workerUrl(fixture));
  expect(pool.stats()).toMatchObject({ started: 4, threads: 0, queued: 0, starting: 0 });
});

test('a module that throws leaves its error as the cause', async () => {
  const error = await errorAs(
    WorkerStartError,
    brokenPool(workerUrl('throws')).run('any', undefined as never),
  );
  expect(error.cause).toMatchObject({ name: 'TypeError', message: 'broken at the top' });
});

test('a module that does not exist is a WorkerStartError, once for every waiting call', async () => {
  const pool = brokenPool('file:///no/such/module.mjs', { maxRestarts: 0 });
  const calls = [1, 2, 3].map(() => errorAs(WorkerStartError, pool.run('any', undefined as never)));
  for (const error of await Promise.all(calls)) expect(error.message).toContain('/no/such/module.mjs');
  expect(pool.stats()).toMatchObject({ started: 1, queued: 0 });
});

test('threads that keep dying before any task are replaced a bounded number of times; a later call tries again', async () => {
  const pool = brokenPool(workerUrl('short-lived'), { maxRestarts: 2 });
  const first = await errorAs(WorkerStartError, pool.run('any', undefined as never));
  expect(first).toMatchObject({ tries: 3, url: workerUrl('short-lived') });
  expect(pool.stats()).toMatchObject({ started: 3, threads: 0, queued: 0, replaced: 3 });
  await errorAs(WorkerStartError, pool.run('any', undefined as never));
  expect(pool.stats()).toMatchObject({ threads: 0, queued: 0, starting: 0 });
});

test('a TypeScript module gets a hint', async () => {
  const pool = brokenPool('file:///no/such/module.ts', { maxRestarts: 0 });
  expect((await errorAs(WorkerStartError, pool.run('any', undefined as never))).message).toContain(
    'TypeScript',
  );
});

test('a URL that Node starts no thread from is a WorkerStartError', async () => {
  const pool = threadPool<Tasks>(new URL('https://example.org/flights.worker.js'), { size: 1 });
  const error = await errorAs(WorkerStartError, pool.run('any', undefined as never));
  expect(error).toMatchObject({ url: 'https://example.org/flights.worker.js', tries: 4 });
  expect(error.cause).toBeInstanceOf(Error);
  await pool.close();
});

test.for(['stalled', 'mute'])('a module that is %s runs into the start timeout', async (fixture) => {
  const pool = brokenPool(workerUrl(fixture), { maxRestarts: 0, startTimeout: 300 });
  const error = await errorAs(WorkerStartError, pool.run('any', undefined as never));
  expect(error.message).toContain("didn't call exposeTasks() within 300 ms");
});

test('an unknown task is an error with the nearest name, at the first call and at later ones', async () => {
  const pool = taskPool({ size: 1 });
  for (let round = 0; round < 2; round++) {
    const error = await errorAs(UnknownTaskError, pool.run('duoble' as 'double', 1));
    expect(error).toMatchObject({ code: 'UNKNOWN_TASK', taskName: 'duoble' });
    expect(error.message).toContain("did you mean 'double'?");
  }
  expect((await errorAs(UnknownTaskError, pool.run('constructor' as 'double', 1))).message).toContain(
    "'echo'",
  );
  expect(await outputOf(pool.run('double', 1))).toBe(2);
  expect(pool.stats().started).toBe(1);
});

test('prewarm starts every thread and rejects where one does not start', async () => {
  const pool = taskPool({ size: 2 });
  await pool.prewarm();
  expect(pool.stats()).toMatchObject({ threads: 2, idle: 2, starting: 0 });
  await pool.prewarm();
  expect(pool.stats().started).toBe(2);
  await expect(brokenPool(workerUrl('throws'), { size: 2 }).prewarm()).rejects.toBeInstanceOf(
    WorkerStartError,
  );
});

test.for([0, 1, 3])('tries are counted anew for a later call: %i restarts', async (maxRestarts) => {
  const pool = brokenPool(workerUrl('throws'), { maxRestarts });
  for (let call = 1; call <= 3; call++) {
    const error = await errorAs(WorkerStartError, pool.run('any', undefined as never));
    expect(error).toMatchObject({ tries: maxRestarts + 1 });
    expect(error.message).toContain(`(tries: ${String(maxRestarts + 1)})`);
    expect(pool.stats().started).toBe(call * (maxRestarts + 1));
  }
});

test.for([1, 2, 3, 7])('%i threads that start side by side are one try', async (size) => {
  const pool = brokenPool(workerUrl('throws'), { size, maxRestarts: 1 });
  const calls = Array.from({ length: size }, () =>
    errorAs(WorkerStartError, pool.run('any', undefined as never)),
  );
  for (const { tries } of await Promise.all(calls)) expect(tries).toBe(2);
  expect(pool.stats()).toMatchObject({ threads: 0, queued: 0, starting: 0 });
});

test.for([
  ['a process that allows it', [], '42'],
  [
    'one that forbids it, but for an error that names the remedy',
    ['--disallow-code-generation-from-strings'],
    'start Node without --disallow-code-generation-from-strings',
  ],
] as const)('code from strings is made in %s', async ([_, options, expected]) => {
  const program = fileURLToPath(workerUrl('no-eval.program'));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [...options, program]);
  expect(stderr).toBe('');
  expect(stdout).toContain(expected);
  if (options.length > 0) expect(stdout).toMatch(/^WorkerStartError: the worker .*tasks\.worker\.mjs failed/);
});
