import { Observable } from 'rxjs';
import { CancellationToken } from '../base/cancellation.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { type OffloadedBody, offloaded, offloadHostOf } from '../definition/offloaded-body.ts';
import type { StepContext } from '../definition/step-context.ts';
import type { TaskInput, TaskName, TaskOutput, Tasks } from '../worker/task-record.ts';
import type { Transferred } from '../worker/transfer.ts';
import {
  checkRunOptions,
  checkTaskOptions,
  inputOf,
  type RunTaskOptions,
  type TaskOptions,
} from './call-options.ts';
import { Dispatcher } from './dispatcher.ts';
import { type CallRequest, PoolCall } from './pool-call.ts';
import { type PoolSettings, parsePoolOptions, type ThreadPoolOptions } from './pool-options.ts';
import { refuseShared } from './shared-transfer-error.ts';
import type { DirectTaskBody, InputsGiven, TaskBody } from './task-body.ts';
import type { ThreadPoolStats } from './thread-pool-stats.ts';

/** What `pool.run` takes beside the name: the input, which may be left out where the task takes none. */
export type RunTaskArguments<Input> = undefined extends Input
  ? [input?: Input | Transferred<Input>, options?: RunTaskOptions<Input>]
  : [input: Input | Transferred<Input>, options?: RunTaskOptions<Input>];

/** The options of `pool.close`. */
export interface ClosePoolOptions {
  /** Whether calls that run or wait may finish. @defaultValue false: they fail with `PoolClosedError` */
  readonly drain?: boolean | undefined;
}

/**
 * Threads that run the tasks of one worker module. Made by {@link threadPool}.
 *
 * It outlives runs and may be used by any number of them.
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
   * the grace period is terminated and replaced.
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
   * Takes no further calls and ends the threads: at once, or once every call is over with `{ drain: true }`.
   * The Promise resolves when no thread is left. A running task has its grace period to stop.
   */
  close(options?: ClosePoolOptions): Promise<void>;

  /** What the pool is doing now. */
  stats(): ThreadPoolStats;
}

/**
 * Makes a pool of threads for the tasks of a worker module.
 *
 * Costs nothing before the first call: threads start when calls wait, up to `size`, end after `idleTimeout`
 * without work, and never keep the process alive by themselves.
 *
 * @param url - where the built worker module is
 * @throws InvalidOptionsError naming every option that can't be used
 * @example
 * ```ts
 * import { threadPool } from 'millrace/workers';
 * import type { tasks } from './flights.worker.js';
 *
 * await using pool = threadPool<typeof tasks>(new URL('./flights.worker.js', import.meta.url), { size: 4 });
 * const delays = await firstValueFrom(pool.run('delaysByAirport', table));
 * ```
 * @see `exposeTasks` of `millrace/worker`
 */
export function threadPool<All extends Tasks>(
  url: URL | string,
  options?: ThreadPoolOptions,
): ThreadPool<All> {
  return new Pool<All>(parsePoolOptions(url, options));
}

const offloadedMark: OffloadedBody[typeof offloaded] = Object.freeze({
  demand: Object.freeze({ 'heavy-cpu': 1 }),
});

class Pool<All extends Tasks> implements ThreadPool<All> {
  readonly #settings: PoolSettings;
  readonly #dispatcher: Dispatcher;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
    this.#dispatcher = new Dispatcher(settings);
  }

  get name(): string {
    return this.#settings.name;
  }

  get size(): number {
    return this.#settings.size;
  }

  run<Name extends TaskName<All>>(
    taskName: Name,
    ...[given, options = {}]: RunTaskArguments<TaskInput<All[Name]>>
  ): Observable<TaskOutput<All[Name]>> {
    const gracePeriod = checkRunOptions(taskName, options) ?? this.#settings.gracePeriod;
    const { token, signal, onProgress, onLog } = options;
    return new Observable((subscriber) => {
      // An AbortSignal knows its listeners for as long as it lives: `using` takes ours back.
      const outer = signal === undefined ? undefined : CancellationToken.from(signal);
      subscriber.add(() => outer?.[Symbol.dispose]());
      for (const canceller of [token, outer]) {
        const detach = canceller?.onCancel(() => {
          subscriber.error(canceller.error());
        });
        subscriber.add(detach);
      }
      if (subscriber.closed) return;
      const call = new PoolCall(
        {
          taskName,
          ...inputOf(given, options),
          attempt: 1,
          stepId: undefined,
          gracePeriod,
          onProgress,
          onLog,
          onBegin: undefined,
        },
        subscriber,
        this.#dispatcher,
      );
      this.#dispatcher.submit(call);
      subscriber.add(() => {
        call.cancel(token?.reason ?? outer?.reason);
      });
    });
  }

  task<Name extends TaskName<All>, Inputs>(
    taskName: Name,
    toInputOrOptions?: ((inputs: Inputs) => unknown) | TaskOptions<TaskInput<All[Name]>>,
    lastOptions?: TaskOptions<TaskInput<All[Name]>>,
  ): DirectTaskBody<All[Name]> & TaskBody<Inputs, TaskOutput<All[Name]>> {
    const toInput = typeof toInputOrOptions === 'function' ? toInputOrOptions : undefined;
    const options = (toInput === undefined ? toInputOrOptions : lastOptions) ?? {};
    checkTaskOptions(taskName, options as TaskOptions<never>);
    const body = (inputs: Inputs, ctx: StepContext): Observable<unknown> =>
      this.#stepCall(ctx, () => {
        const host = offloadHostOf(ctx);
        const { input, transferList } = inputOf(
          toInput === undefined ? inputs : toInput(inputs),
          options as TaskOptions<never>,
        );
        if (transferList !== undefined) refuseShared(taskName, transferList, host?.sharedInputs() ?? []);
        return {
          taskName,
          input,
          transferList,
          attempt: ctx.attempt,
          stepId: ctx.stepId,
          gracePeriod: ctx.gracePeriod,
          onProgress: (amount, message) => {
            ctx.progress(amount, message);
          },
          onLog: (message, data) => {
            ctx.log(message, data);
          },
          onBegin:
            host === undefined
              ? undefined
              : () => {
                  host.workBegan();
                },
        };
      });
    return Object.assign(body, { [offloaded]: offloadedMark }) as never;
  }

  prewarm(): Promise<void> {
    return this.#dispatcher.prewarm();
  }

  close(options: ClosePoolOptions = {}): Promise<void> {
    const checker = new OptionChecker();
    if (checker.record('options', options)) {
      checker.knownKeys('', options, ['drain']);
      if (options.drain !== undefined && typeof options.drain !== 'boolean') {
        checker.fail('drain', 'true or false', options.drain);
      }
    }
    checker.throwIfAny('pool.close');
    return this.#dispatcher.close(options.drain ?? false);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  stats(): ThreadPoolStats {
    return this.#dispatcher.stats;
  }

  #stepCall(ctx: StepContext, request: () => CallRequest): Observable<unknown> {
    return new Observable((subscriber) => {
      const call = new PoolCall(request(), subscriber, this.#dispatcher);
      ctx.defer(() => call.stopped());
      this.#dispatcher.submit(call);
      return () => {
        // Asked only now: a token that nobody looks at isn't made.
        if (call.isWanted) call.cancel(ctx.token.reason);
      };
    });
  }
}
