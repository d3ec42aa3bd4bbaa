import { type MergeOwner, MergeWithin } from '../../operators/merge-within.ts';
import type { Limits } from '../admission/limits.ts';
import { CancellationToken } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import { CancelledError } from '../base/errors.ts';
import type { RetryPolicy } from '../base/retry-policy.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { SharedInput } from '../definition/offloaded-body.ts';
import type { StepDefinition } from '../definition/step.ts';
import { fractionOf, type ProgressAmount } from '../definition/step-context.ts';
import { chainTo } from '../graph/chain.ts';
import { Attempt, type AttemptHost } from './attempt.ts';
import { BackOffs } from './back-offs.ts';
import { cleanUp } from './clean-up.ts';
import { failedAncestors } from './failed-ancestors.ts';
import { StepFailedError, WorkflowTimeoutError } from './failures.ts';
import { noteInHistory } from './history.ts';
import { LiveLimits } from './live-limits.ts';
import { measure, type RunMetrics } from './metrics.ts';
import { OuterStops, type Stoppable } from './outer-stops.ts';
import { Progress } from './progress.ts';
import { Reporter } from './reporter.ts';
import { lossError, openAdmission, type RunAdmission, usageOf } from './run-admission.ts';
import type { RunSettings } from './run-options.ts';
import { RunState, status } from './run-state.ts';
import { RunningAttempts } from './running-attempts.ts';
import { inputsOf, sharedInputsOf } from './step-inputs.ts';
import { failedWith, reasonOf, type Stop } from './stop.ts';
import { TimeSlice } from './time-slice.ts';

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
export class Engine implements AttemptHost, MergeOwner<number, Attempt>, Stoppable {
  readonly blueprint: Blueprint;
  readonly settings: RunSettings;
  readonly progress: Progress;
  readonly closed = false;
  readonly token = new CancellationToken();
  readonly clock: Clock;
  readonly gracePeriod: number;
  readonly state: RunState;
  status: RunStatus = 'idle';
  /** What the run ended with: a record of outputs, or an error. */
  result: unknown;
  startedAt = Number.NaN;
  endedAt = Number.NaN;
  /** Told of every step; absent where nobody follows them. */
  listener: StepListener | undefined;
  /** Called once, when the run is over and `result` is there. */
  onEnded: (() => void) | undefined;

  /** What was changed of the budget. */
  readonly limits: LiveLimits;

  readonly #budget: RunAdmission;
  readonly #slice: TimeSlice;
  readonly #report: Reporter;
  readonly #loop: MergeWithin<number, Attempt>;
  readonly #running = new RunningAttempts();
  readonly #abandoned = new Set<Attempt>();
  readonly #backOffs: BackOffs;
  /** The completed steps that have a clean-up, in the order of completion. */
  readonly #toCleanUp: number[] = [];
  readonly #failures: StepFailedError[] = [];
  readonly #outerStops = new OuterStops();
  #isWrappingUp = false;
  #stop: Stop | undefined;

  /** @throws ResourceLimitError where a step demands more than there can be */
  constructor(blueprint: Blueprint, settings: RunSettings) {
    this.blueprint = blueprint;
    this.settings = settings;
    this.clock = settings.clock;
    this.gracePeriod = settings.gracePeriod;
    this.#budget = openAdmission(blueprint, settings);
    this.#slice = new TimeSlice(settings.clock);
    this.progress = new Progress(settings.runId, this.#slice);
    this.#report = new Reporter(this.progress, this.#slice);
    this.#backOffs = new BackOffs(settings.clock, settings.random, this.#report);
    this.state = new RunState(blueprint);
    this.limits = new LiveLimits(this.#budget, blueprint, this.state, settings.clock, () => {
      this.#slice.enter();
      this.#budget.admission.onRoom?.();
    });
    if (this.#budget.turns !== undefined) this.#budget.turns.isGone = (index) => this.state.isSettled(index);
    this.#loop = new MergeWithin(this.#budget.admission, this);
  }

  /** The run's present. */
  get now(): number {
    return this.#slice.now;
  }

  get isOver(): boolean {
    return this.status === 'completed' || this.status === 'failed' || this.status === 'cancelled';
  }

  /** How many attempts hold their demands: those that run, and those that were abandoned. */
  get held(): { readonly running: number; readonly abandoned: number } {
    return { running: this.state.count(status.running), abandoned: this.#abandoned.size };
  }

  /** What is taken of each resource class, and how much there is. */
  get resources(): Record<string, { readonly taken: number; readonly limit: number }> {
    return usageOf(this.#budget);
  }

  metrics(): RunMetrics {
    const now = this.isOver ? this.endedAt : this.clock.now();
    const startedAt = Number.isNaN(this.startedAt) ? now : this.startedAt;
    return measure(this.blueprint, this.state, this.#budget, this.limits, startedAt, now);
  }

  /** Starts the run. */
  launch(): void {
    if (this.status !== 'idle') return;
    const { settings, blueprint } = this;
    this.#slice.enter();
    this.status = 'running';
    this.startedAt = this.now;
    this.#report.runStarted(blueprint);
    // Whoever has just heard that it starts may have cancelled it.
    if (!this.isOver) this.#outerStops.attach(settings, this);
    // All roots compete for the first places.
    this.#budget.admission.pause();
    for (let index = 0; index < blueprint.graph.size; index++) {
      const isRoot = this.state.waitingFor[index] === 0;
      if (isRoot && this.state.statuses[index] === status.waiting) this.#makeReady(index);
    }
    this.#budget.admission.resume();
  }

  cancel(reason: unknown, drain = false): void {
    if (this.isOver || this.#isWrappingUp) return;
    this.#slice.enter();
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

  /** Holds back what would start, of one class or at all, until it is resumed. */
  pause(resource: string | undefined): void {
    this.#slice.enter();
    this.limits.pause(resource, () => {
      this.#report.paused(resource);
      this.listener?.runChanged?.();
    });
  }

  resume(resource: string | undefined): void {
    this.#slice.enter();
    this.limits.resume(resource, () => {
      this.#report.resumed(resource);
      this.listener?.runChanged?.();
    });
  }

  setLimits(limits: Limits): void {
    this.#slice.enter();
    this.limits.change(limits, this.startedAt, this.now, (changed) => {
      this.#report.limitsChanged(changed);
      this.listener?.runChanged?.();
    });
    if (this.#abandoned.size > 0) this.#failHopelessSteps();
  }

  // What attempts ask for.

  inputsOf(index: number): Readonly<Record<string, unknown>> {
    return inputsOf(this.blueprint, this.state, this.settings.inputs, index);
  }

  sharedInputsOf(index: number): readonly SharedInput[] {
    return sharedInputsOf(this.blueprint, this.state, index);
  }

  enter(): void {
    this.#slice.enter();
  }

  returned(attempt: Attempt): void {
    this.#slice.advance();
    if (!this.progress.observed) return;
    const blockedMs = this.now - this.state.lastStartOf(attempt.index);
    if (blockedMs > longestBlock && this.clock.live) this.#report.blocked(attempt, blockedMs);
  }

  reportProgress(attempt: Attempt, amount: ProgressAmount, message: string | undefined): void {
    this.state.fractions.set(attempt.index, fractionOf(amount));
    this.listener?.changed(attempt.index);
    this.#report.stepProgressed(attempt, amount, message);
  }

  reportOffloaded(attempt: Attempt, thread: string): void {
    this.#report.stepOffloaded(attempt, thread);
  }

  reportLog(attempt: Attempt, message: string, data: unknown): void {
    this.#report.logged(attempt, message, data);
  }

  reportFinaliserError(attempt: Attempt, error: unknown): void {
    this.#report.finaliserFailed(attempt, error);
  }

  recovered(attempt: Attempt): void {
    if (this.#abandoned.delete(attempt)) this.#budget.admission.recover(attempt.index);
  }

  over(attempt: Attempt): void {
    this.#loop.deliverAndFinish(attempt.index, attempt);
  }

  // The loop.

  // What the loop asks for.

  start(index: number): void {
    const number = this.state.startAttempt(index, this.now);
    const attempt = new Attempt(this, index, number, this.blueprint.steps[index] as StepDefinition);
    this.listener?.changed(index);
    this.#running.start(attempt, this.#report);
  }

  next(attempt: Attempt): void {
    this.#running.leave(attempt);
    this.state.endedAt[attempt.index] = this.now;
    if (attempt.isAbandoned) this.#abandon(attempt);
    if (attempt.outcome === 'completed') this.#complete(attempt);
    else if (attempt.outcome === 'cancelled') this.#cancelled(attempt.index, attempt.number);
    else this.#failed(attempt);
    if (attempt.isAbandoned) this.#failHopelessSteps();
    if (this.state.unsettled === 0) this.#loop.seal();
    else if (this.#slice.isOver && this.#slice.turn(this.#goOn)) this.#budget.admission.pause();
  }

  readonly #goOn = (): void => {
    this.#budget.admission.resume();
  };

  #makeReady(index: number): void {
    const place = this.#abandoned.size === 0 ? undefined : this.#budget.admission.neverFits(index);
    if (place !== undefined) {
      this.#failHopeless(index, place);
      return;
    }
    this.state.statuses[index] = status.ready;
    this.listener?.changed(index);
    this.#loop.offer(index);
  }

  #complete(attempt: Attempt): void {
    const { index } = attempt;
    const { state } = this;
    state.outputs[index] = attempt.result;
    this.#close(index, status.completed);
    if (attempt.definition.settings.cleanup !== undefined) this.#toCleanUp.push(index);
    if (this.progress.observed) this.#report.stepCompleted(attempt, state.lastStartOf(index));
    const { starts, values } = this.blueprint.graph.dependents;
    const end = starts[index + 1] as number;
    for (let at = starts[index] as number; at < end; at++) {
      const dependent = values[at] as number;
      const left = (state.waitingFor[dependent] as number) - 1;
      state.waitingFor[dependent] = left;
      if (left === 0 && state.statuses[dependent] === status.waiting) this.#makeReady(dependent);
    }
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
    if (policy === undefined) this.#fail(index, number, error, this.now - this.state.lastStartOf(index));
    else this.#backOff(attempt, policy);
  }

  #backOff(attempt: Attempt, policy: RetryPolicy): void {
    const { index } = attempt;
    const delayMs = this.#backOffs.delayAfter(attempt, policy);
    this.state.statuses[index] = status.retrying;
    this.state.fractions.delete(index);
    this.listener?.changed(index);
    this.#report.stepRetrying(attempt, delayMs);
    // A subscriber may have cancelled the run just now.
    if (this.state.statuses[index] !== status.retrying) return;
    if (delayMs === 0) {
      this.#makeReady(index);
      return;
    }
    this.#backOffs.wait(index, delayMs, () => {
      this.#slice.enter();
      this.#makeReady(index);
      // It may have failed for good, being one that can never fit any more, and have been the last.
      if (this.state.unsettled === 0) this.#loop.seal();
    });
  }

  #fail(index: number, attempts: number, cause: unknown, durationMs: number): void {
    const stepId = this.blueprint.graph.ids[index] ?? '';
    const error = new StepFailedError(stepId, attempts, chainTo(this.blueprint.graph, index), cause);
    this.#failures.push(error);
    const stop: Stop = { kind: 'failed', error, drain: false };
    const isFirst = this.settings.onFailure === 'fail-fast' && this.#decide(stop);
    this.#close(index, status.failed);
    this.#report.stepFailed(stepId, attempts, durationMs, error);
    if (this.settings.onFailure === 'continue') this.#skipDependents(index);
    else if (isFirst) this.#carryOut(stop);
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
        this.#report.stepSkipped(graph.ids[dependent] ?? '', because);
        pending.push(dependent);
      }
    }
  }

  #cancelled(index: number, attempt: number): void {
    this.#close(index, status.cancelled);
    const durationMs =
      attempt === 0 ? 0 : (this.state.endedAt[index] as number) - this.state.lastStartOf(index);
    this.#report.stepCancelled(this.blueprint.graph.ids[index] ?? '', attempt, durationMs);
  }

  /** Settles a step, and lets go of its output where nobody will ask for it. */
  #close(index: number, final: number): void {
    const { state } = this;
    if (state.fractions.size > 0) state.fractions.delete(index);
    state.settle(index, final);
    if (this.listener === undefined) {
      state.dropUnused(index);
      return;
    }
    this.listener.changed(index);
    this.listener.settled(index);
    state.dropUnused(index);
  }

  #abandon(attempt: Attempt): void {
    this.#abandoned.add(attempt);
    this.#budget.admission.forfeit(attempt.index);
    this.#report.abandoned(attempt, this.gracePeriod);
  }

  /** What an abandoned body holds may be what waiting steps can't do without. */
  #failHopelessSteps(): void {
    const { admission } = this.#budget;
    for (const index of admission.removeHopeless())
      this.#failHopeless(index, admission.neverFits(index) ?? 0);
  }

  #failHopeless(index: number, place: number): void {
    if (this.state.isSettled(index)) return;
    const { id, settings } = this.blueprint.steps[index] as StepDefinition;
    this.#fail(index, this.state.attemptsOf(index), lossError(this.#budget, id, settings.demand, place), 0);
  }

  // The end.

  /** The run's timeout has passed. */
  timeOut(timeoutMs: number): void {
    this.#slice.enter();
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
    this.#budget.admission.clear();
    this.limits.close();
    this.#backOffs.clear();
    for (let index = 0; index < this.state.statuses.length; index++) {
      const current = this.state.statuses[index] as number;
      if (current < status.running || current === status.retrying)
        this.#cancelled(index, this.state.attemptsOf(index));
    }
    if (!stop.drain) this.#stopRunning(stop);
    if (wasIdle) this.complete();
    else if (this.state.unsettled === 0) this.#loop.seal();
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
    const cleanUps = this.#toCleanUp.reverse().map((index) => ({
      definition: this.blueprint.steps[index] as StepDefinition,
      output: this.state.outputs[index],
      attempt: this.state.attemptsOf(index),
    }));
    cleanUp(
      cleanUps,
      outcome,
      (failed, error) => {
        this.#report.cleanUpFailed(failed, error);
      },
      () => {
        this.#end(outcome);
      },
    );
  }

  #end(outcome: 'completed' | 'failed' | 'cancelled'): void {
    this.#slice.enter();
    this.endedAt = this.now;
    if (Number.isNaN(this.startedAt)) this.startedAt = this.now;
    this.#outerStops.detach();
    this.limits.close();
    if (this.#stop !== undefined) this.token.cancel(reasonOf(this.#stop));
    this.state.releaseRest(outcome === 'completed');
    if (this.settings.history !== undefined) noteInHistory(this.settings.history, this.blueprint, this.state);
    this.status = outcome;
    const outputs = this.state.workflowOutputs();
    this.result =
      outcome === 'completed'
        ? outputs
        : failedWith(this.blueprint.name, this.#stop, this.#failures, () => ({
            metrics: this.metrics(),
            outputs,
          }));
    this.#report.runEnded(outcome, this.endedAt - this.startedAt, this.result);
    // Whoever follows the events hears of the end before the result, also where handling one brought it about.
    this.progress.whenDelivered(() => this.onEnded?.());
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

  /** Why a step has no output: its own failure, that of a step it needs, or the end of the run. */
  failureOf(index: number): StepFailedError | CancelledError {
    const chain = failedAncestors(this.blueprint.graph, this.state.statuses, index);
    const failure = this.#failures.find(({ stepId }) => chain.has(stepId));
    if (failure !== undefined) return failure;
    return this.#stop?.kind === 'cancelled'
      ? this.#stop.error
      : new CancelledError(this.#stop?.error, `step '${this.blueprint.graph.ids[index] ?? ''}'`);
  }
}

/** A step that keeps the event loop for longer than this, in ms, is worth a warning. */
const longestBlock = 50;
