// Long because it is one list: a method an event, and a text a warning.
import type { Demand } from '../admission/demand.ts';
import type { CancelledError } from '../base/errors.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import { countsOf, fractionOf, type ProgressAmount } from '../definition/step-context.ts';
import type { RunOutcome } from '../definition/step-options.ts';
import type { Progress } from './progress.ts';
import type { Origin, SkipReason, Warned } from './progress-event.ts';
import type { Waited } from './wait-reason.ts';

/** An attempt, as events tell of it. */
export interface ReportedAttempt {
  /** The path of its step. */
  readonly stepId: string;
  /** Which one it is, from 1. */
  readonly number: number;
  /** What it has come to. */
  readonly result: unknown;
}

/** A warning, but for what all events have. */
export type Warning = Omit<Warned, 'type' | 'seq' | 'at' | 'runId'>;

/** The run's present, read anew on coming back from elsewhere. */
interface Present {
  readonly now: number;
  enter(): void;
}

/** Tells what happens in a run, in the words of its events. With nobody listening, none is built. */
export class Reporter {
  readonly #progress: Progress;
  readonly #present: Present;

  constructor(progress: Progress, present: Present) {
    this.#progress = progress;
    this.#present = present;
  }

  runStarted({ name, graph }: Blueprint, isResumed: boolean): void {
    if (!this.#progress.observed) return;
    const resumed = isResumed ? ({ resumed: true } as const) : {};
    this.#progress.emit({ type: 'run-started', workflow: name, steps: graph.size, ...resumed });
  }

  /** @param waiting - how many runs wait to begin, this one included */
  runWaiting({ name, graph }: Blueprint, waiting: number): void {
    if (this.#progress.observed)
      this.#progress.emit({ type: 'run-waiting', workflow: name, steps: graph.size, waiting });
  }

  paused(resource: string | undefined): void {
    if (this.#progress.observed) this.#progress.emit({ type: 'run-paused', ...ofResource(resource) });
  }

  resumed(resource: string | undefined): void {
    if (this.#progress.observed) this.#progress.emit({ type: 'run-resumed', ...ofResource(resource) });
  }

  limitsChanged(limits: Readonly<Record<string, number>>): void {
    if (this.#progress.observed) this.#progress.emit({ type: 'limits-changed', limits });
  }

  /** Only to be called where someone listens. */
  stepAdded(stepId: string, demand: Demand, parentId: string, dependsOn: readonly string[]): void {
    this.#progress.stepAdded(stepId, parentId, dependsOn, demand);
  }

  /** Only to be called where someone listens. */
  stepStarted(
    { stepId, number }: ReportedAttempt,
    holds: Demand,
    readyBy: string | undefined,
    waited: Waited | undefined,
  ): void {
    this.#progress.stepStarted(stepId, number, holds, readyBy, waited);
  }

  holdsChanged({ stepId, number }: ReportedAttempt, holds: Demand): void {
    if (this.#progress.observed) this.#progress.holdsChanged(stepId, number, holds);
  }

  /** The body of an attempt that was given up has stopped after all. */
  recovered(attempt: ReportedAttempt): void {
    if (!this.#progress.observed) return;
    this.#progress.emit({ type: 'holds-changed', ...idsOf(attempt), holds: nothing, abandoned: true });
  }

  stepOffloaded(attempt: ReportedAttempt, thread: string): void {
    if (this.#progress.observed) this.#progress.emit({ type: 'step-offloaded', ...idsOf(attempt), thread });
  }

  /** Only to be called where someone listens: finding out `durationMs` costs something too. */
  stepCompleted({ stepId, number }: ReportedAttempt, durationMs: number): void {
    this.#progress.stepCompleted(stepId, number, durationMs);
  }

  /** Only to be called where someone listens. */
  stepKnown(stepId: string, origin: Origin): void {
    this.#progress.stepKnown(stepId, origin);
  }

  stepRetrying(attempt: ReportedAttempt, delayMs: number, holds: Demand | undefined): void {
    if (!this.#progress.observed) return;
    const error = attempt.result;
    this.#progress.emit({ type: 'step-retrying', ...idsOf(attempt), error, delayMs, ...stillHolding(holds) });
  }

  stepFailed(
    stepId: string,
    attempt: number,
    durationMs: number,
    error: unknown,
    holds: Demand | undefined,
  ): void {
    if (!this.#progress.observed) return;
    this.#progress.emit({ type: 'step-failed', stepId, attempt, durationMs, error, ...stillHolding(holds) });
  }

  stepSkipped(stepId: string, because: string, reason: SkipReason, readyBy: string | undefined): void {
    if (!this.#progress.observed) return;
    const decidedBy = readyBy === undefined ? {} : { readyBy };
    this.#progress.emit({ type: 'step-skipped', stepId, because, reason, ...decidedBy });
  }

  stepCancelled(
    stepId: string,
    attempt: number,
    durationMs: number,
    because: string | undefined,
    holds: Demand | undefined,
  ): void {
    if (!this.#progress.observed) return;
    const noLonger = because === undefined ? {} : { because };
    this.#progress.emit({
      type: 'step-cancelled',
      stepId,
      attempt,
      durationMs,
      ...noLonger,
      ...stillHolding(holds),
    });
  }

  stepProgressed(attempt: ReportedAttempt, amount: ProgressAmount, message: string | undefined): void {
    if (!this.#progress.observed) return;
    this.#present.enter();
    this.#progress.emit({
      type: 'step-progress',
      ...idsOf(attempt),
      fraction: fractionOf(amount),
      ...countsOf(amount),
      ...(message === undefined ? {} : { message }),
    });
  }

  logged(attempt: ReportedAttempt, message: string, data: unknown): void {
    if (!this.#progress.observed) return;
    this.#present.enter();
    this.#progress.emit({ type: 'log', ...idsOf(attempt), message, ...(data === undefined ? {} : { data }) });
  }

  /** @param result - the outputs, or what the run failed with */
  runEnded(outcome: 'completed' | RunOutcome, durationMs: number, result: unknown): void {
    if (outcome === 'completed') this.#progress.emit({ type: 'run-completed', durationMs });
    else if (outcome === 'failed') this.#progress.emit({ type: 'run-failed', durationMs, error: result });
    else
      this.#progress.emit({ type: 'run-cancelled', durationMs, reason: (result as CancelledError).reason });
  }

  // Warnings.

  /** @param isCertain - whether it is known that it has worked for so long */
  blocked(attempt: ReportedAttempt, durationMs: number, isCertain: boolean): void {
    const doubt = isCertain
      ? ''
      : ", unless the machine had other things to do, of which this host can't tell";
    const message = `step '${attempt.stepId}' blocked the event loop for ${durationMs.toFixed(0)} ms${doubt}; offload it to a pool (millrace/workers), or give the event loop back in between`;
    this.warn({ topic: 'blocked', ...idsOf(attempt), message, durationMs });
  }

  abandoned(attempt: ReportedAttempt, gracePeriod: number): void {
    if (!this.#progress.observed) return;
    const message = `step '${attempt.stepId}' was told to stop but still runs after ${String(gracePeriod)} ms; it is given up and keeps its resources. Heed ctx.signal or ctx.token, or offload it to a pool`;
    this.warn({ topic: 'abandoned', ...idsOf(attempt), message });
  }

  finaliserFailed(attempt: ReportedAttempt, error: unknown): void {
    const message = `a finaliser of step '${attempt.stepId}' failed`;
    this.warn({ topic: 'finaliser', ...idsOf(attempt), message, error });
  }

  cleanUpFailed(stepId: string, attempt: number, error: unknown): void {
    this.#present.enter();
    const message = `the clean-up of step '${stepId}' failed; what it should have undone may be left over`;
    this.warn({ topic: 'cleanup', stepId, attempt, message, error });
  }

  /** Something that is called at the end goes on after the grace period, and the run goes on without it. */
  endless(topic: 'cleanup' | 'release', stepId: string, attempt: number, gracePeriod: number): void {
    const what = topic === 'cleanup' ? 'clean-up' : 'release';
    const message = `the ${what} of step '${stepId}' had not ended ${String(gracePeriod)} ms after it was called; the run goes on without it`;
    this.warn({ topic, stepId, attempt, message });
  }

  releaseFailed(stepId: string, error: unknown): void {
    this.#present.enter();
    const message = `the release of step '${stepId}' failed; what it should have closed may be open still`;
    this.warn({ topic: 'release', stepId, attempt: 0, message, error });
  }

  misspelt(stepId: string, given: string, demanded: string): void {
    const message = `there is a limit for '${given}', but steps such as '${stepId}' demand '${demanded}', which has its usual limit; is it meant?`;
    this.warn({ topic: 'limits', stepId, attempt: 0, message });
  }

  waitsForAbandoned(stepId: string, attempt: number, holders: readonly string[], waitMs: number): void {
    const message = `step '${stepId}' can't start beside what abandoned bodies hold (${holders.join(', ')}) and fails if none of them has stopped in ${String(waitMs)} ms`;
    this.warn({ topic: 'waiting', stepId, attempt, message });
  }

  waitsElsewhere({ stepId, number }: ReportedAttempt, message: string): void {
    this.warn({ topic: 'remote', stepId, attempt: number, message });
  }

  whenThrew(attempt: ReportedAttempt, error: unknown): void {
    const message = `retry.when of step '${attempt.stepId}' threw, so that the step isn't tried again`;
    this.warn({ topic: 'retry', ...idsOf(attempt), message, error });
  }

  delayThrew(attempt: ReportedAttempt, error: unknown): void {
    const message = `retry.delay of step '${attempt.stepId}' threw, so that the step isn't tried again`;
    this.warn({ topic: 'retry', ...idsOf(attempt), message, error });
  }

  randomThrew(attempt: ReportedAttempt, error: unknown): void {
    this.warn({
      topic: 'retry',
      ...idsOf(attempt),
      message: 'random threw, so that the back-off has no jitter',
      error,
    });
  }

  /** What only some runs have reason to warn of is said where that reason is. */
  warn(warning: Warning): void {
    if (this.#progress.observed) this.#progress.emit({ type: 'warning', ...warning });
  }
}

function ofResource(resource: string | undefined): { readonly resource?: string } {
  return resource === undefined ? {} : { resource };
}

function idsOf({ stepId, number }: ReportedAttempt): { readonly stepId: string; readonly attempt: number } {
  return { stepId, attempt: number };
}

const nothing: Demand = Object.freeze({});

function stillHolding(holds: Demand | undefined): { readonly holds?: Demand } {
  return holds === undefined ? {} : { holds };
}
