import type { TaskStats } from './task-times.ts';

/**
 * What a pool is doing at a moment, and what it has done. Threads of isolated calls count as the others.
 *
 * @example
 * ```ts
 * const { busy, queued } = pool.stats();
 * ```
 */
export interface ThreadPoolStats {
  /** How many threads there are at most. */
  readonly size: number;
  /** How many threads there are, those that start or end included. */
  readonly threads: number;
  /** How many of them have a call. */
  readonly busy: number;
  /** How many of them have no call. */
  readonly idle: number;
  /** How many of them are loading their module. */
  readonly starting: number;
  /** How many calls are in a thread, those that are being stopped included. */
  readonly running: number;
  /** How many calls run on the main thread, those that are being stopped included. */
  readonly inline: number;
  /** How many calls wait for a thread. */
  readonly queued: number;
  /** How many threads have been started in all. */
  readonly started: number;
  /** How many threads have ended without being told to. */
  readonly crashed: number;
  /** How many threads were lost: those that crashed, and those whose task didn't stop within its grace period. */
  readonly replaced: number;
  /** How many calls have given an output. */
  readonly completed: number;
  /** How often each task has given an output, and how long it takes; tasks that never have are absent. */
  readonly tasks: Readonly<Record<string, TaskStats>>;
}

/** What of it one set of threads knows. */
export type ThreadStats = Omit<ThreadPoolStats, 'size' | 'inline' | 'completed' | 'tasks'>;

/** The statistics of several sets of threads as one. */
export function sumOfStats(all: readonly ThreadStats[]): ThreadStats {
  const sum = {
    threads: 0,
    busy: 0,
    idle: 0,
    starting: 0,
    running: 0,
    queued: 0,
    started: 0,
    crashed: 0,
    replaced: 0,
  };
  for (const stats of all)
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += stats[name];
  return sum;
}

/** How many threads have a call, and how many calls wait behind these. */
export function countCalls(threads: Iterable<{ readonly callCount: number }>): {
  readonly running: number;
  readonly sentAhead: number;
} {
  let running = 0;
  let sentAhead = 0;
  for (const { callCount } of threads) {
    if (callCount === 0) continue;
    running++;
    sentAhead += callCount - 1;
  }
  return { running, sentAhead };
}
