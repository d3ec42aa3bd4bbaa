import { mergeMap, type Observable, type OperatorFunction } from 'rxjs';
import { OptionChecker } from '../lib/base/option-checker.ts';
import type { RunTaskArguments } from '../lib/pool/call-options.ts';
import type { ThreadPool } from '../lib/pool/thread-pool.ts';
import type { TaskInput, TaskName, TaskOutput, Tasks } from '../lib/task/task-record.ts';
import { mergeMapWithin } from './merge-map-within.ts';

/**
 * The options of {@link offload}. `undefined` is always absent.
 *
 * @example
 * ```ts
 * images$.pipe(offload(pool, 'resize', { concurrency: 4 }));
 * ```
 */
export interface OffloadOptions {
  /**
   * How many values are in the pool at once, from 1; those beyond wait here. Without it the pool's own queue
   * holds them all. @defaultValue Infinity
   */
  readonly concurrency?: number | undefined;
}

/**
 * Maps each value through a task of a thread pool.
 *
 * Outputs come in the order in which the tasks finish, as with `mergeMap`; use `concurrency: 1` to keep the
 * source's order. Completes when the source has and every task is over. Unsubscribing cancels every task: those
 * that wait never start, those that run are stopped.
 *
 * **Errors:** the first error of the source or of a task, as `pool.run` gives it; the other tasks are cancelled.
 *
 * @param pool - made by `threadPool` of `millrace/workers`
 * @throws InvalidOptionsError where an option can't be used
 * @example
 * ```ts
 * images$.pipe(offload(pool, 'resize')).subscribe((small) => save(small));
 * ```
 * @see `ThreadPool.run` for one call
 */
export function offload<All extends Tasks, Name extends TaskName<All>>(
  pool: ThreadPool<All>,
  taskName: Name,
  options: OffloadOptions = {},
): OperatorFunction<TaskInput<All[Name]>, TaskOutput<All[Name]>> {
  const checker = new OptionChecker();
  let concurrency: number | undefined;
  if (checker.record('options', options)) {
    checker.knownKeys('', options, ['concurrency']);
    concurrency = checker.count('concurrency', options.concurrency, 1);
  }
  checker.throwIfAny('offload');
  const run = (value: TaskInput<All[Name]>): Observable<TaskOutput<All[Name]>> =>
    pool.run(taskName, ...([value] as RunTaskArguments<TaskInput<All[Name]>>));
  // mergeMap's own buffer costs as much a value as it is long.
  return concurrency === undefined || concurrency === Infinity
    ? mergeMap(run)
    : mergeMapWithin(concurrency, run);
}
