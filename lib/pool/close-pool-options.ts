import { OptionChecker } from '../base/option-checker.ts';

const endings = ['cancel', 'drain'] as const;

/**
 * The options of `pool.close`. `undefined` is always absent.
 *
 * @example
 * ```ts
 * await pool.close({ pending: 'drain' });
 * ```
 */
export interface ClosePoolOptions {
  /** What becomes of calls that run or wait: they fail with `PoolClosedError`, or they finish. @defaultValue 'cancel' */
  readonly pending?: (typeof endings)[number] | undefined;
}

/** Whether calls that run or wait may finish. */
export function parseDrain(options: ClosePoolOptions): boolean {
  const checker = new OptionChecker();
  let pending: ClosePoolOptions['pending'];
  if (checker.record('options', options)) {
    checker.knownKeys('', options, ['pending']);
    pending = checker.oneOf('pending', options.pending, endings);
  }
  checker.throwIfAny('pool.close');
  return pending === 'drain';
}
