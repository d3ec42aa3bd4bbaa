import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cases } from '../../property-tests/support/effort.ts';
import { outputOf } from './support/outcome.ts';
import { raised, sharedWord, taskPool, until } from './support/pools.ts';

function listeners(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
}

/** How many threads the system sees in this process; 0 where it doesn't tell so simply. */
function threadCount(): number {
  const status = '/proc/self/status';
  if (!existsSync(status)) return 0;
  return Number(/^Threads:\s+(\d+)$/m.exec(readFileSync(status, 'utf8'))?.[1]);
}

test('cycles of cancel and replace leave threads, listeners and memory as they were', async () => {
  const pool = taskPool({ size: 1, gracePeriod: 0 });
  const cycle = async (): Promise<void> => {
    const word = sharedWord();
    const call = pool.run('endless', word).subscribe();
    await raised(word, 1);
    call.unsubscribe();
    await until(() => pool.stats().threads === 0);
  };
  // The first cycles load what is loaded once.
  for (let round = 0; round < 3; round++) await cycle();
  const before = { listeners: listeners(), memory: process.memoryUsage().rss, threads: threadCount() };
  const cycles = cases(12);
  for (let round = 0; round < cycles; round++) await cycle();
  expect(listeners()).toBe(before.listeners);
  // A thread takes some 8 MB: had each cycle left one behind, or a tenth of one, it would show. In 1,000 cycles the
  // memory goes up and down by some 15 MB.
  const grown = process.memoryUsage().rss - before.memory;
  expect(grown).toBeLessThan(48e6 + cycles * 100e3);
  expect(threadCount()).toBeLessThanOrEqual(before.threads + 1);
  expect(pool.stats()).toMatchObject({ threads: 0, replaced: cycles + 3, running: 0, queued: 0 });
  expect(await outputOf(pool.run('double', 1))).toBe(2);
}, 600_000);
