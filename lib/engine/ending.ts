// Long because a scope and the run end in one order, in which each thing waits for the one before.
import { CancelledError } from '../base/errors.ts';
import { InvariantError } from '../base/invariant.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { RunOutcome } from '../definition/step-options.ts';
import { noteInHistory } from '../observe/history.ts';
import { measure, type RunMetrics } from '../observe/metrics.ts';
import type { RunStatus } from '../observe/run-view.ts';
import { EngineFaultError } from './engine-fault-error.ts';
import { EngineView } from './engine-view.ts';
import { callInTurn, type FinalCall, type FinalCallTerms } from './final-calls.ts';
import type { GraphScope } from './graph-scope.ts';
import { Hosting } from './hosting.ts';
import type { LiveLimits } from './live-limits.ts';
import { OuterStops } from './outer-stops.ts';
import { Releases } from './releases.ts';
import { Retries } from './retries.ts';
import type { RunSettings } from './run-settings.ts';
import type { Scope, StepAttempt } from './scope.ts';
import { released } from './step-table.ts';
import { failedWith, reasonOf, type Stop } from './stop.ts';
import { status } from './transitions.ts';
import type { Done } from './undoing.ts';

/** Who is told of how a run ends. */
export interface RunEnds {
  /** What it comes to is there. */
  resulted(): void;
  /** Nothing is left to happen. */
  ended(): void;
}

/**
 * How what was begun comes to its end: a scope, once no row of it is open, and the run, with its root.
 *
 * The end comes in one order: bodies have stopped, clean-ups have run, the last event, the result, `ended`. Where it succeeds, bodies
 * that nobody needs any more hold up the last event and `ended` alone.
 */
export abstract class Ending extends Hosting {
  abstract override readonly root: GraphScope;
  abstract readonly limits: LiveLimits;
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
  protected readonly outerStops = new OuterStops();
  readonly #finalTerms: FinalCallTerms;
  protected isWrappingUp = false;
  /** Whether the store is being opened, or closed. */
  protected isOpening = false;
  /** Of each class, how much was taken times how long, once the run is over. */
  takenMs: ReadonlyMap<string, number> | undefined;
  #hasGiven = false;
  #view: EngineView | undefined;
  /** The outcome, once only releases are waited for. */
  protected outcome: 'completed' | RunOutcome | undefined;

  constructor(blueprint: Blueprint, settings: RunSettings) {
    super(blueprint, settings);
    const after = this.after.bind(this);
    const wake = this.wake.bind(this);
    this.#finalTerms = { after, wake, gracePeriod: settings.gracePeriod };
    this.retries = new Retries(after, settings.random, this.report, this.slice);
    this.releases = new Releases(this, this.#finalTerms, () => {
      this.endIfDone();
    });
  }

  /** How it and its own steps stand, for those who only look. */
  get view(): EngineView {
    this.#view ??= new EngineView(this);
    return this.#view;
  }

  metrics(): RunMetrics {
    return measure(this.view, this.isOver ? this.endedAt : this.clock.now());
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
    if (scope === this.root) this.isWrappingUp = true;
    if (succeeds) this.#succeed(scope);
    else this.#undo(scope);
  }

  /** A fault of the engine's own, or of the host, must not leave anyone waiting for ever. */
  fault(bug: unknown): void {
    this.isWrappingUp = true;
    this.status = 'failed';
    this.result =
      bug instanceof InvariantError
        ? new EngineFaultError(bug.message, this.table.storyOf(this.current), { cause: bug })
        : bug;
    this.endedAt = this.now;
    this.hasResult = true;
    this.isOver = true;
    this.root.isOver = true;
    this.outerStops.detach();
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
      this.outcome = 'completed';
      this.releases.closeAll(scope.undoing.takeOpened());
      this.endIfDone();
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
        this.outcome = outcome;
        this.endIfDone();
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
    this.endIfDone();
  }

  // The end of the run.

  protected endIfDone(): void {
    const outcome = this.outcome;
    if (outcome === undefined || this.releases.pending > 0 || this.isOver || this.isOpening) return;
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
    this.isOpening = true;
    keeper.end(outcome, this.result, () => {
      this.isOpening = false;
      this.#end(outcome);
    });
  }

  #end(outcome: 'completed' | RunOutcome): void {
    this.isOver = true;
    this.endedAt = this.now;
    // What abandoned bodies hold from now on isn't the run's any more.
    this.takenMs = new Map(
      Array.from(this.budget.classes.entries(), ([name, place]) => [
        name,
        this.budget.admission.takenMs(place, this.endedAt),
      ]),
    );
    this.budget.share?.detach();
    this.nesting?.end();
    if (Number.isNaN(this.startedAt)) this.startedAt = this.now;
    if (this.settings.history !== undefined) noteInHistory(this.settings.history, this.view);
    this.report.runEnded(outcome, this.endedAt - this.startedAt, this.result);
    // Whoever follows the events hears of the end before the result, also where handling one brought it about.
    this.progress.whenDelivered(() => {
      this.#giveResult();
      this.ends?.ended();
    });
  }

  #giveResult(): void {
    if (this.#hasGiven) return;
    this.#hasGiven = true;
    this.ends?.resulted();
  }

  #settleResult(outcome: 'completed' | RunOutcome): void {
    const { root } = this;
    this.hasResult = true;
    this.outerStops.detach();
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
}

/** A run is told to stop by nobody above it. */
function stopOfRun(stop: Stop | undefined): Exclude<Stop, { kind: 'told' }> | undefined {
  return stop?.kind === 'told' ? undefined : stop;
}
