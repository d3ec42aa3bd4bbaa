import { expect, test } from 'vitest';
import type { ThreadPoolStats } from '../../lib/pool/thread-pool-stats.ts';
import { errorOf, outputOf } from './support/outcome.ts';
import { openGate, raised, sharedWord, taskPool, until } from './support/pools.ts';

test('stats$ emits the present at once, then what has changed, and completes when the pool is closed', async () => {
  const pool = taskPool({ size: 1 });
  const heard: ThreadPoolStats[] = [];
  let isComplete = false;
  pool.stats$.subscribe({
    next: (stats) => heard.push(stats),
    complete: () => {
      isComplete = true;
    },
  });
  expect(heard).toStrictEqual([pool.stats()]);
  const word = sharedWord();
  const gate = outputOf(pool.run('gate', word));
  const waiting = outputOf(pool.run('double', 1));
  await raised(word, 1);
  await until(() => heard.at(-1)?.busy === 1);
  expect(heard.at(-1)).toMatchObject({ size: 1, idle: 0, queued: 1, completed: 0 });
  openGate(word);
  await Promise.all([gate, waiting]);
  await until(() => heard.at(-1)?.idle === 1);
  expect(heard.at(-1)).toMatchObject({
    busy: 0,
    completed: 2,
    tasks: { gate: { completed: 1 }, double: { completed: 1 } },
  });
  await pool.close();
  expect(isComplete).toBe(true);
  expect(heard.at(-1)).toStrictEqual(pool.stats());
  expect(pool.stats()).toMatchObject({ threads: 0, idle: 0, completed: 2, replaced: 0 });
});

test('after the end stats$ emits the last statistics and completes; many changes are few emissions', async () => {
  const pool = taskPool({ size: 1 });
  let emissions = 0;
  pool.stats$.subscribe(() => emissions++);
  await Promise.all(Array.from({ length: 500 }, (_, index) => outputOf(pool.run('double', index))));
  expect(emissions).toBeLessThan(500);
  await pool.close();
  expect((await outputOf(pool.stats$)).completed).toBe(500);
});

test('crashed threads and those that outstayed their grace period count as replaced', async () => {
  const pool = taskPool({ size: 1, gracePeriod: 1 });
  await errorOf(pool.run('exit', 1));
  const word = sharedWord();
  const endless = pool.run('endless', word).subscribe();
  await raised(word, 1);
  endless.unsubscribe();
  await until(() => pool.stats().threads === 0);
  expect(pool.stats()).toMatchObject({ crashed: 1, replaced: 2, started: 2, completed: 0 });
});
