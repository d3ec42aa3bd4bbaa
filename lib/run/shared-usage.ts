import { setOwn } from '../base/record.ts';
import type { SharedBudget } from '../sharing/shared-budget.ts';

/** How a shared class is used. */
export interface SharedClassUsage {
  /** What running and abandoned steps of all runs hold. */
  readonly taken: number;
  /** What of it bodies hold that were given up, some of them of runs that are over. */
  readonly abandoned: number;
  /** What there is. */
  readonly limit: number;
  /** How many runs wait for some of it; one that waits with several demands is counted with each. */
  readonly waiting: number;
  /** Whether nothing may take of it. */
  readonly isPaused: boolean;
}

/** How shared limits are used: plain, immutable data. */
export interface SharedUsage {
  /** Each class, by name: `runs` and `concurrency` where they are limited, and of a family those that are in use. */
  readonly resources: Readonly<Record<string, SharedClassUsage>>;
  /** How many runs are under way. */
  readonly running: number;
  /** How many wait to begin. */
  readonly waiting: number;
  /** How many of those under way have steps that wait for something that is shared. */
  readonly inLine: number;
  /** Whether nothing may take of any class. */
  readonly isPaused: boolean;
}

/** How shared limits are used just now. */
export function usageOf({ classes, sharers, isPaused }: SharedBudget): SharedUsage {
  const resources: Record<string, SharedClassUsage> = {};
  for (const [name, each] of classes)
    setOwn(
      resources,
      name,
      Object.freeze({
        taken: each.taken,
        abandoned: each.lost,
        limit: each.capacity,
        waiting: each.inLine,
        isPaused: each.isPaused,
      }),
    );
  const runs = [...sharers];
  const running = runs.filter(({ isUnderWay }) => isUnderWay);
  return Object.freeze({
    resources: Object.freeze(resources),
    running: running.length,
    waiting: runs.length - running.length,
    inLine: running.filter(({ isInLine }) => isInLine).length,
    isPaused,
  });
}
