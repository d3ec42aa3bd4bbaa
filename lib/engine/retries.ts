import type { Clock } from '../base/clock.ts';
import { decidedYesOrNo } from '../base/decision.ts';
import { InvalidOptionsError } from '../base/errors.ts';
import { isError } from '../base/is-error.ts';
import { isHopeless } from '../base/not-retriable.ts';
import { backoffDelay } from '../base/retry-policy.ts';
import type { Reporter } from '../observe/reporter.ts';
import type { StepAttempt } from './scope.ts';
import type { Row } from './step-table.ts';

/** What becomes of an attempt that failed: another one after so many ms, or a failure for good and of what. */
export type Verdict = { readonly delayMs: number } | { readonly delayMs: undefined; readonly error: unknown };

/** Whether and when failed attempts are made again; those that wait hold nothing. */
export class Retries {
  readonly #after: Clock['after'];
  readonly #random: () => number;
  readonly #report: Reporter;
  readonly #timers = new Map<Row, { readonly until: number; readonly cancel: () => void }>();
  readonly #time: { readonly now: number };

  constructor(after: Clock['after'], random: () => number, report: Reporter, time: { readonly now: number }) {
    this.#time = time;
    this.#after = after;
    this.#random = random;
    this.#report = report;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  verdictOn(attempt: StepAttempt): Verdict {
    const { retry } = attempt.definition.settings;
    const error = attempt.result;
    if (retry === undefined || attempt.number >= retry.attempts || isHopeless(error))
      return { delayMs: undefined, error };
    try {
      const again =
        retry.when === undefined ||
        decidedYesOrNo(() => `step '${attempt.stepId}'`, 'what its retry.when gives', retry.when(error));
      if (!again) return { delayMs: undefined, error };
    } catch (thrown) {
      return this.#refused(attempt, thrown, () => {
        this.#report.whenThrew(attempt, thrown);
      });
    }
    try {
      return { delayMs: backoffDelay(retry, attempt.number, error, this.#chance(attempt)) };
    } catch (thrown) {
      return this.#refused(attempt, thrown, () => {
        this.#report.delayThrew(attempt, thrown);
      });
    }
  }

  /** Calls `work` after the delay, unless it is cancelled before. */
  wait(row: Row, delayMs: number, work: () => void): void {
    const cancel = this.#after(delayMs, () => {
      this.#timers.delete(row);
      work();
    });
    this.#timers.set(row, { until: this.#time.now + delayMs, cancel });
  }

  /** When a row that backs off is tried again. */
  untilOf(row: Row): number | undefined {
    return this.#timers.get(row)?.until;
  }

  cancel(row: Row): void {
    this.#timers.get(row)?.cancel();
    this.#timers.delete(row);
  }

  clear(): void {
    for (const { cancel } of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  /** What can't be used is the failure; what was thrown is told of, and the failure is the attempt's. */
  #refused(attempt: StepAttempt, thrown: unknown, tell: () => void): Verdict {
    const error = attempt.result;
    if (isError(thrown) && thrown instanceof InvalidOptionsError)
      return {
        delayMs: undefined,
        error: new InvalidOptionsError(`step '${attempt.stepId}'`, thrown.problems, { cause: error }),
      };
    tell();
    return { delayMs: undefined, error };
  }

  /** Chance that throws is none. */
  #chance(attempt: StepAttempt): () => number {
    return () => {
      try {
        return this.#random();
      } catch (error) {
        this.#report.randomThrew(attempt, error);
        return 0;
      }
    };
  }
}
