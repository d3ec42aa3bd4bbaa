import type { Duration } from './durations.ts';
import type { OptionChecker } from './option-checker.ts';

/** How often to try again, and how long to wait in between. */
export interface RetryOptions {
  /** How many attempts there are in all, the first included: a whole number of at least 1, or `Infinity`. */
  readonly attempts: number;
  /** The wait before the second attempt. @defaultValue 0 */
  readonly delay?: Duration | undefined;
  /** What each further wait is multiplied with; at least 1. @defaultValue 2 */
  readonly factor?: number | undefined;
  /** The longest wait. @defaultValue '30s' */
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
  readonly delay: number;
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
  const delay = checker.duration(`${option}.delay`, retry.delay) ?? defaults.delay;
  return {
    attempts: checker.count(`${option}.attempts`, retry.attempts, 1) ?? 1,
    delay,
    factor: checker.number(`${option}.factor`, retry.factor, 1, Number.MAX_VALUE) ?? defaults.factor,
    // A first wait that was asked for isn't cut short by a default.
    maxDelay: checker.duration(`${option}.maxDelay`, retry.maxDelay) ?? Math.max(defaults.maxDelay, delay),
    jitter: checker.number(`${option}.jitter`, retry.jitter, 0, 1) ?? defaults.jitter,
    when: checker.function(`${option}.when`, retry.when),
  };
}

/**
 * The wait in ms before the attempt that follows the `failed`th (from 1).
 *
 * @param random - gives numbers from 0 to 1, or is taken to; only asked where there is jitter
 */
export function backoffDelay(policy: RetryPolicy, failed: number, random: () => number): number {
  // No delay stays none, also when the factor's power has become infinite.
  if (policy.delay === 0) return 0;
  const full = Math.min(policy.delay * policy.factor ** (failed - 1), policy.maxDelay);
  if (policy.jitter === 0) return full;
  const chance = random();
  return full * (1 - policy.jitter * (chance >= 0 ? Math.min(chance, 1) : 0));
}
