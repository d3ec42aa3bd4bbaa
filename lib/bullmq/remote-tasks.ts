// Long because half of it says what its users may rely on.
import { hostname } from 'node:os';
import process from 'node:process';
import { Observable } from 'rxjs';
import { announceLimit } from '../admission/announced-limits.ts';
import { captureContext } from '../base/async-context.ts';
import { CancellationToken } from '../base/cancellation.ts';
import { clockOf } from '../base/clock.ts';
import { uniqueId } from '../base/unique-id.ts';
import { type OffloadedBody, offloaded, offloadHostOf } from '../definition/offloaded-body.ts';
import type { StepContext } from '../definition/step-context.ts';
import { type ClosePoolOptions, parseDrain } from '../pool/close-pool-options.ts';
import { StatsFeed } from '../pool/stats-feed.ts';
import type { DirectTaskBody, InputsGiven, TaskBody } from '../pool/task-body.ts';
import type { TaskInput, TaskName, TaskOutput, Tasks } from '../task/task-record.ts';
import { transportOf } from './bullmq-transport.ts';
import { Coordinator } from './coordinator.ts';
import { resourceOf } from './messages.ts';
import { RemoteCall, type RemoteRequest } from './remote-call.ts';
import {
  parseRemoteOptions,
  parseRunOptions,
  parseTaskOptions,
  type RemoteRunOptions,
  type RemoteTaskOptions,
  type RemoteTasksOptions,
} from './remote-options.ts';
import type { RemoteStats } from './remote-stats.ts';
import { reviveRemoteErrors } from './revived-errors.ts';
import type { Transport } from './transport.ts';

/** What `remote.run` takes beside the name: the input, which may be left out where the task takes none. */
export type RemoteRunArguments<Input> = undefined extends Input
  ? [input?: Input, options?: RemoteRunOptions]
  : [input: Input, options?: RemoteRunOptions];

/** The tasks of workers on other machines. Made by {@link remoteTasks}. */
export interface RemoteTasks<All extends Tasks> extends AsyncDisposable {
  /** The name of the queue. */
  readonly queue: string;

  /**
   * A task as the body of a step, as `pool.task` is: its input is what `toInput` makes of the step's inputs, or these themselves.
   *
   * The step demands one of `remote:<queue>` unless it says otherwise. That class needs no limit of the run's own: its limit is how many
   * tasks the workers do at once, and changes as they come and go; at least one step may always start, and waits for a worker. A `timeout`
   * counts from when a worker has begun. A step that is told to stop gives back what it holds when its worker has said that the task has
   * stopped, or when that worker's lease is out.
   *
   * What the task does may be done more than once, wholly or in part: where its worker is lost, nobody knows how far it was.
   *
   * **Errors:** those of the task, and `WorkerLostError`, `NoRemoteWorkerError`, `QueueUnavailableError`, `UnclonableValueError`,
   * `MissingBlobError`, `OutdatedRunError`, `RemoteClosedError`.
   *
   * @throws InvalidOptionsError at once
   * @example
   * ```ts
   * const frames = step('frames', { scene }, remote.task('render', ({ scene }) => scene), { retry: 2 });
   * ```
   */
  task<Name extends TaskName<All>>(name: Name, options?: RemoteTaskOptions): DirectTaskBody<All[Name]>;
  /** A task as the body of a step, with a function from the step's inputs to the task's input. */
  task<Name extends TaskName<All>, Inputs>(
    name: Name,
    toInput: (inputs: InputsGiven<Inputs>) => TaskInput<All[Name]>,
    options?: RemoteTaskOptions,
  ): TaskBody<Inputs, TaskOutput<All[Name]>>;

  /**
   * One call of a task as a cold Observable: each subscription is a new call, which emits its output and completes. Unsubscribing
   * cancels it. Errors as of {@link RemoteTasks.task}.
   *
   * @throws InvalidOptionsError at once
   * @example
   * ```ts
   * remote.run('render', 'scene.json', { signal }).subscribe((frame) => console.log(frame));
   * ```
   */
  run<Name extends TaskName<All>>(
    name: Name,
    ...rest: RemoteRunArguments<TaskInput<All[Name]>>
  ): Observable<TaskOutput<All[Name]>>;

  /** What is going on now. */
  stats(): RemoteStats;

  /**
   * What is going on, for dashboards: the present at once, then every change, at most once in 50 ms; completes once it is closed. Never
   * errors, and costs nothing without a subscriber. It connects, so that workers are known.
   */
  readonly stats$: Observable<RemoteStats>;

  /**
   * Takes no further calls and ends the connections. Calls under way are cancelled and fail with `RemoteClosedError`; with `{ pending:
   * 'drain' }` they may finish. Resolves when no worker is at them any more.
   *
   * @throws InvalidOptionsError at once
   */
  close(options?: ClosePoolOptions): Promise<void>;
}

/**
 * The tasks that workers on other machines do, through a BullMQ queue on Redis: what `threadPool` is for the threads of this machine.
 *
 * Connects with the first call. An open one keeps the process alive: close it.
 *
 * @throws InvalidOptionsError naming every option that can't be used
 * @example
 * ```ts
 * import { remoteTasks } from 'millrace/bullmq';
 * import type { tasks } from './flights.worker.js';
 *
 * await using remote = remoteTasks<typeof tasks>({ connection: 'redis://localhost:6379', queue: 'flights' });
 * const delays = step('delays', { table }, remote.task('delaysByAirport', ({ table }) => table), { retry: 2 });
 * ```
 * @see `serveTasks`, which is called on each machine that works
 */
export function remoteTasks<All extends Tasks>(options: RemoteTasksOptions): RemoteTasks<All> {
  const settings = parseRemoteOptions(options);
  return new Remote<All>(transportOf(settings), {
    ...settings,
    clock: clockOf(undefined),
    soon: (work) => void Promise.resolve().then(work),
  });
}

/** What is behind `RemoteTasks`, over whatever transport. */
export class Remote<All extends Tasks> implements RemoteTasks<All> {
  readonly queue: string;
  readonly #coordinator: Coordinator;
  readonly #clock: ReturnType<typeof clockOf>;
  readonly #feed: StatsFeed<RemoteStats>;
  readonly #resource: string;
  readonly #withdrawLimit: () => void;
  readonly stats$: Observable<RemoteStats>;

  constructor(transport: Transport, terms: Omit<ConstructorParameters<typeof Coordinator>[1], 'id'>) {
    reviveRemoteErrors();
    const { queue, clock } = terms;
    const id = `${hostname()}-${String(process.pid)}-${uniqueId()}`;
    this.queue = queue;
    this.#clock = clock;
    this.#feed = new StatsFeed(() => this.#coordinator.stats());
    this.#coordinator = new Coordinator(transport, { ...terms, id }, () => {
      this.#feed.changed();
    });
    this.stats$ = new Observable((subscriber) => {
      // Whoever looks on hears of a failure by its numbers; whoever calls, by an error.
      this.#coordinator.open().catch(() => undefined);
      return this.#feed.stats$.subscribe(subscriber);
    });
    this.#resource = resourceOf(queue);
    this.#withdrawLimit = announceLimit(this.#resource, this.#coordinator);
  }

  stats(): RemoteStats {
    return this.#coordinator.stats();
  }

  task<Name extends TaskName<All>, Inputs>(
    taskName: Name,
    toInputOrOptions?: ((inputs: Inputs) => unknown) | RemoteTaskOptions,
    lastOptions?: RemoteTaskOptions,
  ): DirectTaskBody<All[Name]> & TaskBody<Inputs, TaskOutput<All[Name]>> {
    const toInput = typeof toInputOrOptions === 'function' ? toInputOrOptions : undefined;
    const options = (toInput === undefined ? toInputOrOptions : lastOptions) ?? {};
    const { isolate, batch } = parseTaskOptions(taskName, options as RemoteTaskOptions);
    const body = (inputs: Inputs, ctx: StepContext): Observable<unknown> =>
      new Observable((subscriber) => {
        const host = offloadHostOf(ctx);
        const call = this.#call(subscriber, {
          taskName,
          input: toInput === undefined ? inputs : toInput(inputs),
          runId: host?.runId ?? '',
          epoch: host?.epoch ?? 1,
          life: host?.life,
          mayBeSent: host?.lifeStays(),
          stepId: ctx.stepId,
          attempt: ctx.attempt,
          gracePeriod: ctx.gracePeriod,
          idempotencyKey: ctx.idempotencyKey,
          carrier: host?.carrier,
          isolation: isolate ? { memory: host?.demand['memory'] } : undefined,
          batch,
          onProgress: (amount, message) => {
            ctx.progress(amount, message);
          },
          onLog: (message, data) => {
            ctx.log(message, data);
          },
          onBegin: (thread) => {
            host?.workBegan(thread);
          },
          onWait: (message) => {
            host?.workWaits(message);
          },
        });
        ctx.defer(() => call.stopped());
        this.#coordinator.submit(call);
      });
    return Object.assign(body, { [offloaded]: this.#markOf(batch) }) as never;
  }

  run<Name extends TaskName<All>>(
    taskName: Name,
    ...[input, options = {}]: RemoteRunArguments<TaskInput<All[Name]>>
  ): Observable<TaskOutput<All[Name]>> {
    const { isolate, batch, gracePeriod } = parseRunOptions(taskName, options);
    const { token, signal, onProgress, onLog } = options;
    return new Observable<TaskOutput<All[Name]>>((subscriber) => {
      const enter = captureContext();
      const outer = signal === undefined ? undefined : CancellationToken.from(signal);
      subscriber.add(() => outer?.[Symbol.dispose]());
      for (const canceller of [token, outer]) {
        const detach = canceller?.onCancel(() => {
          enter(() => {
            subscriber.error(canceller.error());
          });
        });
        subscriber.add(detach);
      }
      if (subscriber.closed) return;
      const call = this.#call(subscriber, {
        taskName,
        input,
        runId: '',
        epoch: 1,
        life: undefined,
        mayBeSent: undefined,
        stepId: undefined,
        attempt: 1,
        gracePeriod,
        idempotencyKey: uniqueId(),
        isolation: isolate ? { memory: undefined } : undefined,
        batch,
        onProgress,
        onLog,
        onBegin: undefined,
        onWait: undefined,
      });
      this.#coordinator.submit(call);
    });
  }

  async close(options: ClosePoolOptions = {}): Promise<void> {
    const drain = parseDrain(options);
    this.#withdrawLimit();
    await this.#coordinator.close(drain);
    this.#feed.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #markOf(batch = 1): OffloadedBody[typeof offloaded] {
    return Object.freeze({ demand: Object.freeze({ [this.#resource]: 1 / batch }) });
  }

  #call(subscriber: ConstructorParameters<typeof RemoteCall>[1], request: RemoteRequest): RemoteCall {
    const call = new RemoteCall(request, subscriber, captureContext(), this.#clock.now());
    subscriber.add(() => {
      this.#coordinator.cancel(call);
    });
    return call;
  }
}
