import { inspectValue, textOf } from './inspect.ts';
import { isError } from './is-error.ts';

/**
 * What every error of millrace is: a class with a literal `name`, a stable `code`, and its `cause` kept.
 *
 * @example
 * ```ts
 * run.result$.subscribe({
 *   error: (error) => {
 *     if (error instanceof MillraceError) console.error(error.code, error.message);
 *   },
 * });
 * ```
 */
export abstract class MillraceError extends Error {
  /** The name of the class, minified or not. */
  abstract override readonly name: string;
  /** A stable identifier of the kind of error, for `switch` and logs. */
  abstract readonly code: string;

  /**
   * Whether no further attempt can mend it, being a mistake in the program: it is never retried, at no level, also where it is
   * the `cause` of another error.
   */
  get isPermanent(): boolean {
    return false;
  }
}

/** One option that can't be used: where it is, what it should be and what it was. */
export interface OptionProblem {
  /** The path to the option, as in `limits['heavy-cpu']`. */
  readonly option: string;
  /** What would have been right, as in `a positive number`. */
  readonly expected: string;
  /** What was given. */
  readonly value: unknown;
}

/**
 * Options that can't be used. The message names every one of them, what it should be and what it was.
 *
 * @example
 * ```ts
 * try {
 *   flights.run({ inputs: { path: 'flights.parquet' }, limits: { 'heavy-cpu': -1 } });
 * } catch (error) {
 *   if (error instanceof InvalidOptionsError) console.error(error.problems[0]?.option);
 * }
 * ```
 */
export class InvalidOptionsError extends MillraceError {
  override readonly name = 'InvalidOptionsError';
  override readonly code = 'INVALID_OPTIONS';

  /** Whose options they were, as in `step('table')`. */
  readonly owner: string;
  /** Every option that can't be used, in the order they were checked. */
  readonly problems: readonly OptionProblem[];

  constructor(owner: string, problems: readonly OptionProblem[], options?: ErrorOptions) {
    super(
      `${owner}: ${problems
        .map(
          ({ option, expected, value }) => `expected ${option} to be ${expected}, got ${inspectValue(value)}`,
        )
        .join('; ')}`,
      options,
    );
    this.owner = owner;
    this.problems = problems;
  }

  override get isPermanent(): boolean {
    return true;
  }
}

/**
 * A run, a step or a task was cancelled. `reason` is what was given to `cancel(reason)`.
 *
 * It knows whose cancel it tells of, also where it comes out of a thread. What a step throws cancels its run where it tells of that run's
 * own cancel, or was made by the step itself, and is then neither retried nor reported as a failure. That of another run, token or
 * pool call is an ordinary failure of the step.
 */
export class CancelledError extends MillraceError {
  override readonly name = 'CancelledError';
  override readonly code = 'CANCELLED';

  /** What was given as the reason, or `undefined`. */
  readonly reason: unknown;
  /** @internal The id of the token whose cancel it tells of; `undefined` where it was made by hand. */
  declare readonly tokenId: string | undefined;

  constructor(reason?: unknown, what?: string);
  /** @internal */
  // eslint-disable-next-line @typescript-eslint/unified-signatures -- the identity is no part of the public types
  constructor(reason?: unknown, what?: string, tokenId?: string);
  constructor(reason?: unknown, what = 'the operation', tokenId?: string) {
    super(
      reason === undefined
        ? `${what} was cancelled`
        : `${what} was cancelled: ${typeof reason === 'string' ? inspectValue(reason) : textOf(reason)}`,
      isError(reason) ? { cause: reason } : undefined,
    );
    this.reason = reason;
    // An own field, so that it crosses to other threads, but none that logs show.
    if (tokenId !== undefined) Object.defineProperty(this, 'tokenId', { value: tokenId });
  }
}
