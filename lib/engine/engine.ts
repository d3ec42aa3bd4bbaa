// Long because it is where the layers come together: what a user asks of a run, how an attempt's end is dealt with, and how the run ends.
import type { LimitChange, Limits } from '../admission/limits.ts';
import type { CancellationToken } from '../base/cancellation.ts';
import { CancelledError } from '../base/errors.ts';
import { InvariantError } from '../base/invariant.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { RunOutcome } from '../definition/step-options.ts';
import type { ChildCounts } from '../observe/child-counts.ts';
import { WorkflowTimeoutError } from '../observe/failures.ts';
import { noteInHistory } from '../observe/history.ts';
import { measure, type RunMetrics } from '../observe/metrics.ts';
import type { Origin } from '../observe/progress-event.ts';
import type { ResourceUse, RunMeasurements, RunStatus, RunView } from '../observe/run-view.ts';
import type { StepStatus } from '../observe/step-status.ts';
import type { Waited, WaitReason, Waits } from '../observe/wait-reason.ts';
import type { ServedRun, Share } from '../sharing/share.ts';
import { StepSkippedError } from './branching-errors.ts';
import { EngineFaultError } from './engine-fault-error.ts';
import { failedAncestors } from './failed-ancestors.ts';
import { callInTurn, type FinalCall, type FinalCallTerms } from './final-calls.ts';
import { GraphScope } from './graph-scope.ts';
import { Hosting } from './hosting.ts';
import type { Opening } from './keeper.ts';
import type { Keeping } from './keeping.ts';
import { LiveLimits } from './live-limits.ts';
import { OuterStops } from './outer-stops.ts';
import { Releases } from './releases.ts';
import { Retries } from './retries.ts';
import { RunBudget } from './run-budget.ts';
import type { RunSettings } from './run-settings.ts';
import type { Scope, StepAttempt } from './scope.ts';
import { nobody, type Row, released } from './step-table.ts';
import { failedWith, reasonOf, type Stop } from './stop.ts';
import { status, statusNames } from './transitions.ts';
import type { Done } from './undoing.ts';

/** Who is told of how a run ends. */
export interface RunEnds {
  /** What it comes to is there. */
  resulted(): void;
  /** Nothing is left to happen. */
  ended(): void;
}

/**
 * A run, from its start to its end.
 *
 * The end comes in one order: bodies have stopped, clean-ups have run, the last event, the result, `ended`. Where it succeeds, bodies
 * that nobody needs any more hold up the last event and `ended` alone.
 */
export class Engine extends Hosting implements RunView, RunMeasurements, ServedRun {
  readonly budget: RunBudget;
  readonly root: GraphScope;
  readonly limits: LiveLimits;
  readonly releases: Releases;
  status: RunStatus = 'idle';
  /** What the run comes to: a record of outputs, or an error. */
  result: unknown;
  hasResult = false;
  isOver = false;
  startedAt = Number.NaN;
  endedAt = Number.NaN;
  /** Called in the order of its methods, once each. */
  ends: RunEnds | undefined;
  readonly retries: Retries;
  protected readonly kept: Keeping | undefined;
  readonly #outerStops = new OuterStops();
  readonly #finalTerms: FinalCallTerms;
  #isWrappingUp = false;
  /** Whether the store is being opened, or closed. */
  #isOpening = false;
  #hasTold = false;
  /** Of each class, how much was taken times how long, once the run is over. */
  #takenMs: ReadonlyMap<string, number> | undefined;
  /** The outcome, once only releases are waited for. */
  #outcome: 'completed' | RunOutcome | undefined;

  /** @throws ResourceLimitError where a step demands more than there can be */
  constructor(blueprint: Blueprint, settings: RunSettings) {
    super(blueprint, settings);
    const after = this.after.bind(this);
    const wake = this.wake.bind(this);
    this.#finalTerms = { after, wake, gracePeriod: settings.gracePeriod };
    this.retries = new Retries(after, settings.random, this.report, this.slice);
    this.releases = new Releases(this, this.#finalTerms, () => {
      this.#endIfDone();
    });
    this.kept = settings.keeping?.(this);
    const { inputs, onFailure } = settings;
    const root = { depth: 0, parentRow: nobody, parentScope: undefined };
    this.budget = new RunBudget(blueprint, settings, root, this.slice, settings.share?.(this));
    this.root = new GraphScope(this, { blueprint, inputs, onFailure, pick: undefined }, undefined, undefined);
    const { turns } = this.budget;
    if (turns !== undefined) {
      turns.isGone = (row) => this.table.isSettled(row);
      turns.isUncertain = (row) =>
        this.root.edges?.isDormant(row) === true || this.root.groups?.isMember(row) === true;
    }
    this.limits = new LiveLimits(this.budget, blueprint, this.table, settings.clock, {
      after,
      room: () => {
        this.goOn();
      },
      nestedDemands: () => [...this.nested].flatMap((scope) => scope.demands()),
    });
  }

  // What a user asks of it.

  /** Starts the run: it begins, unless it has to wait for others with which it shares limits. */
  launch(): void {
    if (this.status !== 'idle') return;
    this.status = 'running';
    const { share } = this.budget;
    if (share === undefined) {
      this.loop.settleIn();
    } else {
      this.nesting = share.nesting();
      this.nesting.markRun(() => {
        this.loop.settleIn();
      });
    }
    this.wake(() => {
      if (share === undefined || this.#enter(share)) this.#takeUp();
      this.review(this.root);
    });
  }

  begin(): void {
    this.wake(() => {
      if (this.status !== 'waiting') return;
      this.budget.share?.useEntry();
      this.status = 'running';
      this.listener?.runChanged?.();
      this.#takeUp();
      this.review(this.root);
    });
  }

  /** Begins: where the run is kept, once the store has it. */
  #takeUp(): void {
    this.startedAt = this.now;
    const { kept } = this;
    if (kept === undefined) {
      this.#begin(false);
      return;
    }
    this.#outerStops.attach(this.settings, this);
    this.#isOpening = true;
    this.root.isRecalling = true;
    kept.open((opening) => {
      this.#isOpening = false;
      this.root.isRecalling = false;
      this.#opened(kept, opening);
    });
  }

  #opened(kept: Keeping, opening: Opening): void {
    if (!('refused' in opening)) this.keeping = kept;
    else if (opening.refused !== undefined)
      this.halt(this.root, { kind: 'failed', error: opening.refused, drain: false });
    // Whoever has cancelled it meanwhile waits for its end.
    if (this.#outcome === undefined) this.#begin('isResumed' in opening && opening.isResumed);
    else this.#endIfDone();
  }

  #begin(isResumed: boolean): void {
    this.#tellStart(isResumed);
    if (this.root.stopped === undefined) this.#outerStops.attach(this.settings, this);
    if (this.root.stopped === undefined) {
      this.limits.follow((change) => {
        this.wake(() => {
          if (this.root.stopped === undefined && !this.isOver)
            change((changed) => {
              this.report.limitsChanged(changed);
              this.listener?.runChanged?.();
            });
        });
      }, this.startedAt);
      this.root.launch();
    }
    this.review(this.root);
  }

  #tellStart(isResumed: boolean): void {
    if (this.#hasTold) return;
    this.#hasTold = true;
    this.report.runStarted(this.blueprint, isResumed);
    for (const [given, demanded] of this.settings.misspelt)
      this.report.misspelt(this.#demanderOf(demanded), given, demanded);
    this.nesting?.warn();
  }

  /** Joins those with whom it shares limits; false where it doesn't begin now. */
  #enter(share: Share): boolean {
    try {
      share.attach();
      if (share.hasChanged) {
        for (const budget of share.budgets) this.checkLimits((name) => budget.limitOf(name), budget.label);
        this.#followLimits();
      }
      this.budget.joinShared();
    } catch (error) {
      this.halt(this.root, { kind: 'failed', error, drain: false });
      return false;
    }
    const entry = share.enter();
    if (entry === 'begins') return true;
    if (entry === 'waits') {
      this.status = 'waiting';
      this.listener?.runChanged?.();
      this.report.runWaiting(this.blueprint, share.runsWaiting);
      this.nesting?.warn();
      if (this.root.stopped === undefined) this.#outerStops.attach(this.settings, this);
      return false;
    }
    const error = entry.refusedBy.refusalOf(this);
    this.halt(this.root, { kind: 'failed', error, drain: false });
    return false;
  }

  cancel(reason: unknown, drain = false): void {
    this.#cancel(reason, drain, undefined);
  }

  cancelLike(token: CancellationToken): void {
    this.#cancel(token.reason, false, token);
  }

  #cancel(reason: unknown, drain: boolean, by: CancellationToken | undefined): void {
    if (this.#isWrappingUp) return;
    if (this.status === 'idle') this.loop.settleIn();
    this.loop.perform(() => {
      const what = `run '${this.settings.runId}'`;
      if (!drain && this.root.stopped === undefined) {
        if (by === undefined) this.token.cancel(reason);
        else this.token.cancelLike(by);
      }
      const error = this.token.isCancelled
        ? this.token.error(what)
        : new CancelledError(reason, what, this.token.id);
      this.halt(this.root, { kind: 'cancelled', error, drain });
    });
  }

  timeOut(timeoutMs: number): void {
    if (!this.#isWrappingUp) this.failWith(new WorkflowTimeoutError(this.blueprint.name, timeoutMs));
  }

  failWith(error: unknown): void {
    this.wake(() => {
      this.halt(this.root, { kind: 'failed', error, drain: false });
    });
  }

  /** Holds back what would start, of one class or at all, until it is resumed. */
  pause(resource: string | undefined): void {
    this.#change(() => {
      this.limits.pause(resource, () => {
        this.report.paused(resource);
      });
    });
  }

  resume(resource: string | undefined): void {
    this.#change(() => {
      this.limits.resume(resource, () => {
        this.report.resumed(resource);
      });
    });
  }

  setLimits(limits: Limits): void {
    this.#change(() => {
      this.limits.change(limits, this.startedAt, this.now, (changed) => {
        this.report.limitsChanged(changed);
      });
    });
  }

  checkLimits(limitOf: (name: string) => LimitChange | undefined, label: string): void {
    this.limits.checkShared(limitOf, label);
  }

  followLimits(): void {
    this.#change(() => {
      this.#followLimits();
    });
  }

  #followLimits(): void {
    this.limits.followShared(this.startedAt, this.now, (changed) => {
      this.report.limitsChanged(changed);
    });
  }

  /** @returns whether there is such a step */
  cancelStep(id: string, reason: unknown): boolean {
    const found = this.#find(id);
    if (found === undefined) return false;
    this.loop.perform(() => {
      this.cancelRowAlone(found.scope, found.row, reason);
    });
    return true;
  }

  metrics(): RunMetrics {
    return measure(this, this.isOver ? this.endedAt : this.clock.now());
  }

  // What the loop asks for.

  protected override carryOut(scope: Scope): void {
    if (scope === this.root) {
      // What is cancelled has been told of before.
      if (this.#isOpening) this.#tellStart(false);
      this.status = 'stopping';
      this.retries.clear();
      this.limits.close();
      this.budget.share?.leaveLine();
    }
    super.carryOut(scope);
  }

  look(scope: Scope): void {
    if (scope.isOver) {
      this.#leaveBehind(scope);
      return;
    }
    const succeeds = scope.stopped === undefined && scope.failed === 0;
    if (!scope.isClosed || scope.open > (succeeds ? scope.unneeded : 0)) return;
    scope.isOver = true;
    scope.clearTimeout?.();
    if (scope === this.root) this.#isWrappingUp = true;
    if (succeeds) this.#succeed(scope);
    else this.#undo(scope);
  }

  rest(): void {
    this.keeper?.flush();
    // Where it rests although it could go on, others may.
    this.budget.share?.passed();
    this.watchAbandoned();
    this.suspectStandstill();
  }

  /** A fault of the engine's own, or of the host, must not leave anyone waiting for ever. */
  fault(bug: unknown): void {
    this.#isWrappingUp = true;
    this.status = 'failed';
    this.result =
      bug instanceof InvariantError
        ? new EngineFaultError(bug.message, this.table.storyOf(this.current), { cause: bug })
        : bug;
    this.endedAt = this.now;
    this.hasResult = true;
    this.isOver = true;
    this.root.isOver = true;
    this.#outerStops.detach();
    this.limits.close();
    this.retries.clear();
    this.token.cancel(bug);
    this.keeper?.end('failed', this.result, () => undefined);
    this.nesting?.end();
    this.ends?.resulted();
    this.ends?.ended();
    this.budget.share?.breakOff();
  }

  // The end of a scope.

  #succeed(scope: Scope): void {
    scope.handOn();
    if (scope.hasUndoing && scope.parent !== undefined) {
      scope.parent.scope.hasUndoing = true;
      this.keeping?.noteUndoing(scope.parent);
    }
    if (scope.parent === undefined) {
      this.#outcome = 'completed';
      this.releases.closeAll(scope.undoing.takeOpened());
      this.#endIfDone();
      return;
    }
    scope.parent.completed(scope.result());
    this.#leaveBehind(scope);
  }

  #undo(scope: Scope): void {
    const undone = scope.takeUndone();
    // Who asks why has to look at all that is above: a great depth of scopes with nothing to undo must not.
    const outcome = undone.length > 0 || scope === this.root ? this.#outcomeOf(scope) : 'cancelled';
    const calls = undone.map((done) => ({
      call: () => done.definition.settings.cleanup?.(done.output, outcome),
      failed: (error: unknown) => {
        this.report.cleanUpFailed(done.stepId(), done.attempt, error);
      },
      endless: () => {
        this.report.endless('cleanup', done.stepId(), done.attempt, this.gracePeriod);
      },
    }));
    this.#forgetUndone(undone, () => {
      this.#undoAll(scope, calls, outcome);
    });
  }

  /** What was undone must not be taken for done by the next run: that is written down first. */
  #forgetUndone(undone: readonly Done[], then: () => void): void {
    if (this.keeper === undefined || undone.length === 0) then();
    else
      this.keeper.forgetUndone(
        undone.map(({ stepId }) => stepId()),
        then,
      );
  }

  #undoAll(scope: Scope, calls: readonly FinalCall[], outcome: RunOutcome): void {
    callInTurn(calls, this.#finalTerms, () => {
      scope.closeAll();
      if (scope.parent === undefined) {
        this.#outcome = outcome;
        this.#endIfDone();
        return;
      }
      this.#failParent(scope, scope.parent);
      this.#leaveBehind(scope);
    });
  }

  /** What clean-ups are told: the work of a step may be stopped because another one failed. */
  #outcomeOf(scope: Scope): RunOutcome {
    if (scope.parent?.isStopping === true)
      return scope.parent.outcome === 'failed' || scope.isFailing ? 'failed' : 'cancelled';
    return scope.stopped === undefined || scope.stopped.kind === 'failed' ? 'failed' : 'cancelled';
  }

  /** The step whose work it was ends as its work did. */
  #failParent(scope: Scope, parent: StepAttempt): void {
    const { stopped } = scope;
    if (parent.isStopping) parent.stopped();
    else if (stopped?.kind === 'cancelled') parent.cancelledWithin(stopped.error);
    else if (stopped?.kind === 'told')
      parent.cancelledWithin(
        new CancelledError(stopped.reason, `the work of step '${parent.stepId}'`, this.token.id),
      );
    else parent.failed(stopped === undefined ? scope.failure() : stopped.error);
  }

  /** Once its last row has stopped, nobody knows a scope any more. */
  #leaveBehind(scope: Scope): void {
    if (scope.open > 0) return;
    // Whoever looks again must not free rows that are others' by now.
    if (scope.parent !== undefined && this.nested.delete(scope)) scope.free();
    this.#endIfDone();
  }

  // The end of the run.

  #endIfDone(): void {
    const outcome = this.#outcome;
    if (outcome === undefined || this.releases.pending > 0 || this.isOver || this.#isOpening) return;
    if (!this.hasResult) this.#settleResult(outcome);
    if (this.table.unneeded.size > 0) {
      this.#giveResult();
      return;
    }
    const { keeper } = this;
    if (keeper === undefined) {
      this.#end(outcome);
      return;
    }
    this.keeping = undefined;
    this.#isOpening = true;
    keeper.end(outcome, this.result, () => {
      this.#isOpening = false;
      this.#end(outcome);
    });
  }

  #end(outcome: 'completed' | RunOutcome): void {
    this.isOver = true;
    this.endedAt = this.now;
    // What abandoned bodies hold from now on isn't the run's any more.
    this.#takenMs = new Map(
      Array.from(this.budget.classes.entries(), ([name, place]) => [
        name,
        this.budget.admission.takenMs(place, this.endedAt),
      ]),
    );
    this.budget.share?.detach();
    this.nesting?.end();
    if (Number.isNaN(this.startedAt)) this.startedAt = this.now;
    if (this.settings.history !== undefined) noteInHistory(this.settings.history, this);
    this.report.runEnded(outcome, this.endedAt - this.startedAt, this.result);
    // Whoever follows the events hears of the end before the result, also where handling one brought it about.
    this.progress.whenDelivered(() => {
      this.#giveResult();
      this.ends?.ended();
    });
  }

  #hasGiven = false;

  #giveResult(): void {
    if (this.#hasGiven) return;
    this.#hasGiven = true;
    this.ends?.resulted();
  }

  #settleResult(outcome: 'completed' | RunOutcome): void {
    const { root } = this;
    this.hasResult = true;
    this.#outerStops.detach();
    this.limits.close();
    const isComplete = outcome === 'completed';
    if (root.stopped !== undefined) this.token.cancel(reasonOf(root.stopped));
    const outputs = root.outputs(isComplete);
    const completed = isComplete ? {} : root.keptOutputs();
    this.#letGoOfRest(isComplete);
    this.status = outcome;
    this.result = isComplete
      ? outputs
      : failedWith(this.blueprint.name, stopOfRun(root.stopped), root.failures, () => ({
          metrics: this.metrics(),
          outputs,
          completed,
        }));
  }

  /** Lets go of everything but the workflow's outputs. */
  #letGoOfRest(isComplete: boolean): void {
    const { table, blueprint } = this;
    if (isComplete) {
      // Everything else had its last consumer.
      const { cleanedUp } = blueprint;
      table.release(0, Uint32Array.from(cleanedUp), 0, cleanedUp.length);
      return;
    }
    const kept = new Set(blueprint.outputs.values());
    for (let step = 0; step < blueprint.graph.size; step++)
      if (table.status[step] === status.completed && !kept.has(step)) table.outputs[step] = released;
  }

  // What others may look at.

  get isUnderWay(): boolean {
    return this.status !== 'idle' && this.status !== 'waiting' && !this.isOver;
  }

  get isInLine(): boolean {
    return this.budget.share?.isInLine === true;
  }

  get isPaused(): boolean {
    return this.limits.isPaused;
  }

  get pausedResources(): readonly string[] {
    return this.limits.pausedResources;
  }

  get resources(): Record<string, { readonly taken: number; readonly limit: number }> {
    return this.budget.usage();
  }

  statusOf(step: number): StepStatus {
    const current = this.table.status[step] as number;
    // Who has handed its work over, or is told to stop, is at it still.
    if (current === status.hosting || current === status.stopping || current === status.keeping)
      return 'running';
    if (current === status.looking) return 'ready';
    return statusNames[current] as StepStatus;
  }

  originOf(step: number): Origin | undefined {
    return this.origins.get(step);
  }

  attemptsOf(step: number): number {
    return this.table.attemptsOf(step);
  }

  startedAtOf(step: number): number {
    return this.table.startedAt[step] as number;
  }

  endedAtOf(step: number): number {
    return this.table.endedAt[step] as number;
  }

  lastStartOf(step: number): number {
    return this.table.lastStartOf(step);
  }

  waitedOf(step: number): Waited | undefined {
    return this.table.waitedOf(step);
  }

  offloadedAtOf(step: number): number | undefined {
    return this.table.offloadedAt.get(step);
  }

  get reasonChanges(): number {
    return this.budget.admission.lackChanges + this.limits.pauses;
  }

  waitingForOf(step: number): WaitReason | number | undefined {
    switch (this.table.status[step]) {
      case status.waiting:
        return this.root.waitsFor(step);
      case status.ready:
        return this.budget.reasons.now(this.budget.shapeOf(this.root.standingFor(step)));
      case status.looking:
        return forCache;
      case status.retrying: {
        const until = this.retries.untilOf(step);
        return until === undefined ? undefined : { kind: 'back-off', until };
      }
      case status.running: {
        const { isOffloaded } = this.root.definitionOf(step).settings;
        return isOffloaded && !this.table.offloadedAt.has(step) ? forWorker : undefined;
      }
      default:
        return undefined;
    }
  }

  waits(): readonly Waits[] {
    const found = new Map<WaitReason, { count: number; row: Row }>();
    for (const { shape, first, count } of this.budget.admission.waits()) {
      const reason = this.budget.reasons.now(shape);
      const known = found.get(reason);
      if (known === undefined) found.set(reason, { count, row: first });
      else {
        known.count += count;
        if (this.budget.order.before(first, known.row)) known.row = first;
      }
    }
    const most = [...found].sort(([, left], [, right]) => right.count - left.count);
    return most.map(([reason, { count, row }]) => {
      const scope = this.scopeOf(row);
      return { for: reason, count, first: scope.idOf(scope.definitionOf(row)) };
    });
  }

  fractionOf(step: number): number | undefined {
    return this.table.fractions.get(step);
  }

  childrenOf(step: number): ChildCounts | undefined {
    return this.countsOf(step)?.counts();
  }

  busyOf(step: number, now: number): number {
    return this.table.busyOf(step, now);
  }

  readyByOf(step: number): number | undefined {
    const by = this.table.readyBy[step] as number;
    return by === nobody ? undefined : by;
  }

  runningMs(now: number): number {
    return this.runningTime.until(now);
  }

  resourceUse(now: number): readonly ResourceUse[] {
    const { admission, classes } = this.budget;
    const startedAt = Number.isNaN(this.startedAt) ? now : this.startedAt;
    return Array.from(classes.entries(), ([name, place]) => ({
      name,
      limit: admission.capacities[place] ?? 0,
      peak: admission.peaks[place] ?? 0,
      takenMs: this.#takenMs?.get(name) ?? admission.takenMs(place, now),
      capacityMs: this.limits.capacityMs(name, startedAt, now),
    }));
  }

  /** The output of a step; `released` once it isn't kept any more. */
  outputOf(step: number): unknown {
    return this.table.outputs[step];
  }

  /** Why a step has no output: its own failure, that of a step it needs, or the end of the run. */
  failureOf(step: number): Error {
    const id = this.blueprint.graph.ids[step] ?? '';
    const skip = this.root.edges?.skipOf(step);
    if (skip !== undefined && skip.reason !== 'failed')
      return new StepSkippedError(id, skip.because, skip.reason);
    const ancestors = failedAncestors(this.blueprint.graph, this.table.status, step);
    const failure = [...this.root.errors].find(([failed]) => ancestors.has(failed))?.[1];
    if (failure !== undefined) return failure;
    const { stopped } = this.root;
    return stopped?.kind === 'cancelled'
      ? stopped.error
      : new CancelledError(stopped?.kind === 'failed' ? stopped.error : undefined, `step '${id}'`);
  }

  #change(change: () => void): void {
    // What can't be done is thrown to who asks for it.
    this.enter();
    this.within(() => {
      change();
      this.listener?.runChanged?.();
      this.loop.turn();
    });
  }

  #demanderOf(resource: string): string {
    const { steps } = this.blueprint;
    const demands = ({ settings }: StepDefinition): boolean => Object.hasOwn(settings.demand, resource);
    return ((steps.find(demands) ?? steps[0]) as StepDefinition).id;
  }

  /** The steps that aren't settled, at whatever level, and how messages call them. */
  *unsettled(): Iterable<{ readonly status: string; readonly shownId: () => string }> {
    for (const scope of [this.root, ...this.nested])
      for (const row of scope.rows())
        if (!this.table.isSettled(row))
          yield {
            status: statusNames[this.table.status[row] as number] as string,
            shownId: () => scope.shownId(scope.definitionOf(row)),
          };
  }

  #find(id: string): { readonly scope: Scope; readonly row: Row } | undefined {
    const root = this.blueprint.graph.indexOf(id);
    if (root !== undefined) return { scope: this.root, row: root };
    for (const scope of this.nested)
      for (const row of scope.rows()) if (scope.idOf(scope.definitionOf(row)) === id) return { scope, row };
    return undefined;
  }
}

const forCache: WaitReason = Object.freeze({ kind: 'cache' });
const forWorker: WaitReason = Object.freeze({ kind: 'worker' });

/** A run is told to stop by nobody above it. */
function stopOfRun(stop: Stop | undefined): Exclude<Stop, { kind: 'told' }> | undefined {
  return stop?.kind === 'told' ? undefined : stop;
}
