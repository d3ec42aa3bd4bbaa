// Long because a call outside of runs and one of a step are made of the same parts.
import { Observable, type Subscriber } from 'rxjs';
import { captureContext, type EnterContext } from '../base/async-context.ts';
import { CancellationToken } from '../base/cancellation.ts';
import { type OffloadedBody, offloaded, offloadHostOf } from '../definition/offloaded-body.ts';
import type { StepContext } from '../definition/step-context.ts';
import type { TaskInput, TaskName, TaskOutput, Tasks } from '../task/task-record.ts';
import type { StreamTerms } from '../wire/stream-terms.ts';
import {
  type Inline,
  inputOf,
  parseRunOptions,
  parseTaskOptions,
  type RunSettings,
  type RunTaskArguments,
  type RunTaskOptions,
  type TaskOptions,
} from './call-options.ts';
import { type ClosePoolOptions, parseDrain } from './close-pool-options.ts';
import { InlineTasks, type InlineTerms } from './inline-tasks.ts';
import { IsolatedCalls } from './isolated-calls.ts';
import { type CallRequest, PoolCall } from './pool-call.ts';
import type { PoolSettings } from './pool-options.ts';
import { refuseShared } from './shared-transfer-error.ts';
import { StatsFeed } from './stats-feed.ts';
import { parseStreamOptions, type StreamTaskArguments } from './stream-options.ts';
import type { DirectTaskBody, TaskBody } from './task-body.ts';
import { CallStream, type TaskStream } from './task-stream.ts';
import { TaskTimes } from './task-times.ts';
import type { ThreadPoolStats } from './thread-pool-stats.ts';

const offloadedMark: OffloadedBody[typeof offloaded] = Object.freeze({
  demand: Object.freeze({ 'heavy-cpu': 1 }),
});

/** The class behind `ThreadPool`: makes calls, and chooses where each one runs. */
export class Pool<All extends Tasks> {
  readonly #settings: PoolSettings;
  readonly #threads: IsolatedCalls;
  readonly #inline: InlineTasks;
  readonly #times = new TaskTimes();
  readonly #feed: StatsFeed<ThreadPoolStats>;
  #closing: Promise<void> | undefined;

  /** @param inline - how tasks run on the main thread, where that is otherwise than for `threadPool` */
  constructor(settings: PoolSettings, inline: Partial<InlineTerms> = {}) {
    this.#settings = settings;
    this.#feed = new StatsFeed(() => this.stats());
    const changed = (): void => {
      this.#feed.changed();
    };
    this.#threads = new IsolatedCalls(settings, changed);
    this.#inline = new InlineTasks(
      {
        tasks: settings.tasks ?? {},
        poolName: settings.name,
        url: settings.url,
        most: Number.POSITIVE_INFINITY,
        areValuesOwn: false,
        ...inline,
      },
      changed,
    );
  }

  get name(): string {
    return this.#settings.name;
  }

  get size(): number {
    return this.#settings.size;
  }

  get stats$(): Observable<ThreadPoolStats> {
    return this.#feed.stats$;
  }

  run<Name extends TaskName<All>>(
    taskName: Name,
    ...[given, options = {}]: RunTaskArguments<TaskInput<All[Name]>>
  ): Observable<TaskOutput<All[Name]>> {
    const settings = parseRunOptions(taskName, options, this.#own.hasTasks);
    return this.#observe(taskName, () => inputOf(given, options), options, settings);
  }

  stream<Name extends TaskName<All>>(
    taskName: Name,
    ...[given, options = {}]: StreamTaskArguments<TaskInput<All[Name]>>
  ): TaskStream<TaskOutput<All[Name]>> {
    const { terms, options: shared, settings } = parseStreamOptions(taskName, options);
    const { token, signal } = shared;
    const stream = new CallStream({
      capacity: terms[0],
      open: (opened) =>
        this.#observe(taskName, () => inputOf(given, shared), shared, settings, { terms, opened }),
      isAborted: () => token?.isCancelled === true || signal?.aborted === true,
    });
    return stream as TaskStream<TaskOutput<All[Name]>>;
  }

  /** A call outside of runs; `stream` says that its values come one by one. */
  #observe<Value>(
    taskName: string,
    input: () => ReturnType<typeof inputOf>,
    { token, signal, onProgress, onLog }: RunTaskOptions<never>,
    { inline, isolate, memory, gracePeriod }: RunSettings,
    stream?: { readonly terms: StreamTerms; readonly opened: (call: PoolCall) => void },
  ): Observable<Value> {
    const { settings } = this.#own;
    const isolation = isolate ? { memory } : undefined;
    return new Observable<Value>((subscriber) => {
      const enter = captureContext();
      // An AbortSignal knows its listeners for as long as it lives: `using` takes ours back.
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
      const { call, submit } = this.#call(inline, subscriber, enter, {
        taskName,
        ...input(),
        attempt: 1,
        stepId: undefined,
        gracePeriod: gracePeriod ?? settings.gracePeriod,
        onProgress,
        onLog,
        onBegin: undefined,
        group: undefined,
        isolation,
        times: this.#times,
        stream: stream?.terms,
      });
      stream?.opened(call);
      // Before it is submitted: a call that runs here may emit, and be left, at once.
      subscriber.add(() => {
        call.cancel(token?.reason ?? outer?.reason);
      });
      submit();
    });
  }

  task<Name extends TaskName<All>, Inputs>(
    taskName: Name,
    toInputOrOptions?: ((inputs: Inputs) => unknown) | TaskOptions<TaskInput<All[Name]>>,
    lastOptions?: TaskOptions<TaskInput<All[Name]>>,
  ): DirectTaskBody<All[Name]> & TaskBody<Inputs, TaskOutput<All[Name]>> {
    const toInput = typeof toInputOrOptions === 'function' ? toInputOrOptions : undefined;
    const options = ((toInput === undefined ? toInputOrOptions : lastOptions) ?? {}) as TaskOptions<never>;
    const { inline, isolate } = parseTaskOptions(taskName, options, this.#own.hasTasks);
    const body = (inputs: Inputs, ctx: StepContext): Observable<unknown> =>
      this.#stepCall(ctx, inline, () => {
        const host = offloadHostOf(ctx);
        const { input, transferList } = inputOf(toInput === undefined ? inputs : toInput(inputs), options);
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
              : (thread) => {
                  host.workBegan(thread);
                },
          carrier: host?.carrier,
          group: host?.run,
          isolation: isolate ? { memory: host?.demand['memory'] } : undefined,
          times: this.#times,
        };
      });
    return Object.assign(body, { [offloaded]: offloadedMark }) as never;
  }

  prewarm(): Promise<void> {
    return this.#threads.pool.prewarm();
  }

  /** The names of the module's tasks, once all threads are warm. */
  async taskNames(): Promise<readonly string[]> {
    await this.prewarm();
    return [...this.#threads.pool.names].sort();
  }

  close(options: ClosePoolOptions = {}): Promise<void> {
    const drain = parseDrain(options);
    const closed = Promise.all([this.#threads.close(drain), this.#inline.close(drain)]);
    this.#closing ??= closed.then(() => {
      this.#feed.close();
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  stats(): ThreadPoolStats {
    return {
      ...this.#threads.stats,
      size: this.#settings.size,
      inline: this.#inline.size,
      completed: this.#times.completed,
      tasks: this.#times.byTask(),
    };
  }

  get #own(): { readonly settings: PoolSettings; readonly hasTasks: boolean } {
    return { settings: this.#settings, hasTasks: this.#settings.tasks !== undefined };
  }

  #call(
    inline: Inline,
    subscriber: Subscriber<unknown>,
    enter: EnterContext,
    request: CallRequest,
  ): { readonly call: PoolCall; readonly submit: () => void } {
    const isHere = inline === 'always' || (inline === 'auto' && this.#times.isShort(request.taskName));
    const holder = isHere ? this.#inline : this.#threads;
    const call = new PoolCall(request, subscriber, holder, enter);
    return {
      call,
      submit: () => {
        holder.submit(call);
      },
    };
  }

  #stepCall(ctx: StepContext, inline: Inline, request: () => CallRequest): Observable<unknown> {
    return new Observable((subscriber) => {
      const { call, submit } = this.#call(inline, subscriber, captureContext(), request());
      ctx.defer(() => call.stopped());
      subscriber.add(() => {
        // Asked only now: a token that nobody looks at isn't made.
        if (call.isWanted) call.cancel(ctx.token.reason);
      });
      submit();
    });
  }
}
