// Long because every change of a row's status is made here, and nowhere else.
import type { Demand } from '../admission/demand.ts';
import { Attempt } from '../attempt/attempt.ts';
import { CancelledError } from '../base/errors.ts';
import { StepFailedError } from '../observe/failures.ts';
import type { Origin, SkipReason } from '../observe/progress-event.ts';
import { leastWaitMs, type Waited } from '../observe/wait-reason.ts';
import type { Nesting } from '../sharing/nesting.ts';
import { StepSkippedError } from './branching-errors.ts';
import { EngineCore } from './core.ts';
import type { Keeper } from './keeper.ts';
import type { Keeping } from './keeping.ts';
import type { RecallingScope } from './kept-outputs.ts';
import type { Releases } from './releases.ts';
import type { Retries } from './retries.ts';
import type { RowShape } from './row-rules.ts';
import type { FanOut, Scope, ScopeRun, StepAttempt } from './scope.ts';
import type { Skip } from './skip.ts';
import { nobody, type Row } from './step-table.ts';
import type { Stop } from './stop.ts';
import { status } from './transitions.ts';
import type { Done } from './undoing.ts';

/**
 * What becomes of a row, from the moment it is ready. There is one way for all rows, whatever they belong to.
 *
 *     makeReady ─▶ start ─▶ settle ─▶ complete · tryAgain · fail · cancel
 *                                        skip
 *
 * The order at an end: the table, what was held, who is needed no more, the event, then those who need the row.
 */
export abstract class Lifecycle extends EngineCore implements ScopeRun {
  abstract readonly retries: Retries;
  abstract readonly releases: Releases;
  /** Tells others which of its steps has started them; absent where it shares nothing with anybody. */
  protected nesting: Nesting | undefined;
  #starting: StepAttempt | undefined;
  #completions = 0;

  abstract halt(scope: Scope, stop: Stop): void;
  abstract drop(scope: Scope, row: Row, because: string): void;
  abstract pull(fanOut: FanOut): void;
  abstract enterChild(scope: Scope, row: Row, place: number): void;
  abstract readonly abandonedAttempts: ReadonlySet<StepAttempt>;
  abstract readonly isAtStandstill: boolean;
  /** Of the run's own steps, where the outputs come from that no attempt has made. */
  readonly origins = new Map<Row, Origin>();
  /** Once the store is open. */
  protected keeping: Keeping | undefined;

  get keeper(): Keeper | undefined {
    return this.keeping?.keeper;
  }

  recall(scope: RecallingScope, launch: () => void): boolean {
    this.keeping?.recall(scope, launch);
    return this.keeping !== undefined;
  }

  isOverdue(): boolean {
    this.slice.advance();
    return this.slice.isOver;
  }

  // Ready.

  makeReady(scope: Scope, row: Row, by: Row): void {
    // Whoever was asked or told on the way here may have settled it.
    if (this.table.isSettled(row)) return;
    if (by !== nobody) this.table.readyBy[row] = by;
    if (this.keeping?.mayHave(scope, row) === true) this.#lookUp(scope, row);
    else this.#compete(scope, row, by);
  }

  #compete(scope: Scope, row: Row, by: Row): void {
    let shape: RowShape;
    try {
      shape = scope.shapeOf(row);
    } catch (error) {
      this.fail(scope, row, error, by);
      return;
    }
    this.noteReady(scope, row, shape);
    this.budget.admission.enqueue(row, shape);
  }

  /** It may have been done before. */
  #lookUp(scope: Scope, row: Row): void {
    this.table.transition(row, status.looking);
    this.changed(scope, row);
    this.keeping?.lookUp(scope, row, {
      found: (output, kept) => {
        this.table.transition(row, status.keeping);
        kept(() => {
          this.complete(scope, row, output, 'cached');
        });
      },
      unknown: () => {
        this.#compete(scope, row, nobody);
      },
      refused: (error) => {
        this.fail(scope, row, error, nobody);
      },
    });
  }

  noteReady(scope: Scope, row: Row, shape: RowShape): void {
    this.table.transition(row, status.ready);
    this.table.readyAt[row] = this.slice.now;
    if (scope.parent !== undefined) this.budget.enter(row, shape);
    if (this.listener !== undefined) this.changed(scope, row);
  }

  withdraw(row: Row): void {
    this.budget.admission.remove(row);
  }

  enqueue(row: Row): void {
    this.budget.admission.enqueue(row);
  }

  // Start.

  start(row: Row): void {
    this.current = row;
    const scope = this.scopeOf(row);
    if (!scope.startGroup(row)) this.#begin(scope, row);
  }

  startTogether(scope: Scope, rows: readonly Row[]): void {
    for (const row of rows) {
      // One that has just started may have stopped the others.
      if (scope.stopped === undefined && this.table.status[row] === status.ready) this.#begin(scope, row);
      else this.budget.admission.giveBack(this.budget.ownShapeOf(row));
    }
  }

  #begin(scope: Scope, row: Row): void {
    const { table } = this;
    const { now } = this.slice;
    const waitedMs = now - (table.readyAt[row] as number);
    const waited = waitedMs >= leastWaitMs ? this.#waited(row, waitedMs) : undefined;
    const number = table.startAttempt(row, now);
    if (waited !== undefined && number === 1 && scope.parent === undefined) table.noteWait(row, waited);
    const { fanOut } = scope;
    const definition = scope.definitionOf(row);
    const shape = this.budget.shapeOf(row);
    const attempt: StepAttempt = new Attempt(this, scope, row, number, definition, shape);
    // It runs in what another holds.
    if (fanOut?.isLent(row) === true) this.giveBack(attempt);
    this.attempts[row] = attempt;
    this.runningTime.change(1, now);
    if (scope.counts !== undefined) scope.counts.started(number > 1);
    if (this.listener !== undefined) this.changed(scope, row);
    if (this.progress.observed) this.#tellStart(attempt, waited);
    fanOut?.started(row);
    this.#starting = attempt;
    this.beforeCall();
    if (this.nesting === undefined) attempt.start();
    else this.nesting.start(attempt);
    this.#starting = undefined;
    // What ends at once needs no queue.
    if (attempt.isOver) this.settle(attempt);
  }

  #tellStart(attempt: StepAttempt, waited: Waited | undefined): void {
    const { scope, row } = attempt;
    const holds = this.budget.holdings(attempt.holds);
    this.report.stepStarted(attempt, holds, this.#readyByOf(scope, row), waited);
  }

  #waited(row: Row, ms: number): Waited {
    return {
      ms,
      for: this.budget.reasons.of(this.budget.waitingShapeOf(row), this.table.readyAt[row] as number),
    };
  }

  #readyByOf(scope: Scope, row: Row): string | undefined {
    const by = this.table.readyBy[row] as Row;
    return by === nobody ? undefined : scope.idOf(scope.definitionOf(by));
  }

  // Over.

  over(attempt: StepAttempt): void {
    if (attempt === this.#starting) return;
    this.loop.over(attempt);
  }

  settle(attempt: StepAttempt): void {
    const { row, scope, holds } = attempt;
    const { table } = this;
    const { now } = this.slice;
    this.current = row;
    this.attempts[row] = undefined;
    table.endedAt[row] = now;
    if (!attempt.isHosting) this.runningTime.change(-1, now);
    if (scope.counts !== undefined) scope.counts.ended();
    if (attempt.isAbandoned) this.abandon(attempt);
    else if (holds !== undefined) this.giveBack(attempt);
    if (attempt.outcome === 'completed' && this.keeping === undefined) this.#complete(attempt);
    else if (attempt.outcome === 'completed') this.#keep(attempt, this.keeping as Keeping, holds);
    else if (attempt.outcome === 'cancelled') this.cancelRow(scope, row, attempt);
    else this.#failed(attempt);
  }

  discarded({ definition, scope, number }: StepAttempt, output: unknown): void {
    if (definition.settings.release === undefined) return;
    this.releases.discard(definition, () => scope.idOf(definition), output, number);
  }

  /** What an attempt has taken comes back. */
  giveBack(attempt: StepAttempt): void {
    const { holds } = attempt;
    if (holds === undefined) return;
    attempt.holds = undefined;
    this.budget.admission.giveBack(holds);
  }

  /** An attempt is given up: it keeps what it holds. */
  protected abstract abandon(attempt: StepAttempt): void;

  /** It has completed once that is sure to stay; of a child, that of its fan-out is enough. */
  #keep(attempt: StepAttempt, keeping: Keeping, held: RowShape | undefined): void {
    if (keeping.keepsLater(attempt)) {
      this.#complete(attempt);
      return;
    }
    this.table.transition(attempt.row, status.keeping);
    // Others may have it before they hear of the end.
    if (held !== undefined && held.classes.length > 0 && !attempt.isAbandoned)
      this.report.holdsChanged(attempt, nothing);
    keeping.keep(attempt);
  }

  stays(attempt: StepAttempt): void {
    this.#complete(attempt);
  }

  #complete(attempt: StepAttempt): void {
    const { scope, row, result, definition } = attempt;
    const { table } = this;
    table.outputs[row] = result;
    const { cleanup, release } = definition.settings;
    if (cleanup !== undefined || release !== undefined) {
      const stepId = (): string => scope.idOf(definition);
      const done = {
        definition,
        stepId,
        output: result,
        attempt: attempt.number,
        order: ++this.#completions,
      };
      if (cleanup !== undefined) this.#mayUndo(scope, done);
      if (release !== undefined) this.releases.opened(scope, row, done);
    }
    this.#close(scope, row, status.completed, 'completed');
    if (this.progress.observed)
      this.report.stepCompleted(attempt, (table.endedAt[row] as number) - table.lastStartOf(row));
    scope.fanOut?.completed(row, result);
    this.#spread(scope, row);
  }

  #mayUndo(scope: Scope, done: Done): void {
    scope.undoing.add(done);
    scope.hasUndoing = true;
  }

  /** @param order - when an earlier process of this run has made it, among all that it has; absent of what others have made */
  complete(scope: Scope, row: Row, output: unknown, origin: Origin, order?: number): void {
    const definition = scope.definitionOf(row);
    const { cleanup } = definition.settings;
    // What an earlier run has done is this one's to undo; what others did isn't.
    if (order !== undefined && cleanup !== undefined) {
      const stepId = (): string => scope.idOf(definition);
      this.#mayUndo(scope, { definition, stepId, output, attempt: 0, order: order - earlier });
    }
    this.table.outputs[row] = output;
    if (scope.parent === undefined) this.origins.set(row, origin);
    this.#close(scope, row, status.completed, 'completed');
    if (this.progress.observed) this.report.stepKnown(scope.idOf(definition), origin);
    scope.fanOut?.completed(row, output);
    this.#spread(scope, row);
  }

  #failed(attempt: StepAttempt): void {
    const { scope, row } = attempt;
    const error = attempt.result;
    // Told to stop for its timeout, and needed by nobody before it had: that is no failure.
    if (this.table.unneeded.size > 0 && this.table.unneeded.has(row)) {
      this.cancelRow(scope, row, attempt);
      return;
    }
    if (error instanceof CancelledError && this.isOwnCancel(attempt, error)) {
      // A step that cancels itself leaves an output that will never come: nobody failed, but nobody can go on.
      if (scope.stopped === undefined) this.halt(scope, { kind: 'cancelled', error, drain: false });
      this.cancelRow(scope, row, attempt);
      return;
    }
    if (!scope.mayRetry(row)) {
      this.#fail(attempt, error);
      return;
    }
    const verdict = this.retries.verdictOn(attempt);
    if (verdict.delayMs === undefined) this.#fail(attempt, verdict.error);
    // Whoever was asked whether to try again may have cancelled the run.
    else if (scope.stopped === undefined) this.#tryAgain(attempt, verdict.delayMs);
    else this.#fail(attempt, error);
  }

  /** Whether an error tells of a cancel of this run, and not of another one. */
  protected abstract isOwnCancel(attempt: StepAttempt, error: CancelledError): boolean;

  #tryAgain(attempt: StepAttempt, delayMs: number): void {
    const { scope, row } = attempt;
    this.table.transition(row, status.retrying);
    this.table.fractions.delete(row);
    scope.counts?.waits();
    this.changed(scope, row);
    this.report.stepRetrying(attempt, delayMs, this.#heldBy(attempt));
    if (attempt.isHosting) this.keeper?.forgetWithin(attempt.stepId);
    scope.attemptEnded(attempt);
    if (delayMs === 0) {
      this.loop.signal(() => {
        if (this.table.status[row] === status.retrying) scope.retry(row);
      });
      return;
    }
    this.retries.wait(row, delayMs, () => {
      this.wake(() => {
        if (this.table.status[row] === status.retrying) scope.retry(row);
      });
    });
  }

  #fail(attempt: StepAttempt, cause: unknown): void {
    const durationMs = this.now - this.table.lastStartOf(attempt.row);
    this.#failRow(attempt.scope, attempt.row, cause, durationMs, attempt);
  }

  fail(scope: Scope, row: Row, cause: unknown, by: Row): void {
    if (by !== nobody) this.table.readyBy[row] = by;
    this.#failRow(scope, row, cause, 0, undefined);
  }

  #failRow(
    scope: Scope,
    row: Row,
    cause: unknown,
    durationMs: number,
    attempt: StepAttempt | undefined,
  ): void {
    const definition = scope.definitionOf(row);
    const stepId = scope.idOf(definition);
    const attempts = attempt?.number ?? this.table.attemptsOf(row);
    // Where steps did its work, it is one of them that failed.
    const isWithin = attempt?.isHosting === true;
    const holds = attempt === undefined ? undefined : this.#heldBy(attempt);
    const chain = (): string[] => scope.chainOf(definition, row);
    const error = new StepFailedError(stepId, attempts, chain, cause, scope.shown(definition, row, isWithin));
    const counts = !scope.isGuarded(row);
    if (counts) {
      scope.noteFailure(error);
      this.keeper?.noteFailure(stepId);
    }
    const stops = counts && scope.onFailure === 'fail-fast' && scope.stopped === undefined;
    if (stops) scope.stopped = { kind: 'failed', error, drain: false };
    scope.failedRow(row, error);
    this.#close(scope, row, status.failed, 'failed');
    this.report.stepFailed(stepId, attempts, durationMs, error, holds);
    if (stops) this.carryOut(scope);
    this.#spread(scope, row);
  }

  /** A scope has its stop: those who run there hear of it. */
  protected abstract carryOut(scope: Scope): void;

  /** What an attempt that is over still holds, as it was given up. */
  #heldBy({ isAbandoned, holds }: StepAttempt): Demand | undefined {
    return isAbandoned && holds !== undefined ? this.budget.holdings(holds) : undefined;
  }

  // Ends without an attempt's outcome.

  skip(scope: Scope, row: Row, { because, reason, by }: Skip): void {
    const definition = scope.definitionOf(row);
    this.table.readyBy[row] = by;
    this.#close(scope, row, status.skipped, 'skipped');
    const error = scope.isRequired(row) ? this.#missing(scope, row, because, reason) : undefined;
    if (error !== undefined) scope.noteFailure(error);
    if (this.observed)
      this.report.stepSkipped(scope.idOf(definition), because, reason, this.#readyByOf(scope, row));
    if (error !== undefined && scope.onFailure === 'fail-fast')
      this.halt(scope, { kind: 'failed', error, drain: false });
    this.#spread(scope, row);
  }

  /** What an output that can't be done without fails the run with: nobody else may have counted the failure behind it. */
  #missing(scope: Scope, row: Row, because: string, reason: SkipReason): StepFailedError | undefined {
    if (reason === 'failed') return scope.uncountedFailureBehind(row);
    const definition = scope.definitionOf(row);
    const stepId = scope.idOf(definition);
    const cause = new StepSkippedError(stepId, because, reason);
    return new StepFailedError(stepId, 0, scope.chainOf(definition, row), cause);
  }

  /** @param attempt - the one that was stopped, where one was under way */
  protected cancelRow(scope: Scope, row: Row, attempt: StepAttempt | undefined): void {
    const { table } = this;
    this.#close(scope, row, status.cancelled, 'cancelled');
    if (this.observed) {
      const stepId = scope.idOf(scope.definitionOf(row));
      const attempts = attempt?.number ?? table.attemptsOf(row);
      const durationMs = attempts === 0 ? 0 : (table.endedAt[row] as number) - table.lastStartOf(row);
      const because = scope.stopped === undefined ? scope.droppedFor(row) : undefined;
      const holds = attempt === undefined ? undefined : this.#heldBy(attempt);
      this.report.stepCancelled(stepId, attempts, durationMs, because, holds);
    }
    this.#spread(scope, row);
  }

  #close(scope: Scope, row: Row, final: number, as: 'completed' | 'failed' | 'cancelled' | 'skipped'): void {
    const { table, listener } = this;
    if (table.unneeded.size > 0 && table.unneeded.delete(row)) this.unneededEnded(scope);
    this.keeping?.settled(row);
    if (scope.counts !== undefined) scope.counts.settled(as, table.isToRetry(row));
    table.transition(row, final);
    if (table.fractions.size > 0) table.fractions.delete(row);
    scope.open--;
    scope.settled(row);
    if (listener !== undefined && scope.parent === undefined) {
      listener.changed(row);
      listener.settled(row);
    }
    table.dropUnused(row);
    if (this.releases.isNeeded && table.consumers[row] === 0 && final === status.completed) scope.unused(row);
  }

  /** A row that nobody needed has come to its end. */
  protected abstract unneededEnded(scope: Scope): void;

  #spread(scope: Scope, row: Row): void {
    if (scope.stopped === undefined) {
      // An output only makes others ready; what else an end brings about may go on through long chains.
      if (scope.spreadsAtOnce && this.table.status[row] === status.completed) scope.spread(row);
      else this.loop.announce(scope, row);
    }
    scope.fanOut?.leave(row);
    if (scope.open === scope.unneeded) this.loop.review(scope);
  }
}

const nothing: Demand = Object.freeze({});

/** What completed in an earlier run did so before all that this one does. */
const earlier = 2 ** 50;
