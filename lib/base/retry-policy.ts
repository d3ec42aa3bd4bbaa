import { decided } from './decision.ts';
import { type Duration, durationExpected, parseDuration } from './durations.ts';
import { InvalidOptionsError } from './errors.ts';
import type { OptionChecker } from './option-checker.ts';

/** How often to try again, and how long to wait in between. */
export interface RetryOptions {
  /** How many attempts there are in all, the first included: a whole number of at least 1, or `Infinity`. */
  readonly attempts: number;
  /**
   * The wait before the second attempt; or a function of what the attempt failed with and of its number, from 1, that says
   * how long to wait before the next one, as where a server says when to come back. What it says isn't multiplied, nor cut short
   * unless `maxDelay` is given. `undefined` is no wait.
   *
   * @defaultValue 0
   */
  readonly delay?: Duration | ((error: unknown, attempt: number) => Duration | undefined) | undefined;
  /** What each further wait is multiplied with; at least 1. @defaultValue 2 */
  readonly factor?: number | undefined;
  /** The longest wait. @defaultValue '30s'; none where `delay` is a function */
  readonly maxDelay?: Duration | undefined;
  /**
   * How much of each wait is left to chance, from 0 (none) to 1 (all of it: a wait of 1 s becomes 0 to 1 s).
   *
   * @defaultValue 0
   */
  readonly jitter?: number | undefined;
  /** Whether to try again after this error. @defaultValue always */
  readonly when?: ((error: unknown) => boolean) | undefined;
}

/** `n` retries (n + 1 attempts), or the details. */
export type Retry = number | RetryOptions;

/** A retry option, read: waits in ms, nothing absent. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly delay: number | ((error: unknown, attempt: number) => Duration | undefined);
  readonly factor: number;
  readonly maxDelay: number;
  readonly jitter: number;
  readonly when: ((error: unknown) => boolean) | undefined;
}

const defaults = { delay: 0, factor: 2, maxDelay: 30_000, jitter: 0 } as const;
const known = ['attempts', 'delay', 'factor', 'maxDelay', 'jitter', 'when'];

/** Reads a retry option; what is wrong is noted with the checker. `undefined` where there is nothing to retry. */
export function parseRetry(
  checker: OptionChecker,
  option: string,
  retry: Retry | undefined,
): RetryPolicy | undefined {
  if (retry === undefined) return undefined;
  if (typeof retry === 'number') {
    const retries = checker.count(option, retry, 0) ?? 0;
    return retries === 0 ? undefined : { ...defaults, attempts: retries + 1, when: undefined };
  }
  if (
    !checker.record(
      option,
      retry,
      'a number of retries or { attempts, delay, factor, maxDelay, jitter, when }',
    )
  ) {
    return undefined;
  }
  checker.knownKeys(`${option}.`, retry, known);
  if ((retry as Partial<RetryOptions>).attempts === undefined) {
    return checker.fail(`${option}.attempts`, 'a whole number of at least 1', undefined);
  }
  const delay =
    typeof retry.delay === 'function'
      ? retry.delay
      : (checker.duration(`${option}.delay`, retry.delay) ?? defaults.delay);
  return {
    attempts: checker.count(`${option}.attempts`, retry.attempts, 1) ?? 1,
    delay,
    factor: checker.number(`${option}.factor`, retry.factor, 1, Number.MAX_VALUE) ?? defaults.factor,
    // A first wait that was asked for isn't cut short by a default.
    maxDelay:
      checker.duration(`${option}.maxDelay`, retry.maxDelay) ??
      (typeof delay === 'function' ? Number.MAX_VALUE : Math.max(defaults.maxDelay, delay)),
    jitter: checker.number(`${option}.jitter`, retry.jitter, 0, 1) ?? defaults.jitter,
    when: checker.function(`${option}.when`, retry.when),
  };
}

/**
 * The wait in ms before the attempt that follows the `failed`th (from 1), which failed with `error`.
 *
 * @param random - gives numbers from 0 to 1, or is taken to; only asked where there is jitter
 * @throws InvalidOptionsError where `delay` is a function that says no duration, or `random` gives a Promise; what these throw
 */
export function backoffDelay(
  policy: RetryPolicy,
  failed: number,
  error: unknown,
  random: () => number,
): number {
  const { delay, factor, maxDelay, jitter } = policy;
  // No delay stays none, also when the factor's power has become infinite.
  if (delay === 0) return 0;
  const wait = typeof delay === 'function' ? saidDelay(delay, error, failed) : delay * factor ** (failed - 1);
  const full = Math.min(wait, maxDelay);
  if (jitter === 0) return full;
  const chance = decided(() => 'retry', 'what random gives', 'a number from 0 to 1', random());
  return full * (1 - jitter * (chance >= 0 ? Math.min(chance, 1) : 0));
}

function saidDelay(
  delay: (error: unknown, attempt: number) => Duration | undefined,
  error: unknown,
  failed: number,
): number {
  const said = decided(() => 'retry', 'what delay gives', durationExpected, delay(error, failed));
  if (said === undefined) return 0;
  const ms = parseDuration(said);
  if (ms !== undefined) return ms;
  throw new InvalidOptionsError('retry', [
    { option: 'what delay gives', expected: durationExpected, value: said },
  ]);
}
