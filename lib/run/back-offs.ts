import type { Clock } from '../base/clock.ts';
import { MillraceError } from '../base/errors.ts';
import { isNotRetriable } from '../base/not-retriable.ts';
import { backoffDelay, type RetryPolicy } from '../base/retry-policy.ts';
import type { Attempt } from './attempt.ts';
import { RecursionLimitError } from './recursion-limit-error.ts';
import type { Reporter } from './reporter.ts';

/** Whether and when failed attempts are made again; those that wait hold nothing. */
export class BackOffs {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #report: Reporter;
  readonly #timers = new Map<number, () => void>();

  constructor(clock: Clock, random: () => number, report: Reporter) {
    this.#clock = clock;
    this.#random = random;
    this.#report = report;
  }

  /** The policy by which a failed attempt is made again; `undefined` where it isn't. */
  policyFor(attempt: Attempt): RetryPolicy | undefined {
    const { retry } = attempt.definition.settings;
    const error = attempt.result;
    if (retry === undefined || attempt.number >= retry.attempts) return undefined;
    if (attempt.isAbandoned || isNotRetriable(error) || isTooDeep(error)) return undefined;
    try {
      return (retry.when?.(error) ?? true) ? retry : undefined;
    } catch (thrown) {
      this.#report.whenThrew(attempt, thrown);
      return undefined;
    }
  }

  /** How long to wait before the next attempt, in ms. */
  delayAfter(attempt: Attempt, policy: RetryPolicy): number {
    try {
      return backoffDelay(policy, attempt.number, this.#random);
    } catch (error) {
      this.#report.randomThrew(attempt, error);
      return backoffDelay(policy, attempt.number, () => 0);
    }
  }

  /** Calls `work` after the delay, unless all are cleared before. */
  wait(index: number, delayMs: number, work: () => void): void {
    const cancelTimer = this.#clock.after(delayMs, () => {
      this.#timers.delete(index);
      work();
    });
    this.#timers.set(index, cancelTimer);
  }

  cancel(index: number): void {
    this.#timers.get(index)?.();
    this.#timers.delete(index);
  }

  clear(): void {
    for (const cancelTimer of this.#timers.values()) cancelTimer();
    this.#timers.clear();
  }
}

/** A recursion without an end would be gone through anew at each of its levels. */
function isTooDeep(error: unknown): boolean {
  for (let cause = error; cause instanceof MillraceError; cause = cause.cause)
    if (cause instanceof RecursionLimitError) return true;
  return false;
}
