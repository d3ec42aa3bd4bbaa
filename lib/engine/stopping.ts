// Long because what is told to stop, and what goes on all the same, is one story, told by the same few fields.
import { StepTimeoutError } from '../attempt/step-timeout-error.ts';
import { CancellationToken } from '../base/cancellation.ts';
import { CancelledError } from '../base/errors.ts';
import { StepCancelledError } from '../observe/failures.ts';
import { Lifecycle } from './lifecycle.ts';
import type { Scope, StepAttempt } from './scope.ts';
import { nobody, type Row } from './step-table.ts';
import { reasonOf, type Stop } from './stop.ts';
import { status } from './transitions.ts';

/**
 * How things come to a stop before their end: scopes, single rows, and bodies that go on all the same.
 *
 * 1. A stop is decided at once: from then on nothing of the scope starts, and whoever runs there has been told, however deep.
 *    What it means for the table is carried out by the loop.
 * 2. What an abandoned body holds stays taken. Rows that only such bodies keep from starting wait as long as anything else is
 *    under way, and then for `abandonedWait`.
 */
export abstract class Stopping extends Lifecycle {
  /** Cancelled by every way of stopping the run. */
  readonly token = new CancellationToken();
  readonly abandonedAttempts = new Set<StepAttempt>();
  /** The scopes whose rows are yet to be told: a list, since they may lie in each other without end. */
  readonly #toTell: Scope[] = [];
  #isTelling = false;
  #cancelWait: (() => void) | undefined;

  // Scopes.

  halt(scope: Scope, stop: Stop): void {
    if (scope.isOver) return;
    if (scope.stopped === undefined) {
      scope.stopped = stop;
      this.carryOut(scope);
    } else if (scope.stopped.drain && !stop.drain) {
      // What was allowed to finish is told to stop after all.
      scope.stopped = { ...scope.stopped, drain: false };
      this.#tell(scope);
    }
  }

  protected carryOut(scope: Scope): void {
    this.#tell(scope);
    this.loop.signal(() => {
      this.#cancelWaiting(scope);
    });
  }

  /** Tells those who run, without recursion: the work of each may be a scope again. */
  #tell(scope: Scope): void {
    this.#toTell.push(scope);
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (let next = this.#toTell.pop(); next !== undefined; next = this.#toTell.pop())
      this.#tellRows(next, next.stopped as Stop);
    this.#isTelling = false;
  }

  #tellRows(scope: Scope, stop: Stop): void {
    const reason = reasonOf(stop);
    if (scope.parent === undefined && !stop.drain) this.token.cancel(reason);
    for (const row of scope.rows()) {
      const attempt = this.attempts[row];
      if (attempt === undefined) continue;
      if (stop.drain) attempt.drain(reason);
      else this.stopAttempt(attempt, 'cancelled', reason);
    }
  }

  /** Nothing that waits will start. */
  #cancelWaiting(scope: Scope): void {
    scope.close();
    for (const row of scope.rows()) {
      const current = this.table.status[row];
      if (waits.has(current as number)) {
        this.#letGo(scope, row);
        this.cancelRow(scope, row, undefined);
      }
    }
    this.review(scope);
  }

  /** A row leaves wherever it waits. */
  #letGo(scope: Scope, row: Row): void {
    const current = this.table.status[row];
    if (current === status.ready && scope.isQueued(row)) this.withdraw(row);
    else if (current === status.retrying) this.retries.cancel(row);
  }

  // Single rows.

  /** Tells an attempt to stop; false where that comes too late. */
  protected stopAttempt(attempt: StepAttempt, outcome: 'failed' | 'cancelled', reason: unknown): boolean {
    if (!attempt.stop(outcome, reason)) return false;
    const { row } = attempt;
    const current = this.table.status[row];
    if (current === status.running || current === status.hosting) this.table.transition(row, status.stopping);
    return true;
  }

  timedOut(attempt: StepAttempt, timeoutMs: number): void {
    this.wake(() => {
      this.stopAttempt(attempt, 'failed', new StepTimeoutError(attempt.stepId, timeoutMs));
    });
  }

  drop(scope: Scope, row: Row, because: string): void {
    const attempt = this.attempts[row];
    if (attempt !== undefined) {
      const reason = new CancelledError(`step '${because}' no longer needs it`, undefined, this.token.id);
      this.stopAttempt(attempt, 'cancelled', reason);
      // It may have been told to stop before, as for its timeout; who is on the way to its end isn't.
      if (this.table.status[row] !== status.stopping) return;
      this.table.unneeded.add(row);
      scope.unneeded++;
      this.review(scope);
      return;
    }
    // What is being kept is as good as done.
    if (this.table.status[row] === status.keeping) return;
    this.#letGo(scope, row);
    this.cancelRow(scope, row, undefined);
  }

  protected unneededEnded(scope: Scope): void {
    scope.unneeded--;
  }

  /** One step fails, whatever it is doing; what depends on it follows as after any failure. */
  protected cancelRowAlone(scope: Scope, row: Row, reason: unknown): void {
    if (this.#isDone(row)) return;
    const error = new StepCancelledError(scope.idOf(scope.definitionOf(row)), reason);
    if (this.#stopAlone(row, error)) return;
    const definition = scope.definitionOf(row);
    this.loop.signal(() => {
      // By now it may have ended, and its row be another's.
      if (scope.isOver || scope.definitionOf(row) !== definition || this.#isDone(row)) return;
      if (this.#stopAlone(row, error)) return;
      this.#letGo(scope, row);
      this.fail(scope, row, error, nobody);
    });
  }

  #isDone(row: Row): boolean {
    return this.table.isSettled(row) || this.table.status[row] === status.keeping;
  }

  /** Tells the attempt of a row to stop; false where there is none. */
  #stopAlone(row: Row, error: StepCancelledError): boolean {
    const attempt = this.attempts[row];
    if (attempt === undefined) return false;
    this.stopAttempt(attempt, 'failed', error);
    return true;
  }

  protected isOwnCancel(attempt: StepAttempt, error: CancelledError): boolean {
    return (
      attempt.isCancelledWithin ||
      error.tokenId === undefined ||
      attempt.knownToken?.owns(error) === true ||
      this.token.owns(error)
    );
  }

  // Bodies that go on all the same.

  protected abandon(attempt: StepAttempt): void {
    attempt.scope.fanOut?.abandoned(attempt);
    const { holds } = attempt;
    if (holds !== undefined) {
      holds.shared?.noteGivenUp(attempt, `'${attempt.stepId}' of run '${this.settings.runId}'`);
      this.budget.admission.forfeit(holds);
    }
    this.abandonedAttempts.add(attempt);
    this.report.abandoned(attempt, this.gracePeriod);
  }

  recovered(attempt: StepAttempt): void {
    if (!this.abandonedAttempts.delete(attempt)) return;
    const { holds } = attempt;
    if (holds === undefined) return;
    attempt.holds = undefined;
    holds.shared?.forgetGivenUp(attempt);
    this.budget.admission.recover(holds);
    this.wake(() => {
      this.report.recovered(attempt);
    });
    this.budget.share?.cameBack();
  }

  /** Where nothing else goes on, those have to come to an end whom abandoned bodies keep from starting. */
  protected watchAbandoned(): void {
    const holdsSomething = this.abandonedAttempts.size > 0 || this.budget.share?.hasLosses === true;
    if (holdsSomething || this.#cancelWait !== undefined) this.#watch(holdsSomething);
  }

  #watch(holdsSomething: boolean): void {
    if (!holdsSomething || !this.#isStuck()) {
      this.#cancelWait?.();
      this.#cancelWait = undefined;
      return;
    }
    if (this.#cancelWait !== undefined) return;
    const { abandonedWait } = this.settings;
    const own = Array.from(this.abandonedAttempts, ({ stepId }) => `'${stepId}'`);
    const others = this.budget.share?.givenUpBeside(this.abandonedAttempts) ?? [];
    const holders = [...own, ...others];
    for (const row of this.budget.admission.hopeless()) {
      const scope = this.scopeOf(row);
      const stepId = scope.shownId(scope.definitionOf(row));
      this.report.waitsForAbandoned(stepId, this.table.attemptsOf(row), holders, abandonedWait);
    }
    this.#cancelWait = this.after(abandonedWait, () => {
      this.#cancelWait = undefined;
      this.wake(() => {
        this.#failHopeless();
      });
    });
  }

  #isStuck(): boolean {
    return (
      this.running === 0 &&
      this.retries.waiting === 0 &&
      this.budget.admission.waiting > 0 &&
      this.budget.admission.hopeless().length > 0
    );
  }

  /** One after the other: the failure of one may be the end of another. */
  #failHopeless(): void {
    const { admission } = this.budget;
    const [row] = admission.hopeless();
    if (row === undefined) return;
    const lossError = this.budget.lossErrors(row);
    const scope = this.scopeOf(row);
    const rows = scope.standsFor(row);
    this.withdraw(row);
    scope.standDown(row);
    for (const each of rows) {
      const definition = scope.definitionOf(each);
      const cause = lossError(scope.shownId(definition), definition.settings.demand);
      if (this.table.status[each] === status.ready) this.fail(scope, each, cause, nobody);
    }
    this.loop.signal(() => {
      this.#failHopeless();
    });
  }
}

/** Where nothing is under way that could be stopped. */
const waits: ReadonlySet<number> = new Set([status.waiting, status.looking, status.ready, status.retrying]);
