import { expect, test } from 'vitest';
import { memory } from '../../lib/admission/demand.ts';
import { step } from '../../lib/definition/step.ts';
import { PoolClosedError } from '../../lib/pool/pool-closed-error.ts';
import { WorkerCrashedError } from '../../lib/pool/worker-crashed-error.ts';
import { workflow } from '../../lib/workflow.ts';
import { errorAs, outputOf } from './support/outcome.ts';
import { openGate, raised, sharedWord, taskPool, until } from './support/pools.ts';

test('an isolated call has a thread of its own, which ends with it', async () => {
  const pool = taskPool({ size: 2 });
  await outputOf(pool.run('double', 1));
  expect(await outputOf(pool.run('double', 2, { isolate: true }))).toBe(4);
  await until(() => pool.stats().threads === 1);
  expect(pool.stats()).toMatchObject({ started: 2, crashed: 0, completed: 2 });
});

test('its heap is limited: a task that needs more fails with the limit, and the pool goes on', async () => {
  const pool = taskPool({ size: 1 });
  const error = await errorAs(
    WorkerCrashedError,
    pool.run('outOfMemory', undefined, { isolate: true, memory: '32MiB' }),
  );
  expect(error).toMatchObject({ reason: 'out-of-memory', heapLimitMb: 32 });
  expect(error.message).toContain('its heap was limited to 32 MiB');
  expect(await outputOf(pool.run('double', 1))).toBe(2);
});

test("a step's memory demand is the limit of its isolated thread", async () => {
  const pool = taskPool({ size: 1 });
  const hoard = step('hoard', pool.task('outOfMemory', { isolate: true }), {
    resource: ['heavy-cpu', memory('24MiB')],
  });
  await expect(workflow('hoard', { hoard }).run().result()).rejects.toMatchObject({
    cause: { reason: 'out-of-memory', heapLimitMb: 24 },
  });
});

test.for([1, 2, 3])('isolated threads count as the others: never more than %i', async (size) => {
  const pool = taskPool({ size });
  let most = 0;
  const calls = Array.from({ length: 6 }, async (_, index) => {
    await outputOf(pool.run('double', index, { isolate: index % 2 === 0 }));
    most = Math.max(most, pool.stats().threads);
  });
  await Promise.all(calls);
  expect(most).toBeLessThanOrEqual(size);
  await until(() => pool.stats().running === 0);
  expect(pool.stats()).toMatchObject({ queued: 0, completed: 6 });
});

test('cancelled while it waits, starts or runs, an isolated call leaves nothing behind', async () => {
  const pool = taskPool({ size: 1 });
  const [first, second] = [sharedWord(), sharedWord()];
  const shared = outputOf(pool.run('gate', first));
  await raised(first, 1);
  pool.run('double', 1, { isolate: true }).subscribe().unsubscribe();
  expect(pool.stats().queued).toBe(0);
  openGate(first);
  await shared;
  const starting = pool.run('double', 1, { isolate: true }).subscribe();
  await until(() => pool.stats().starting === 1);
  starting.unsubscribe();
  const running = pool.run('cooperative', second, { isolate: true }).subscribe();
  await raised(second, 1);
  running.unsubscribe();
  await raised(second, 2);
  await until(() => pool.stats().threads === 0);
  expect(await outputOf(pool.run('double', 1))).toBe(2);
});

test('closing the pool cancels an isolated call, or lets it finish', async () => {
  const [word, gate] = [sharedWord(), sharedWord()];
  const pool = taskPool({ size: 1 });
  const failed = errorAs(PoolClosedError, pool.run('cooperative', word, { isolate: true }));
  await raised(word, 1);
  await pool.close();
  await failed;
  expect(pool.stats()).toMatchObject({ threads: 0, running: 0 });
  const other = taskPool({ size: 1 });
  const output = outputOf(other.run('gate', gate, { isolate: true }));
  await raised(gate, 1);
  const closed = other.close({ pending: 'drain' });
  openGate(gate);
  expect(await output).toBe(2);
  await closed;
  expect(other.stats().threads).toBe(0);
});

test.for([
  [{ memory: '1GiB' }, 'memory to be absent without isolate: true'],
  [{ isolate: true, memory: '1MiB' }, "at least '16MiB'"],
  [{ isolate: true, memory: 'much' }, 'an amount of memory'],
  [{ isolate: 1 }, 'isolate to be true or false'],
] as const)('run refuses %o', ([options, message]) => {
  expect(() => taskPool().run('double', 1, options as object)).toThrow(message);
});
