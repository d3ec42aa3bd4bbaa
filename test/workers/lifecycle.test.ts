import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { queryObjects } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { expect, inject, test, vi } from 'vitest';
import { PoolClosedError } from '../../lib/pool/pool-closed-error.ts';
import { errorAs, errorOf, outputOf } from './support/outcome.ts';
import { openGate, raised, sharedWord, taskPool, until, workerUrl } from './support/pools.ts';

test('idle threads are ended after the idle timeout, and started again when needed', async () => {
  const pool = taskPool({ size: 2, idleTimeout: 1 });
  await pool.prewarm();
  await until(() => pool.stats().threads === 0);
  expect(await outputOf(pool.run('double', 1))).toBe(2);
  expect(pool.stats()).toMatchObject({ started: 3, crashed: 0 });
});

test('a thread with a task is never taken for idle', async () => {
  const pool = taskPool({ size: 2, idleTimeout: 1 });
  const word = sharedWord();
  const running = outputOf(pool.run('gate', word));
  await raised(word, 1);
  await outputOf(pool.run('double', 1));
  await until(() => pool.stats().threads === 1);
  openGate(word);
  expect(await running).toBe(2);
});

test('close stops what runs, fails what waits and ends every thread', async () => {
  const pool = taskPool({ size: 1, gracePeriod: '1m' });
  const word = sharedWord();
  const running = errorAs(PoolClosedError, pool.run('cooperative', word));
  const waiting = errorAs(PoolClosedError, pool.run('double', 1));
  await raised(word, 1);
  await pool.close();
  expect(Atomics.load(word, 0)).toBe(2);
  expect(await running).toMatchObject({ code: 'POOL_CLOSED', taskName: 'cooperative' });
  expect(await waiting).toMatchObject({ taskName: 'double' });
  expect(pool.stats()).toMatchObject({ threads: 0, running: 0, queued: 0 });
});

test('close with drain lets what runs and what waits finish, and takes no more', async () => {
  const pool = taskPool({ size: 1 });
  const word = sharedWord();
  const running = outputOf(pool.run('gate', word));
  const waiting = outputOf(pool.run('double', 1));
  await raised(word, 1);
  const closed = pool.close({ pending: 'drain' });
  await errorAs(PoolClosedError, pool.run('double', 2));
  openGate(word);
  await closed;
  expect([await running, await waiting]).toStrictEqual([2, 2]);
  expect(pool.stats().threads).toBe(0);
});

test('a draining pool closes too when its last waiting call is cancelled', async () => {
  const pool = taskPool({ size: 1 });
  const call = pool.run('double', 1).subscribe();
  const closed = pool.close({ pending: 'drain' });
  call.unsubscribe();
  await closed;
  expect(pool.stats().threads).toBe(0);
});

test('close without drain overtakes one with it, may be called again, and ends threads that start', async () => {
  const pool = taskPool({ size: 2 });
  const warm = expect(pool.prewarm()).rejects.toBeInstanceOf(PoolClosedError);
  const call = errorAs(PoolClosedError, pool.run('double', 1));
  const draining = pool.close({ pending: 'drain' });
  await Promise.all([pool.close(), pool[Symbol.asyncDispose](), draining, call, warm]);
  expect(pool.stats()).toMatchObject({ threads: 0, starting: 0 });
  await expect(pool.prewarm()).rejects.toBeInstanceOf(PoolClosedError);
});

test('an input that closes the pool as it is sent fails with the others, and no thread starts any more', async () => {
  const pool = taskPool({ size: 1 });
  let closed: Promise<void> | undefined;
  const input = {
    get trap(): number {
      closed = pool.close();
      return 1;
    },
  };
  await errorAs(PoolClosedError, pool.run('echo', input));
  await closed;
  expect(pool.stats()).toMatchObject({ started: 1, threads: 0 });
});

test('await using closes the pool and cancels what runs', async () => {
  const word = sharedWord();
  const pool = taskPool({ size: 1 });
  const failed = errorAs(PoolClosedError, pool.run('cooperative', word));
  {
    await using closing = pool;
    await raised(word, 1);
    expect(closing.stats().running).toBe(1);
  }
  await failed;
  expect(pool.stats().threads).toBe(0);
});

// Each count walks the whole heap, which is large after other files.
test('threads that are gone leave no worker behind', { timeout: 60_000 }, async () => {
  const workers = (): number => queryObjects(Worker, { format: 'count' });
  const before = workers();
  for (let round = 0; round < 3; round++) {
    const pool = taskPool({ size: 2, gracePeriod: 0 });
    const word = sharedWord();
    const endless = pool.run('endless', word).subscribe();
    await outputOf(pool.run('double', 1));
    await raised(word, 1);
    if (round === 0) expect(workers()).toBeGreaterThanOrEqual(2);
    endless.unsubscribe();
    await errorOf(pool.run('exit', 3));
    await pool.close();
  }
  // What has just ended may be held by what is still to be settled.
  await vi.waitFor(
    () => {
      expect(workers()).toBeLessThanOrEqual(before);
    },
    { timeout: 20_000 },
  );
});

test('a pool that was never used closes at once', async () => {
  const pool = taskPool();
  await pool.close();
  expect(pool.stats().started).toBe(0);
});

test('a process with an open pool ends by itself, its signal handlers as they were', async () => {
  const program = fileURLToPath(inject('poolProgram'));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program]);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toStrictEqual({
    value: 42,
    before: [1, 0],
    after: [1, 0],
    isOurs: true,
    threads: 1,
  });
});

test('a process whose threads do not start, or are closed as they do, ends without waiting for them', async () => {
  const program = fileURLToPath(workerUrl('failed-start.program'));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program]);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toStrictEqual([
    'WorkerStartError',
    'WorkerStartError',
    'WorkerStartError',
    'WorkerStartError',
    'PoolClosedError',
  ]);
});
