import type { Observable } from 'rxjs';
import type { TaskInput, TaskName, TaskOutput, Tasks } from '../task/task-record.ts';
import type { Transferred } from '../wire/transfer.ts';
import type { RunTaskArguments, TaskOptions } from './call-options.ts';
import type { ClosePoolOptions } from './close-pool-options.ts';
import { Pool } from './pool.ts';
import { parsePoolOptions, type ThreadPoolOptions } from './pool-options.ts';
import type { StreamTaskArguments } from './stream-options.ts';
import type { DirectTaskBody, InputsGiven, TaskBody } from './task-body.ts';
import type { TaskStream } from './task-stream.ts';
import type { ThreadPoolStats } from './thread-pool-stats.ts';
import type { WorkerSource } from './worker-source.ts';

/**
 * Threads that run the tasks of one worker module. Made by {@link threadPool}.
 *
 * It outlives runs and may be used by any number of them. Where calls wait, runs are served in turn, one call each,
 * so that a long run doesn't starve a short one; the calls of one run start in the order they came, which is that of
 * the run's own priorities. All calls outside of runs (`pool.run`, `offload`) together count as one more run.
 */
export interface ThreadPool<All extends Tasks> extends AsyncDisposable {
  /** What the pool is called in messages. */
  readonly name: string;
  /** How many threads it has at most. */
  readonly size: number;

  /**
   * One call of a task as a cold Observable: each subscription is a new call, which emits its output and
   * completes.
   *
   * Unsubscribing cancels: a call that still waits never reaches a thread; one that runs sees its token
   * cancelled, its Observable unsubscribed or its iterator returned, and a thread that hasn't stopped after
   * the grace period is terminated and replaced. All that is heard of a call is heard in the async context
   * (`AsyncLocalStorage`) of its subscription, whoever else the thread works for.
   *
   * **Errors:** what the task throws, with its name, message, stack, code, cause and own fields;
   * `CancelledError`, `WorkerCrashedError`, `WorkerStartError`, `UnknownTaskError`, `UnclonableValueError`,
   * `EmptyStepError`, `PoolClosedError`.
   *
   * @throws InvalidOptionsError at once
   * @example
   * ```ts
   * pool.run('delaysByAirport', table, { signal }).subscribe((delays) => console.log(delays));
   * ```
   */
  run<Name extends TaskName<All>>(
    taskName: Name,
    ...rest: RunTaskArguments<TaskInput<All[Name]>>
  ): Observable<TaskOutput<All[Name]>>;

  /**
   * Every value that a task emits, one by one and no faster than they are read: at most `capacity` are under way or
   * unread. A task that returns one value, or a Promise of it, is a stream of one.
   *
   * A generator is held back in its thread, which it keeps until it is over; an Observable can't be, so `overflow`
   * says what happens to what comes too fast. The call starts with the first `next()`. Leaving the loop stops the
   * task, and goes on when it has stopped. Values that come fast share messages: one that was made within a millisecond
   * of the last message leaves when the task makes its next one or lets its thread go, whichever is first.
   *
   * **Errors:** those of `run`, without `EmptyStepError`, after the values before them; a cancel by `token` or `signal`
   * at once. `MissingOverflowError` and `StreamOverflowError` for Observables.
   *
   * @throws InvalidOptionsError at once
   * @example
   * ```ts
   * for await (const count of pool.stream('count', table, { capacity: 64 })) {
   *   if (count > 100) break; // the task is stopped
   * }
   * ```
   */
  stream<Name extends TaskName<All>>(
    taskName: Name,
    ...rest: StreamTaskArguments<TaskInput<All[Name]>>
  ): TaskStream<TaskOutput<All[Name]>>;

  /**
   * A task as the body of a step: its input is what `toInput` makes of the step's inputs, or these themselves.
   *
   * The task's progress and logs are the step's. Cancelling the step, or its timeout, stops the task within the
   * run's grace period; the step gives its resources back when the thread has stopped, not before.
   *
   * @throws InvalidOptionsError at once
   * @example
   * ```ts
   * const delays = step('delays', { table }, pool.task('delaysByAirport', ({ table }) => table));
   * const summary = step('summary', { delays, routes }, pool.task('summarise'));
   * ```
   */
  task<Name extends TaskName<All>>(
    taskName: Name,
    options?: TaskOptions<TaskInput<All[Name]>>,
  ): DirectTaskBody<All[Name]>;
  /**
   * A task as the body of a step, with a function from the step's inputs to the task's input.
   *
   * In a step without dependencies its parameter is `{}`.
   */
  task<Name extends TaskName<All>, Inputs>(
    taskName: Name,
    toInput: (inputs: InputsGiven<Inputs>) => TaskInput<All[Name]> | Transferred<TaskInput<All[Name]>>,
    options?: TaskOptions<TaskInput<All[Name]>>,
  ): TaskBody<Inputs, TaskOutput<All[Name]>>;

  /**
   * Starts all threads, so that the first tasks needn't wait for that.
   *
   * **Errors:** `WorkerStartError` where one doesn't start.
   */
  prewarm(): Promise<void>;

  /**
   * Takes no further calls and ends the threads; later calls fail with `PoolClosedError`. The Promise resolves when no
   * thread is left.
   *
   * Calls that run or wait are cancelled and fail with `PoolClosedError`, a running task having its grace period to
   * stop; with `{ pending: 'drain' }` they may finish. May be called again: all end together, and one that cancels
   * overtakes one that drains. `await using` cancels.
   *
   * @throws InvalidOptionsError at once
   */
  close(options?: ClosePoolOptions): Promise<void>;

  /** What the pool is doing now. */
  stats(): ThreadPoolStats;

  /**
   * What the pool is doing, for dashboards: the present at once, then every change, at most once in 50 ms; completes
   * after the last one once the pool is closed. Never errors, keeps no process alive, and costs nothing without a
   * subscriber.
   *
   * @example
   * ```ts
   * pool.stats$.subscribe(({ busy, size, queued }) => console.log(`${busy} of ${size} busy, ${queued} wait`));
   * ```
   */
  readonly stats$: Observable<ThreadPoolStats>;
}

/**
 * Makes a pool of threads for the tasks of a worker module.
 *
 * Costs nothing before the first call: threads start when calls wait, up to `size`, end after `idleTimeout`
 * without work, and never keep the process alive by themselves.
 *
 * @param source - where the built worker module is: its URL, or a function that makes a worker of it
 * @throws InvalidOptionsError naming every option that can't be used
 * @example
 * ```ts
 * import { threadPool } from 'millrace/workers';
 * import type { tasks } from './flights.worker.js';
 *
 * await using pool = threadPool<typeof tasks>(new URL('./flights.worker.js', import.meta.url), { size: 4 });
 * const delays = await firstValueFrom(pool.run('delaysByAirport', table));
 * ```
 * @example
 * ```ts
 * // As Vite, webpack and rspack find the module by themselves:
 * const pool = threadPool<typeof tasks>(() => new Worker(new URL('./flights.worker.ts', import.meta.url), { type: 'module' }));
 * ```
 * @see `exposeTasks` of `millrace/worker`
 */
export function threadPool<All extends Tasks>(
  source: WorkerSource,
  options?: ThreadPoolOptions<All>,
): ThreadPool<All> {
  return new Pool<All>(parsePoolOptions(source, options));
}
