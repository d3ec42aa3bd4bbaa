import { expect, test } from 'vitest';
import { outputOf } from './support/outcome.ts';
import { raised, sharedWord, taskPool, until } from './support/pools.ts';

const effort = Number(process.env['PROPERTY_EFFORT'] ?? 1);

function listeners(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
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
  const before = { listeners: listeners(), memory: process.memoryUsage().rss };
  const cycles = Math.round(12 * effort);
  for (let round = 0; round < cycles; round++) await cycle();
  expect(listeners()).toBe(before.listeners);
  // A thread takes some 10 MB: had each left only a fifth of that behind, it would show.
  const grown = process.memoryUsage().rss - before.memory;
  expect(grown).toBeLessThan(64e6 + cycles * 2e6);
  expect(pool.stats()).toMatchObject({ threads: 0, replaced: cycles + 3, running: 0, queued: 0 });
  expect(await outputOf(pool.run('double', 1))).toBe(2);
}, 600_000);
