// Long because it is one list: all that a user can ask of a run, each with what it promises.
import type { Observable, Subscriber } from 'rxjs';
import type { Limits } from '../admission/limits.ts';
import type { CancellationToken } from '../base/cancellation.ts';
import { InvalidOptionsError } from '../base/errors.ts';
import { hintInBrackets } from '../base/nearest.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { Observable as RxObservable } from '../base/rxjs-parts.ts';
import type { Around } from '../definition/around.ts';
import type { Step } from '../definition/handle.ts';
import { isStep } from '../definition/step-handle.ts';
import type { WorkflowInfo } from '../definition/workflow-info.ts';
import type { Engine } from '../engine/engine.ts';
import type { RunMetrics } from '../observe/metrics.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { RunSnapshot } from '../observe/run-snapshot.ts';
import { Snapshots } from '../observe/snapshot.ts';
import { type EventsOptions, eventsToRead } from './event-reader.ts';
import { type LimitsInForce, limitsInForce } from './limits-in-force.ts';
import { OutputStreams } from './output-streams.ts';
import { noteEnd, noteStart } from './unfinished-runs.ts';

/** How a run is cancelled. */
export interface CancelOptions {
  /** Whether the steps that run may finish; nothing new starts either way. @defaultValue false */
  readonly drain?: boolean | undefined;
}

/**
 * One run of a workflow. Making it starts nothing and costs next to nothing.
 *
 * The first subscriber of `result$` starts the run, each further one joins it, and the last one to leave before
 * the end cancels it. At the end, bodies have stopped, then clean-ups have run, then the last event is emitted, then
 * `result$` emits, then `progress$` completes. Where the run succeeds, bodies that were told to stop because nobody needs them any
 * more hold up only the last event and the completion of `progress$`: `result$` then emits before, and what it emits stands.
 *
 * Whatever the run calls is called in the async context (`AsyncLocalStorage`) in which it was started. A subscriber that throws
 * can't break the run: RxJS reports the error to `config.onUnhandledError`.
 *
 * Where Node would exit since nothing is left to do, although a run in its own time hasn't ended, stderr tells of the run and its steps, and
 * the exit code is 13, unless the program has set another.
 *
 * @example
 * ```ts
 * const run = flights.run({ inputs: { path: 'flights.parquet' } });
 * run.progress$.subscribe((event) => console.log(event.type));
 * const { report } = await run.result();
 * ```
 */
export class Run<Outputs = Readonly<Record<string, unknown>>> implements AsyncDisposable {
  /** The run's name in events. */
  readonly runId: string;
  /**
   * The outputs of the workflow, once; then it completes. Shared and counted: see {@link Run}.
   *
   * Errors with a `StepFailedError`, a `WorkflowFailedError`, a `WorkflowTimeoutError` or a `CancelledError`. After
   * the end it replays the outcome to whoever comes.
   */
  readonly result$: Observable<Outputs>;
  /**
   * What happens, as it happens: hot, without replay, never an error; completes when the run is entirely over: bodies and
   * clean-ups have ended, or were given up.
   */
  readonly progress$: Observable<ProgressEvent>;
  readonly #engine: Engine;
  readonly #waiting = new Set<Subscriber<Outputs>>();
  #outputs: OutputStreams | undefined;
  #snapshots: Snapshots | undefined;
  #promise: Promise<Outputs> | undefined;
  #stopHeeding: (() => void) | undefined;

  readonly #starting: ((run: Pick<Run, 'progress$'>) => void) | undefined;

  /** @internal Use `workflow.run()`. */
  constructor(engine: Engine, starting?: (run: Pick<Run, 'progress$'>) => void) {
    this.#starting = starting;
    this.#engine = engine;
    this.runId = engine.settings.runId;
    this.progress$ = engine.progress.events$;
    this.result$ = new RxObservable((subscriber) => this.#join(subscriber));
    engine.ends = {
      resulted: () => {
        for (const subscriber of [...this.#waiting]) this.#deliver(subscriber);
      },
      ended: () => {
        noteEnd(engine);
        engine.progress.complete();
        this.#snapshots?.complete();
      },
    };
  }

  /** What it is a run of. The same object for every run of a workflow. */
  get workflow(): WorkflowInfo {
    return this.#engine.blueprint.info;
  }

  /** The inputs that it was given, by name. */
  get inputs(): Readonly<Record<string, unknown>> {
    const { blueprint, settings } = this.#engine;
    return Object.fromEntries(blueprint.inputs.map(({ name }, place) => [name, settings.inputs[place]]));
  }

  /**
   * The token that every way of stopping the run cancels: pass it on to work that should stop with the run.
   * Cancelling it cancels the run.
   */
  get token(): CancellationToken {
    const { token } = this.#engine;
    this.#stopHeeding ??= token.onCancel(() => {
      this.#engine.cancel(token.reason);
    });
    return token;
  }

  /**
   * Where the run stands: at once, then at most once in 16 ms when something has changed, last the final snapshot;
   * then it completes. Never errors, and neither starts nor holds the run. The cost follows what changed.
   */
  get snapshot$(): Observable<RunSnapshot> {
    return this.#followSnapshots().snapshot$;
  }

  /** Where the run stands now. The first call costs a look at every step, further ones at those that changed. */
  snapshot(): RunSnapshot {
    return this.#followSnapshots().current();
  }

  /**
   * The output of one step of the run, given by handle or id: once, then it completes.
   *
   * Delivers to those who subscribed in time, and to those who come later as long as the output is kept. Neither
   * starts nor holds the run. Errors with an `OutputReleasedError` where it is no longer kept, with the
   * `StepFailedError` that is the reason where there is none, or with a `CancelledError`.
   *
   * @throws InvalidOptionsError where the workflow has no such step
   */
  output$<Out>(step: Step<Out>): Observable<Out>;
  output$(id: string): Observable<unknown>;
  output$(step: Step | string): Observable<unknown> {
    const index = this.#indexOf(step);
    if (this.#outputs === undefined) {
      this.#outputs = new OutputStreams(this.#engine);
      this.#listen();
    }
    return this.#outputs.output$(index);
  }

  /**
   * The events of `progress$` for `for await`. Each iteration subscribes as it begins, hears what happens from then on, and is over when
   * the run entirely is, at once where it was before; to leave the loop unsubscribes. It neither starts nor holds the run: begin to
   * read first, in a function of its own, and then start the run, or the loop waits for a run that nobody starts.
   *
   * The run waits for no reader. Of one that is slower, `capacity` events wait; then the oldest are dropped, and a `warning` of the topic
   * `dropped` is read in their place, with their `count`. So take `progress$` for what must see every event, or an infinite capacity.
   *
   * @example
   * ```ts
   * async function follow(): Promise<void> {
   *   for await (const event of run.events()) if (event.type === 'step-completed') console.log(event.stepId);
   * }
   * const followed = follow();
   * const { report } = await run.result();
   * await followed;
   * ```
   *
   * @throws InvalidOptionsError where the options can't be used
   */
  events(options: EventsOptions = {}): AsyncIterable<ProgressEvent, undefined> {
    return eventsToRead(this.progress$, options);
  }

  /** What was measured up to now, or to the end. Linear in steps + dependencies. */
  metrics(): RunMetrics {
    return this.#engine.metrics();
  }

  /** The result as a Promise; counts as a subscriber that never leaves. Rejects with what `result$` errors with. */
  result(): Promise<Outputs> {
    this.#promise ??= new Promise((resolve, reject) => {
      this.result$.subscribe({ next: resolve, error: reject });
    });
    return this.#promise;
  }

  /**
   * Cancels the run: nothing new starts, what runs is told to stop, clean-ups run. Subscribers of `result$` get a
   * `CancelledError` with the reason. The first reason stays. A second call without `drain` cuts a drain short. Once the outcome
   * is decided nothing happens, although clean-ups, or steps that nobody needs any more, may still be under way.
   *
   * @throws InvalidOptionsError where the options can't be used; nothing is cancelled then
   */
  cancel(reason?: unknown, options: CancelOptions = {}): void {
    const checker = new OptionChecker();
    if (checker.record('options', options)) {
      checker.knownKeys('', options, ['drain']);
      checker.flag('drain', options.drain);
    }
    checker.throwIfAny('cancel');
    this.#engine.cancel(reason, options.drain === true);
  }

  /**
   * Holds back what would start: everything, or the steps that demand one resource class, `'concurrency'` being one that all
   * demand. What runs goes on, and the run's timeout too. Pausing twice is pausing once; a run may be paused before it starts.
   * Once the run is over nothing happens.
   *
   * @throws InvalidOptionsError where no step demands the resource
   */
  pause(resource?: string): void {
    if (!this.#engine.isOver) this.#engine.pause(resource);
  }

  /**
   * Lets start what {@link Run.pause} has held back. A class that was paused by name is resumed by name.
   *
   * @throws InvalidOptionsError where no step demands the resource
   */
  resume(resource?: string): void {
    if (!this.#engine.isOver) this.#engine.resume(resource);
  }

  /**
   * Changes the limits of the classes given, from the next start on; the others stay. Where a limit falls below what is
   * taken, what runs goes on and nothing new starts until there is room. A plain number takes a class's rate away. Families
   * (`'host:*'`) and `concurrency` are changed as they are given; a limit that no step demands is of no account.
   *
   * @example
   * ```ts
   * run.setLimits({ 'heavy-cpu': 1, db: { limit: 4, rate: { limit: 100, per: '1m' } } });
   * ```
   *
   * @throws InvalidOptionsError where a limit can't be used
   * @throws ResourceLimitError where a step that isn't over demands more than that; nothing is changed then
   */
  setLimits(limits: Limits): void {
    if (!this.#engine.isOver) this.#engine.setLimits(limits);
  }

  /**
   * The limits in force now, as {@link Run.setLimits} takes them: of each class that steps have demanded so far, and of `concurrency`, `Infinity` where
   * nothing bounds it. A copy, frozen: a later change doesn't show in it. A family's limit is that of each of its classes. Once the run is
   * over they stay as they were.
   *
   * @example
   * ```ts
   * run.setLimits({ concurrency: Math.min(8, 2 * run.limits.concurrency) });
   * ```
   */
  get limits(): LimitsInForce {
    return limitsInForce(this.#engine.budget);
  }

  /**
   * Stops one step, whatever it is doing: it fails with a `StepFailedError` whose cause is a `StepCancelledError`, without
   * another attempt, and what depends on it follows as after any failure. A step that is settled stays what it is. Once the run
   * is over nothing happens.
   *
   * @param id - the id of the step, or the path of one within another, as events tell it: `sub/step`, `fan[key]`
   * @throws InvalidOptionsError where there is no such step just now; nothing is stopped then
   */
  cancelStep(id: string, reason?: unknown): void {
    if (this.#engine.isOver || this.#engine.cancelStep(id, reason)) return;
    const { name, graph } = this.#engine.blueprint;
    const hint = hintInBrackets(id, graph.ids);
    throw new InvalidOptionsError(`cancelStep of a run of '${name}'`, [
      { option: 'the step', expected: `a step that there is just now${hint}`, value: id },
    ]);
  }

  /**
   * Adds a hook, as the option `around` is one, within those that are there: it is called around each attempt that starts from now on. What it
   * gives takes the hook away again.
   *
   * @throws InvalidOptionsError where it is no function
   */
  around(hook: Around): () => void {
    const checker = new OptionChecker();
    if (typeof hook !== 'function') checker.fail('the hook', 'a function', hook);
    checker.throwIfAny('around');
    return this.#engine.addHook(hook);
  }

  /** Cancels the run where it isn't over, and waits until it entirely is. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel('the run was disposed of');
    await new Promise<void>((resolve) => {
      this.progress$.subscribe({ complete: resolve });
    });
  }

  #join(subscriber: Subscriber<Outputs>): void {
    if (this.#engine.hasResult) {
      this.#deliver(subscriber);
      return;
    }
    this.#waiting.add(subscriber);
    subscriber.add(() => {
      this.#waiting.delete(subscriber);
      if (this.#waiting.size === 0) this.#engine.cancel('the last subscriber of result$ left');
    });
    if (this.#engine.status === 'idle') this.#starting?.(this);
    noteStart(this.#engine);
    this.#engine.launch();
  }

  #deliver(subscriber: Subscriber<Outputs>): void {
    const { status, result } = this.#engine;
    if (status === 'completed') {
      subscriber.next(result as Outputs);
      subscriber.complete();
    } else {
      subscriber.error(result);
    }
  }

  #followSnapshots(): Snapshots {
    if (this.#snapshots === undefined) {
      this.#snapshots = new Snapshots(this.#engine.view);
      this.#listen();
    }
    return this.#snapshots;
  }

  /** Nobody pays for what nobody follows. */
  #listen(): void {
    this.#engine.listener = {
      changed: (index) => this.#snapshots?.touch(index),
      settled: (index) => this.#outputs?.settle(index),
      runChanged: () => this.#snapshots?.touchRun(),
    };
  }

  #indexOf(step: Step | string): number {
    const { graph, steps, name } = this.#engine.blueprint;
    const id = typeof step === 'string' ? step : isStep(step) ? step.id : undefined;
    const index = id === undefined ? undefined : graph.indexOf(id);
    // A handle that merely has the id of one of the steps is another step.
    if (index !== undefined && (typeof step === 'string' || steps[index] === (step as unknown))) return index;
    const hint = hintInBrackets(id, graph.ids);
    throw new InvalidOptionsError(`output$ of a run of '${name}'`, [
      { option: 'the step', expected: `a step of the workflow${hint}`, value: id ?? step },
    ]);
  }
}
