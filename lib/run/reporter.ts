import type { CancelledError } from '../base/errors.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { StepDefinition } from '../definition/step.ts';
import { countsOf, fractionOf, type ProgressAmount } from '../definition/step-context.ts';
import type { RunOutcome } from '../definition/step-options.ts';
import type { Attempt } from './attempt.ts';
import type { CleanUp } from './clean-up.ts';
import type { Progress } from './progress.ts';
import type { SkipReason, Warned } from './progress-event.ts';
import type { TimeSlice } from './time-slice.ts';

/** Tells what happens in a run, in the words of its events. With nobody listening, none is built. */
export class Reporter {
  readonly #progress: Progress;
  readonly #slice: TimeSlice;

  constructor(progress: Progress, slice: TimeSlice) {
    this.#progress = progress;
    this.#slice = slice;
  }

  runStarted({ name, graph }: Blueprint): void {
    if (this.#progress.observed)
      this.#progress.emit({ type: 'run-started', workflow: name, steps: graph.size });
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
  stepAdded(
    { id, settings: { demand } }: StepDefinition,
    parentId: string,
    dependsOn: readonly string[],
  ): void {
    this.#progress.emit({ type: 'step-added', stepId: id, parentId, dependsOn, demand });
  }

  stepStarted({ definition, number }: Attempt): void {
    if (this.#progress.observed) this.#progress.stepStarted(definition.id, number);
  }

  stepOffloaded(attempt: Attempt, thread: string): void {
    if (this.#progress.observed) this.#progress.emit({ type: 'step-offloaded', ...idsOf(attempt), thread });
  }

  /** Only to be called where someone listens: finding out `since` costs something too. */
  stepCompleted({ definition, number }: Attempt, since: number): void {
    this.#progress.stepCompleted(definition.id, number, this.#slice.now - since);
  }

  stepRetrying(attempt: Attempt, delayMs: number): void {
    if (!this.#progress.observed) return;
    this.#progress.emit({ type: 'step-retrying', ...idsOf(attempt), error: attempt.result, delayMs });
  }

  stepFailed(stepId: string, attempt: number, durationMs: number, error: unknown): void {
    if (this.#progress.observed)
      this.#progress.emit({ type: 'step-failed', stepId, attempt, durationMs, error });
  }

  stepSkipped(stepId: string, because: string, reason: SkipReason): void {
    if (this.#progress.observed) this.#progress.emit({ type: 'step-skipped', stepId, because, reason });
  }

  stepCancelled(stepId: string, attempt: number, durationMs: number, because?: string): void {
    if (!this.#progress.observed) return;
    const noLonger = because === undefined ? {} : { because };
    this.#progress.emit({ type: 'step-cancelled', stepId, attempt, durationMs, ...noLonger });
  }

  stepProgressed(attempt: Attempt, amount: ProgressAmount, message: string | undefined): void {
    if (!this.#progress.observed) return;
    this.#slice.enter();
    this.#progress.emit({
      type: 'step-progress',
      ...idsOf(attempt),
      fraction: fractionOf(amount),
      ...countsOf(amount),
      ...(message === undefined ? {} : { message }),
    });
  }

  logged(attempt: Attempt, message: string, data: unknown): void {
    if (!this.#progress.observed) return;
    this.#slice.enter();
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

  blocked(attempt: Attempt, durationMs: number): void {
    const message = `step '${attempt.definition.id}' blocked the event loop for ${durationMs.toFixed(0)} ms; offload it to a pool (millrace/workers), or give the event loop back in between`;
    this.#warn({ topic: 'blocked', ...idsOf(attempt), message, durationMs });
  }

  abandoned(attempt: Attempt, gracePeriod: number): void {
    if (!this.#progress.observed) return;
    const message = `step '${attempt.definition.id}' was told to stop but still runs after ${String(gracePeriod)} ms; it is given up and keeps its resources. Heed ctx.signal or ctx.token, or offload it to a pool`;
    this.#warn({ topic: 'abandoned', ...idsOf(attempt), message });
  }

  finaliserFailed(attempt: Attempt, error: unknown): void {
    const message = `a finaliser of step '${attempt.definition.id}' failed`;
    this.#warn({ topic: 'finaliser', ...idsOf(attempt), message, error });
  }

  cleanUpFailed({ definition, attempt }: CleanUp, error: unknown): void {
    this.#slice.enter();
    const message = `the clean-up of step '${definition.id}' failed; what it should have undone may be left over`;
    this.#warn({ topic: 'cleanup', stepId: definition.id, attempt, message, error });
  }

  whenThrew(attempt: Attempt, error: unknown): void {
    const message = `retry.when of step '${attempt.definition.id}' threw, so that the step isn't tried again`;
    this.#warn({ topic: 'retry', ...idsOf(attempt), message, error });
  }

  randomThrew(attempt: Attempt, error: unknown): void {
    this.#warn({
      topic: 'retry',
      ...idsOf(attempt),
      message: 'random threw, so that the back-off has no jitter',
      error,
    });
  }

  #warn(warning: Omit<Warned, 'type' | 'seq' | 'at' | 'runId'>): void {
    if (this.#progress.observed) this.#progress.emit({ type: 'warning', ...warning });
  }
}

function ofResource(resource: string | undefined): { readonly resource?: string } {
  return resource === undefined ? {} : { resource };
}

function idsOf({ definition, number }: Attempt): { readonly stepId: string; readonly attempt: number } {
  return { stepId: definition.id, attempt: number };
}
