import type { Observable } from 'rxjs';
import { expect, test } from 'vitest';
import { CancellationToken } from '../../lib/base/cancellation.ts';
import { CancelledError } from '../../lib/base/errors.ts';
import { errorAs, outputOf } from './support/outcome.ts';
import { openGate, raised, sharedWord, taskPool, until } from './support/pools.ts';

test('unsubscribing from a queued call keeps it from ever reaching a thread', async () => {
  const pool = taskPool({ size: 1 });
  const [gate, never] = [sharedWord(), sharedWord()];
  const first = outputOf(pool.run('gate', gate));
  await raised(gate, 1);
  const queued = pool.run('gate', never).subscribe();
  expect(pool.stats()).toMatchObject({ running: 1, queued: 1 });
  queued.unsubscribe();
  expect(pool.stats()).toMatchObject({ running: 1, queued: 0 });
  openGate(gate);
  expect(await first).toBe(2);
  expect(await outputOf(pool.run('double', 1))).toBe(2);
  expect(Atomics.load(never, 0)).toBe(0);
});

// A timer that was asked for more than 24.8 days would fire at once.
test.for(['1m', '30d'] as const)(
  'a task that blocks its thread sees its token cancelled, and the thread is kept, in %s',
  async (gracePeriod) => {
    const pool = taskPool({ size: 1, gracePeriod });
    const word = sharedWord();
    const running = pool.run('cooperative', word).subscribe();
    await raised(word, 1);
    running.unsubscribe();
    await raised(word, 2);
    expect(await outputOf(pool.run('double', 1))).toBe(2);
    expect(pool.stats()).toMatchObject({ started: 1, crashed: 0 });
  },
);

const quietTasks = ['waitForSignal', 'tearDown', 'returnIterator', 'synchronousStream'] as const;

test.for(quietTasks)('unsubscribing stops %s inside the worker, and the thread is kept', async (task) => {
  const pool = taskPool({ size: 1, gracePeriod: '1m' });
  const word = sharedWord();
  const token = new CancellationToken();
  const call: Observable<unknown> = pool.run(task, word, { token });
  const running = errorAs(CancelledError, call);
  await raised(word, 1);
  token.cancel('enough');
  expect(await running).toMatchObject({ reason: 'enough', code: 'CANCELLED' });
  await raised(word, 2);
  expect(await outputOf(pool.run('double', 1))).toBe(2);
  expect(pool.stats().started).toBe(1);
});

test('a task that does not stop is terminated after its grace period, replaced, and the others go on', async () => {
  const pool = taskPool({ size: 2 });
  const [endless, gate] = [sharedWord(), sharedWord()];
  const doomed = pool.run('endless', endless, { gracePeriod: 20 }).subscribe();
  const other = outputOf(pool.run('gate', gate));
  await raised(endless, 1);
  await raised(gate, 1);
  doomed.unsubscribe();
  await until(() => pool.stats().running === 1);
  openGate(gate);
  expect(await other).toBe(2);
  const next = [1, 2, 3].map((value) => outputOf(pool.run('double', value)));
  expect(await Promise.all(next)).toStrictEqual([2, 4, 6]);
  expect(pool.stats().crashed).toBe(0);
});

test('a call waits for the thread that is being terminated when there is no other', async () => {
  const pool = taskPool({ size: 1 });
  const word = sharedWord();
  const doomed = pool.run('endless', word, { gracePeriod: 0 }).subscribe();
  await raised(word, 1);
  doomed.unsubscribe();
  expect(await outputOf(pool.run('double', 1))).toBe(2);
  expect(pool.stats()).toMatchObject({ started: 2, threads: 1 });
});

test('a token that is cancelled already keeps the call from starting', async () => {
  const pool = taskPool();
  const token = new CancellationToken();
  token.cancel('before');
  expect(await errorAs(CancelledError, pool.run('double', 1, { token }))).toMatchObject({ reason: 'before' });
  expect(pool.stats().started).toBe(0);
});

test('a signal cancels a call, and is left without listeners after one that ended well', async () => {
  const pool = taskPool({ size: 1 });
  const word = sharedWord();
  const controller = new AbortController();
  expect(await outputOf(pool.run('double', 1, { signal: controller.signal }))).toBe(2);
  const running = errorAs(CancelledError, pool.run('cooperative', word, { signal: controller.signal }));
  await raised(word, 1);
  controller.abort(new Error('aborted'));
  expect((await running).cause).toMatchObject({ message: 'aborted' });
  await raised(word, 2);
});

test('cancelling one of many calls of a thread leaves the others alone', async () => {
  const pool = taskPool({ size: 1, gracePeriod: '1m' });
  for (let round = 0; round < 20; round++) {
    const word = sharedWord();
    const running = pool.run('cooperative', word).subscribe();
    await raised(word, 1);
    running.unsubscribe();
    expect(await outputOf(pool.run('double', round))).toBe(round * 2);
  }
  expect(pool.stats().started).toBe(1);
});
