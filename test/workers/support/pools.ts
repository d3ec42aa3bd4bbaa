import { inject, onTestFinished, vi } from 'vitest';
import type { ThreadPoolOptions } from '../../../lib/pool/pool-options.ts';
import { type ThreadPool, threadPool } from '../../../lib/pool/thread-pool.ts';
import type { Tasks } from '../../../lib/task/task-record.ts';
import type { tasks, Word } from '../fixtures/tasks.worker.ts';

// Threads start slowly on a machine that is busy. No test asserts how long something takes.
vi.setConfig({ testTimeout: 60_000 });

/** The URL of a built worker of `test/workers/fixtures`. */
export function workerUrl(name: string): string {
  const url = inject('workerUrls')[name];
  if (url === undefined) throw new Error(`there is no fixture '${name}'`);
  return url;
}

/** A pool of the fixture's tasks that is closed after the test. */
export function taskPool<All extends Tasks = typeof tasks>(
  options?: ThreadPoolOptions<All>,
): ThreadPool<All> {
  const pool = threadPool<All>(workerUrl('tasks'), { gracePeriod: 200, ...options });
  onTestFinished(() => pool.close());
  return pool;
}

/** A word of shared memory, 0 at first. */
export function sharedWord(): Word {
  return new Int32Array(new SharedArrayBuffer(4));
}

/** Waits until a condition holds; the test's timeout is its only limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until a word has a value. */
export function raised(word: Word, value: number): Promise<void> {
  return until(() => Atomics.load(word, 0) === value);
}

/** Lets a task that waits at its gate go on. */
export function openGate(word: Word): void {
  Atomics.store(word, 0, 2);
  Atomics.notify(word, 0);
}
