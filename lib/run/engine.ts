import { type Demand, sumOfDemands } from '../admission/demand.ts';
import type { Limits } from '../admission/limits.ts';
import { CancellationToken } from '../base/cancellation.ts';
import { CancelledError } from '../base/errors.ts';
import type { RetryPolicy } from '../base/retry-policy.ts';
import { type Blueprint, demandsOf } from '../definition/blueprint.ts';
import type { Step } from '../definition/handle.ts';
import type { Hostable } from '../definition/hosted.ts';
import type { SharedInput } from '../definition/offloaded-body.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { RunOutcome } from '../definition/step-options.ts';
import { chainTo } from '../graph/chain.ts';
import { Attempt } from './attempt.ts';
import { BackOffs } from './back-offs.ts';
import { Branches, type BranchHost, type Skip } from './branches.ts';
import { StepSkippedError } from './branching-errors.ts';
import type { Item } from './candidate.ts';
import { ChildTally } from './child-tally.ts';
import { cleanUp } from './clean-up.ts';
import { Executor, type NestedScope, type OpenScope } from './executor.ts';
import { failedAncestors } from './failed-ancestors.ts';
import { StepFailedError, WorkflowTimeoutError } from './failures.ts';
import { type GangScope, Gangs } from './gangs.ts';
import { Guests } from './guests.ts';
import { noteInHistory } from './history.ts';
import type { Host, HostScope } from './host.ts';
import type { LiveLimits } from './live-limits.ts';
import { measure, type RunMetrics } from './metrics.ts';
import { OuterStops, type Stoppable } from './outer-stops.ts';
import type { Outlet } from './outlet.ts';
import type { Progress } from './progress.ts';
import type { RunSettings } from './run-options.ts';
import { RunState, status } from './run-state.ts';
import { RunningAttempts } from './running-attempts.ts';
import { inputsOf, sharedInputsOf } from './step-inputs.ts';
import { keepsDemand, type OrderedCleanUp, StepScope } from './step-scope.ts';
import { failedWith, reasonOf, type Stop } from './stop.ts';
import { Streams } from './streams.ts';
import type { TimeSlice } from './time-slice.ts';

/** Where a run stands as a whole. */
export type RunStatus = 'idle' | 'running' | 'stopping' | 'completed' | 'failed' | 'cancelled';

/** What the engine tells those who follow its steps. */
export interface StepListener {
  /** A step has another status or fraction. */
  changed(index: number): void;
  /** A step is settled; its output, if any, is there. */
  settled(index: number): void;
  /** What is true of the run as a whole has changed, other than by a step. */
  runChanged?(): void;
}

/** Where a graph runs: as the run itself, or as the work of one of its steps. */
export type Place =
  | { readonly open: OpenScope }
  | {
      readonly host: Host;
      /** Which of its outputs is the output of that step; all of them, by name, where it isn't said. */
      readonly pick: string | undefined;
    };

/**
 * The feedback loop of a run.
 *
 *     ready ─ MergeWithin(admission) ─▶ one attempt ─▶ settled ─▶ each dependent whose last
 *       ▲     the engine of mergeMapWithin                            dependency this was ─┐
 *       └──────────────────────────────────────────────────────────────────────────────────┘
 *
 * 1. Every change of a step's status goes through `state`; everything else is derived from it.
 * 2. An attempt's demand is taken when it starts and given back when it is over. Back-offs hold nothing.
 * 3. After the first stop (a cancel, a failure, the run's timeout) nothing starts; the run ends when what runs has.
 * 4. The end comes in one order: bodies have stopped, clean-ups have run, the last event, the result, `ended`.
 */
export class Engine extends StepScope implements Stoppable, NestedScope, HostScope, BranchHost, GangScope {
  readonly executor: Executor;
  readonly slice: TimeSlice;
  readonly progress: Progress;
  readonly blueprint: Blueprint;
  readonly settings: RunSettings;
  readonly token = new CancellationToken();
  readonly state: RunState;
  /** Whose work this graph is; absent for the graph that the run is of. */
  readonly host: Host | undefined;
  status: RunStatus = 'idle';
  /** What the run ended with: a record of outputs, or an error. */
  result: unknown;
  startedAt = Number.NaN;
  endedAt = Number.NaN;
  /** Told of every step; absent where nobody follows them. */
  listener: StepListener | undefined;
  /** Called once, when the run is over and `result` is there. */
  onEnded: (() => void) | undefined;
  /** How the steps fare that came of a step of this graph. */
  readonly tallies = new Map<number, ChildTally>();

  readonly #running = new RunningAttempts();
  readonly #backOffs: BackOffs;
  /** What the rest of the run knows the steps as, where they came while it was under way. */
  readonly #guests: Guests | undefined;
  /** What is to be undone of the steps completed, in the order of completion. */
  readonly #toCleanUp: OrderedCleanUp[] = [];
  readonly #failures: StepFailedError[] = [];
  /** What each step failed with, whether or not that was dealt with. */
  readonly #errors = new Map<number, StepFailedError>();
  readonly #branches: Branches | undefined;
  readonly #streams: Streams | undefined;
  readonly #gangs: Gangs | undefined;
  /** Whether it is the run's own graph, without streams: then a step that is ready needs no more care. */
  readonly #isSimple: boolean;
  readonly #outerStops = new OuterStops();
  /** Which of its outputs is the output of the step whose work it is; all of them, by name, where it isn't said. */
  readonly #pick: string | undefined;
  #isWrappingUp = false;
  #stop: Stop | undefined;

  /** @throws ResourceLimitError where a step demands more than there can be */
  constructor(blueprint: Blueprint, settings: RunSettings, place: Place) {
    super();
    const { host, pick } = 'host' in place ? place : {};
    this.#pick = pick;
    this.blueprint = blueprint;
    this.settings = settings;
    this.host = host;
    this.state = new RunState(blueprint);
    this.executor = 'host' in place ? place.host.scope.executor : new Executor(this, settings, place.open);
    this.#guests = host === undefined ? undefined : new Guests(this, blueprint, host);
    this.slice = this.executor.slice;
    this.progress = this.executor.progress;
    this.#backOffs = new BackOffs(settings.clock, settings.random, this.executor.report);
    const { branching } = blueprint;
    this.#isSimple = host === undefined && blueprint.gangs.length === 0;
    if (branching === undefined) return;
    const branches = new Branches(branching, blueprint, this.state, this);
    this.#branches = branches;
    if (branching.gangs.length === 0) return;
    this.#streams = new Streams(branching, blueprint, this.state, (producer, consumer, input) => {
      this.enter();
      branches.left(consumer, input, producer);
    });
    this.#gangs = new Gangs(this.#streams, this);
  }

  get limits(): LiveLimits {
    return this.executor.limits;
  }

  get onFailure(): 'fail-fast' | 'continue' {
    return this.settings.onFailure;
  }

  get isFailing(): boolean {
    return this.#stop?.kind === 'failed' || this.host?.scope.isFailing === true;
  }

  get isOver(): boolean {
    return this.status === 'completed' || this.status === 'failed' || this.status === 'cancelled';
  }

  get unsettled(): number {
    return this.state.unsettled;
  }

  /** What is taken of each resource class, and how much there is. */
  get resources(): Record<string, { readonly taken: number; readonly limit: number }> {
    return this.executor.resources;
  }

  metrics(): RunMetrics {
    const now = this.isOver ? this.endedAt : this.clock.now();
    const startedAt = Number.isNaN(this.startedAt) ? now : this.startedAt;
    return measure(this.blueprint, this.state, this.executor, this.tallies, startedAt, now);
  }

  /** Starts the run. */
  launch(): void {
    if (this.status !== 'idle') return;
    const { settings, blueprint, executor } = this;
    executor.slice.enter();
    this.status = 'running';
    this.startedAt = this.now;
    if (this.#guests === undefined) executor.report.runStarted(blueprint);
    else this.#guests.announce();
    // Whoever has just heard that it starts may have cancelled it.
    if (!this.isOver) this.#outerStops.attach(settings, this);
    // All roots compete for the first places.
    executor.budget.admission.pause();
    for (let index = 0; index < blueprint.graph.size; index++) {
      const isRoot = this.state.waitingFor[index] === 0;
      if (this.#branches !== undefined) this.#branches.launch(index);
      else if (isRoot && this.state.statuses[index] === status.waiting) this.makeReady(index);
    }
    executor.budget.admission.resume();
    // All may have been skipped, so that no attempt will ever end.
    if (this.state.unsettled === 0) this.#settledAll();
  }

  cancel(reason: unknown, drain = false): void {
    if (this.isOver || this.#isWrappingUp) return;
    if (this.#guests?.isAnnouncing === true) {
      this.#guests.whenAnnounced(() => {
        this.cancel(reason, drain);
      });
      return;
    }
    this.enter();
    if (this.#stop === undefined) {
      this.#halt({
        kind: 'cancelled',
        error: new CancelledError(reason, `run '${this.settings.runId}'`),
        drain,
      });
    } else if (this.#stop.drain && !drain) {
      this.#cutShort(this.#stop);
    }
  }

  /** The step whose work this is was told to stop. */
  stop(reason: unknown): void {
    if (this.status === 'idle') {
      this.status = 'cancelled';
      this.executor.ended(this);
      this.host?.attempt.stopped();
    } else {
      this.cancel(reason);
    }
  }

  /** What runs may finish, but nothing more starts. */
  drain(reason: unknown): void {
    this.cancel(reason, true);
  }

  /** Holds back what would start, of one class or at all, until it is resumed. */
  pause(resource: string | undefined): void {
    this.enter();
    this.limits.pause(resource, () => {
      this.executor.report.paused(resource);
      this.listener?.runChanged?.();
    });
  }

  resume(resource: string | undefined): void {
    this.enter();
    this.limits.resume(resource, () => {
      this.executor.report.resumed(resource);
      this.listener?.runChanged?.();
    });
  }

  setLimits(limits: Limits): void {
    this.enter();
    this.limits.change(limits, this.startedAt, this.now, (changed) => {
      this.executor.report.limitsChanged(changed);
      this.listener?.runChanged?.();
    });
    this.executor.failHopeless();
  }

  // What attempts ask for.

  inputsOf(index: number): Readonly<Record<string, unknown>> {
    return this.#branches === undefined
      ? inputsOf(this.blueprint, this.state, this.settings.inputs, index)
      : this.#inputsIn(this.#branches, index);
  }

  #inputsIn(branches: Branches, index: number): Readonly<Record<string, unknown>> {
    const joined = branches.joined(index);
    if (joined !== undefined) return joined;
    const { join } = (this.blueprint.steps[index] as StepDefinition).settings;
    // What a selector is asked with are no branches.
    const count = join?.kind === 'choose' ? join.dependencies : undefined;
    const inputs = inputsOf(this.blueprint, this.state, this.settings.inputs, index, count);
    return this.#streams?.withStreams(index, inputs) ?? inputs;
  }

  sharedInputsOf(index: number): readonly SharedInput[] {
    return sharedInputsOf(this.blueprint, this.state, index);
  }

  outletOf(index: number): Outlet | undefined {
    return this.#streams?.outletOf(index);
  }

  itemOf(index: number): Item {
    return this.#guests === undefined ? index : this.#guests.candidateOf(index);
  }

  /** The body of a step has handed its work to steps of their own, which need what it has taken. */
  handOver(attempt: Attempt, work: Hostable | Step): void {
    if (!keepsDemand(work)) this.#noteGivenBack(attempt.index);
    const tally = new ChildTally(() => this.listener?.changed(attempt.index), this.host?.tally);
    this.tallies.set(attempt.index, tally);
    this.nest(work, {
      scope: this,
      attempt,
      tally,
      path: this.rankPathOf(attempt.index),
      depth: (this.host?.depth ?? 0) + 1,
      chain: this.#chainTo(attempt.index),
      reserved: keepsDemand(work) ? () => this.#demandOfMates(attempt.index) : this.host?.reserved,
      giveBack: () => {
        this.#giveBack(attempt.index);
      },
      handOn: () => {
        this.executor.handOn(this.itemOf(attempt.index));
      },
    });
  }

  demands(): readonly (readonly [demand: Demand, stepId: string])[] {
    return demandsOf(this.blueprint);
  }

  /** What steps of nested graphs did is to be undone with what those of this one did. */
  adopt(cleanUps: readonly OrderedCleanUp[]): void {
    this.#toCleanUp.push(...cleanUps);
  }

  protected lastStartOf(index: number): number {
    return this.state.lastStartOf(index);
  }

  protected tell(index: number, fraction: number): void {
    this.state.fractions.set(index, fraction);
    this.listener?.changed(index);
  }

  #noteGivenBack(index: number): void {
    this.state.handedOverAt.set(index, this.now);
    this.#guests?.gaveBack(index, this.now);
  }

  #giveBack(index: number): void {
    this.#noteGivenBack(index);
    this.executor.giveBackEarly(this.itemOf(index));
  }

  /** What those take that have to run as long as a step reads from them, and what is reserved for it all. */
  #demandOfMates(index: number): Demand {
    return sumOfDemands([this.#gangs?.demandOfMates(index) ?? {}, this.host?.reserved?.() ?? {}]);
  }

  rankPathOf(index: number): readonly number[] {
    const item = this.itemOf(index);
    return typeof item === 'number' ? [this.executor.budget.rankOf[item] as number] : item.path;
  }

  #chainTo(index: number): readonly string[] {
    return [...(this.host?.chain ?? []), ...chainTo(this.blueprint.graph, index)];
  }

  // The loop.

  start(index: number): void {
    const number = this.state.startAttempt(index, this.now);
    this.#guests?.started(index, this.now);
    const attempt = new Attempt(this, index, number, this.blueprint.steps[index] as StepDefinition);
    this.listener?.changed(index);
    this.#running.start(attempt, this.executor.report);
  }

  ended(attempt: Attempt): void {
    this.#running.leave(attempt);
    this.state.endedAt[attempt.index] = this.now;
    if (this.#guests !== undefined) this.#guestEnded(this.#guests, attempt);
    else if (attempt.isAbandoned) this.#abandoned(attempt);
    else this.#settle(attempt);
  }

  #guestEnded(guests: Guests, attempt: Attempt): void {
    guests.ended(attempt.index, attempt.isAbandoned, this.now);
    if (attempt.isAbandoned) this.#abandoned(attempt);
    else this.#settle(attempt);
    if (this.state.unsettled === 0) this.complete();
  }

  /** What it has taken stays taken, so that others may not be able to start any more. */
  #abandoned(attempt: Attempt): void {
    this.executor.abandon(this.itemOf(attempt.index), attempt);
    this.#settle(attempt);
    this.executor.failHopeless();
  }

  #settle(attempt: Attempt): void {
    if (attempt.outcome === 'completed') this.#complete(attempt);
    else if (attempt.outcome === 'cancelled') this.#cancelled(attempt.index, attempt.number);
    else this.#failed(attempt);
  }

  makeReady(index: number): void {
    // Whoever was asked or told on the way here may have cancelled the run.
    if (this.state.isSettled(index)) return;
    if (this.#isSimple && this.executor.abandoned === 0) {
      this.noteReady(index);
      this.executor.offer(index);
    } else if (this.#mayStart(index) && this.#gangs?.ready(index) !== true) {
      this.noteReady(index);
      this.executor.offer(this.itemOf(index));
    }
  }

  #mayStart(index: number): boolean {
    if (this.#guests !== undefined && !this.#tryToEnter(this.#guests, index)) return false;
    return this.executor.abandoned === 0 || !this.#isHopeless(index);
  }

  /** Fails a step that can never start any more. */
  #isHopeless(index: number): boolean {
    const place = this.executor.hopelessFor(this.itemOf(index));
    if (place !== undefined) this.failHopeless(index, place);
    return place !== undefined;
  }

  noteReady(index: number): void {
    this.state.statuses[index] = status.ready;
    this.listener?.changed(index);
  }

  /** A step that demands what this run can't give fails, as nobody could have told before the run. */
  #tryToEnter(guests: Guests, index: number): boolean {
    try {
      guests.candidateOf(index);
      return true;
    } catch (error) {
      this.#fail(index, 0, error, 0);
      return false;
    }
  }

  #complete(attempt: Attempt): void {
    const { index } = attempt;
    const { state } = this;
    state.outputs[index] = attempt.result;
    this.#close(index, status.completed);
    if (attempt.definition.settings.cleanup !== undefined) this.#noteForCleanUp(attempt);
    if (this.progress.observed) this.executor.report.stepCompleted(attempt, state.lastStartOf(index));
    if (this.#branches !== undefined) {
      this.#settledInBranches(this.#branches, index);
      return;
    }
    const { starts, values } = this.blueprint.graph.dependents;
    const end = starts[index + 1] as number;
    for (let at = starts[index] as number; at < end; at++) {
      const dependent = values[at] as number;
      const left = (state.waitingFor[dependent] as number) - 1;
      state.waitingFor[dependent] = left;
      if (left === 0 && state.statuses[dependent] === status.waiting) this.makeReady(dependent);
    }
  }

  #noteForCleanUp({ definition, number, result }: Attempt): void {
    this.#toCleanUp.push({ definition, output: result, attempt: number, order: this.executor.nextOrder() });
  }

  #failed(attempt: Attempt): void {
    const { index, number, result: error } = attempt;
    if (error instanceof CancelledError) {
      // A step that cancels itself leaves an output that will never come: nobody failed, but nobody can go on.
      const stop: Stop = { kind: 'cancelled', error, drain: false };
      const isFirst = this.#decide(stop);
      this.#cancelled(index, number);
      if (isFirst) this.#carryOut(stop);
      return;
    }
    const policy = this.#stop === undefined ? this.#backOffs.policyFor(attempt) : undefined;
    // Whoever was asked whether to try again may have cancelled the run.
    if (policy === undefined || this.#isStopped())
      this.#fail(index, number, error, this.now - this.state.lastStartOf(index));
    else this.#backOff(attempt, policy);
  }

  // A call, since the compiler takes a field for unchanged across calls that change it.
  #isStopped(): boolean {
    return this.#stop !== undefined;
  }

  #backOff(attempt: Attempt, policy: RetryPolicy): void {
    const { index } = attempt;
    const delayMs = this.#backOffs.delayAfter(attempt, policy);
    this.state.statuses[index] = status.retrying;
    this.state.fractions.delete(index);
    this.listener?.changed(index);
    this.executor.report.stepRetrying(attempt, delayMs);
    // A subscriber may have cancelled the run just now.
    if (this.state.statuses[index] !== status.retrying) return;
    if (delayMs === 0) {
      this.makeReady(index);
      return;
    }
    this.#backOffs.wait(index, delayMs, () => {
      this.enter();
      this.makeReady(index);
      // It may have failed for good, being one that can never fit any more, and have been the last.
      if (this.state.unsettled === 0) this.#settledAll();
    });
  }

  #fail(index: number, attempts: number, cause: unknown, durationMs: number): void {
    const { id: stepId } = this.blueprint.steps[index] as StepDefinition;
    const error = new StepFailedError(stepId, attempts, this.#chainTo(index), cause);
    this.#errors.set(index, error);
    const isHandled = this.#branches?.isGuarded(index) === true;
    if (!isHandled) this.#failures.push(error);
    const stop: Stop = { kind: 'failed', error, drain: false };
    const isFirst = !isHandled && this.onFailure === 'fail-fast' && this.#decide(stop);
    this.#close(index, status.failed);
    this.executor.report.stepFailed(stepId, attempts, durationMs, error);
    if (isFirst) this.#carryOut(stop);
    if (this.#branches !== undefined) this.#settledInBranches(this.#branches, index);
    else if (this.onFailure === 'continue') this.#skipDependents(index);
  }

  #skipDependents(failed: number): void {
    const { graph } = this.blueprint;
    const { starts, values } = graph.dependents;
    const because = graph.ids[failed] ?? '';
    const pending = [failed];
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      for (const dependent of values.subarray(starts[index], starts[index + 1])) {
        if (this.state.statuses[dependent] !== status.waiting) continue;
        this.#close(dependent, status.skipped);
        this.executor.report.stepSkipped(graph.ids[dependent] ?? '', because, 'failed');
        pending.push(dependent);
      }
    }
  }

  #cancelled(index: number, attempt: number): void {
    this.#close(index, status.cancelled);
    const durationMs =
      attempt === 0 ? 0 : (this.state.endedAt[index] as number) - this.state.lastStartOf(index);
    const because = this.#stop === undefined ? this.#branches?.skipOf(index)?.because : undefined;
    this.executor.report.stepCancelled(this.blueprint.graph.ids[index] ?? '', attempt, durationMs, because);
    if (this.#branches !== undefined) this.#settledInBranches(this.#branches, index);
  }

  /** Who reads from a step or needs it hears of its end once everyone else has. */
  #settledInBranches(branches: Branches, index: number): void {
    if (this.#gangs !== undefined) this.#endStreams(this.#gangs, index);
    if (this.#stop === undefined) branches.settled(index);
  }

  // What branches ask for.

  skip(index: number, { because, reason }: Skip): void {
    if (this.state.isSettled(index)) return;
    const { id } = this.blueprint.steps[index] as StepDefinition;
    const isMissed = reason !== 'failed' && this.#isRequiredOutput(index);
    const error = isMissed
      ? new StepFailedError(id, 0, this.#chainTo(index), new StepSkippedError(id, because, reason))
      : undefined;
    if (error !== undefined) this.#failures.push(error);
    this.#close(index, status.skipped);
    this.executor.report.stepSkipped(id, because, reason);
    if (error !== undefined && this.onFailure === 'fail-fast')
      this.#halt({ kind: 'failed', error, drain: false });
    if (this.#branches !== undefined) this.#settledInBranches(this.#branches, index);
  }

  withdraw(index: number, because: string): void {
    const running = this.#running.of(index);
    if (running !== undefined) {
      running.stop('cancelled', new CancelledError(`step '${because}' no longer needs it`));
      return;
    }
    if (this.#waitsAlone(index)) this.executor.withdraw(this.itemOf(index));
    this.#backOffs.cancel(index);
    this.#cancelled(index, this.state.attemptsOf(index));
  }

  fail(index: number, cause: unknown): void {
    if (!this.state.isSettled(index)) this.#fail(index, 0, cause, 0);
  }

  errorOf(index: number): StepFailedError | undefined {
    return this.#errors.get(index);
  }

  #isRequiredOutput(index: number): boolean {
    for (const [name, output] of this.blueprint.outputs)
      if (output === index && !this.blueprint.optionalOutputs.has(name)) return true;
    return false;
  }

  /** Settles a step, and lets go of its output where nobody will ask for it. */
  #close(index: number, final: number): void {
    const { state } = this;
    if (state.fractions.size > 0) state.fractions.delete(index);
    state.settle(index, final);
    if (this.host !== undefined) this.host.tally.settled(final);
    if (this.listener === undefined) {
      state.dropUnused(index);
      return;
    }
    this.listener.changed(index);
    this.listener.settled(index);
    state.dropUnused(index);
  }

  #endStreams(gangs: Gangs, index: number): void {
    const failure = this.#errors.get(index) ?? this.#stopError(index);
    // The root's were taken out of admission all at once.
    gangs.settled(index, failure, this.#stop !== undefined && this.host === undefined);
  }

  dealtWith(index: number): void {
    if (this.#stop === undefined) this.#gangs?.goOnWithout(index);
  }

  #stopError(index: number): CancelledError {
    const { id } = this.blueprint.steps[index] as StepDefinition;
    const reason = this.#stop === undefined ? undefined : reasonOf(this.#stop);
    return new CancelledError(reason, `the stream of step '${id}'`);
  }

  failHopeless(index: number, place: number): void {
    if (this.state.isSettled(index)) return;
    const { id, settings } = this.blueprint.steps[index] as StepDefinition;
    this.#fail(index, this.state.attemptsOf(index), this.lossError(id, settings.demand, place), 0);
    // It may have been the last one, and what made it hopeless part of something else.
    if (this.state.unsettled === 0) this.#settledAll();
  }

  // The end.

  /** The run's timeout has passed. */
  timeOut(timeoutMs: number): void {
    this.enter();
    if (this.#isWrappingUp) return;
    if (this.#stop?.drain === true) this.#cutShort(this.#stop);
    else
      this.#halt({
        kind: 'failed',
        error: new WorkflowTimeoutError(this.blueprint.name, timeoutMs),
        drain: false,
      });
  }

  /** Nothing starts from here on. What runs is told to stop, unless it may finish. */
  #halt(stop: Stop): void {
    if (this.#decide(stop)) this.#carryOut(stop);
  }

  /** The first stop decides how the run ends: whoever hears of it can't change that any more. */
  #decide(stop: Stop): boolean {
    if (this.#stop !== undefined) return false;
    this.#stop = stop;
    return true;
  }

  #carryOut(stop: Stop): void {
    const wasIdle = this.status === 'idle';
    this.status = 'stopping';
    this.#withdrawAll();
    this.#backOffs.clear();
    for (let index = 0; index < this.state.statuses.length; index++) {
      const current = this.state.statuses[index] as number;
      if (current < status.running || current === status.retrying)
        this.#cancelled(index, this.state.attemptsOf(index));
    }
    if (stop.drain) this.#running.drain(reasonOf(stop));
    else this.#stopRunning(stop);
    if (wasIdle) this.complete();
    else if (this.state.unsettled === 0) this.#settledAll();
  }

  /** Nothing of this graph waits for admission any more. */
  #withdrawAll(): void {
    if (this.#guests === undefined) {
      this.executor.withdrawAll();
      this.limits.close();
    } else {
      this.#guests.withdraw((index) => this.#waitsAlone(index));
    }
  }

  /** Whether a step waits for admission by itself. */
  #waitsAlone(index: number): boolean {
    return this.state.statuses[index] === status.ready && this.#streams?.gangOf(index) === undefined;
  }

  /** Nothing is left to do but to end; the loop ends the run, once it has let go of what is just over. */
  #settledAll(): void {
    if (this.host === undefined) this.executor.seal();
    else this.complete();
  }

  /** What was allowed to finish is told to stop after all. */
  #cutShort(drain: Stop): void {
    this.#stop = { ...drain, drain: false };
    this.#stopRunning(this.#stop);
  }

  #stopRunning(stop: Stop): void {
    const reason = reasonOf(stop);
    this.token.cancel(reason);
    this.#running.stop(reason);
  }

  complete(): void {
    // An abandoned body that ends after all brings the loop to its end once more.
    if (this.#isWrappingUp) return;
    this.#isWrappingUp = true;
    const outcome = this.#stop?.kind ?? (this.#failures.length > 0 ? 'failed' : 'completed');
    if (outcome === 'completed') {
      this.#end(outcome);
      return;
    }
    cleanUp(
      this.#toCleanUp.sort((left, right) => right.order - left.order),
      this.#outcomeFor(outcome),
      (failed, error) => {
        this.executor.report.cleanUpFailed(failed, error);
      },
      () => {
        this.#end(outcome);
      },
    );
  }

  /** What clean-ups are told: the work of a step may be stopped because another one failed. */
  #outcomeFor(outcome: RunOutcome): RunOutcome {
    if (this.host?.attempt.isStopping !== true) return outcome;
    return this.host.attempt.outcome === 'failed' || this.isFailing ? 'failed' : 'cancelled';
  }

  #end(outcome: 'completed' | 'failed' | 'cancelled'): void {
    this.enter();
    this.endedAt = this.now;
    if (Number.isNaN(this.startedAt)) this.startedAt = this.now;
    this.#outerStops.detach();
    if (this.#stop !== undefined) this.token.cancel(reasonOf(this.#stop));
    this.state.releaseRest(outcome === 'completed');
    this.status = outcome;
    const outputs = this.state.workflowOutputs(outcome === 'completed');
    this.result =
      outcome === 'completed'
        ? outputs
        : failedWith(this.blueprint.name, this.#stop, this.#failures, () => ({
            metrics: this.metrics(),
            outputs,
          }));
    if (this.host === undefined) this.#endRun(outcome);
    else this.#endFor(this.host);
  }

  #endRun(outcome: 'completed' | 'failed' | 'cancelled'): void {
    this.limits.close();
    if (this.settings.history !== undefined) noteInHistory(this.settings.history, this.blueprint, this.state);
    this.executor.report.runEnded(outcome, this.endedAt - this.startedAt, this.result);
    // Whoever follows the events hears of the end before the result, also where handling one brought it about.
    this.progress.whenDelivered(() => this.onEnded?.());
  }

  /** The step whose work this was ends as its work did. */
  #endFor({ attempt, scope }: Host): void {
    this.executor.ended(this);
    if (this.status === 'completed') {
      scope.adopt(this.#toCleanUp);
      attempt.completed(
        this.#pick === undefined ? this.result : (this.result as Record<string, unknown>)[this.#pick],
      );
    } else if (attempt.isStopping) {
      attempt.stopped();
    } else {
      attempt.failed(this.result);
    }
  }

  /** A fault of the engine's own must not leave anyone waiting for ever. */
  error(bug: unknown): void {
    this.status = 'failed';
    this.result = bug;
    this.endedAt = this.now;
    this.#outerStops.detach();
    this.limits.close();
    this.#backOffs.clear();
    this.token.cancel(bug);
    this.onEnded?.();
  }

  isUncertain(index: number): boolean {
    return this.#branches?.isDormant(index) === true || this.#streams?.gangOf(index) !== undefined;
  }

  /** Why a step has no output: its own failure, that of a step it needs, or the end of the run. */
  failureOf(index: number): Error {
    const skip = this.#branches?.skipOf(index);
    if (skip !== undefined && skip.reason !== 'failed')
      return new StepSkippedError(this.blueprint.graph.ids[index] ?? '', skip.because, skip.reason);
    const chain = failedAncestors(this.blueprint.graph, this.state.statuses, index);
    const failure = [...this.#errors.values()].find(({ stepId }) => chain.has(stepId));
    if (failure !== undefined) return failure;
    return this.#stop?.kind === 'cancelled'
      ? this.#stop.error
      : new CancelledError(this.#stop?.error, `step '${this.blueprint.graph.ids[index] ?? ''}'`);
  }
}
