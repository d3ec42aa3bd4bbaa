import type { CancellationToken } from '../base/cancellation.ts';
import type { Duration } from '../base/durations.ts';
import { OptionChecker } from '../base/option-checker.ts';
import type { ProgressAmount } from '../definition/step-context.ts';
import { isTransferred, type TransferItem } from '../worker/transfer.ts';

/**
 * The options of a task that is a step's body. `undefined` is always absent.
 *
 * @example
 * ```ts
 * const body = pool.task('resize', ({ image }) => image, { transfer: (image) => [image.pixels.buffer] });
 * ```
 */
export interface TaskOptions<in Input = unknown> {
  /**
   * Says which parts of the input are moved to the thread instead of copied. They are gone here afterwards, so
   * an attempt whose input was moved is never retried. @defaultValue nothing is moved
   */
  readonly transfer?: ((input: Input) => readonly TransferItem[]) | undefined;
}

/**
 * The options of one call. `undefined` is always absent.
 *
 * @example
 * ```ts
 * pool.run('resize', image, { signal: AbortSignal.timeout(5000), onProgress: (amount) => console.log(amount) });
 * ```
 */
export interface RunTaskOptions<in Input = unknown> extends TaskOptions<Input> {
  /** Cancels the call: it errors with `CancelledError`. */
  readonly token?: CancellationToken | undefined;
  /** Cancels the call when it aborts, as `token` does. */
  readonly signal?: AbortSignal | undefined;
  /** How long the task may go on once cancelled, before its thread is terminated. @defaultValue the pool's */
  readonly gracePeriod?: Duration | undefined;
  /** Hears the task's `ctx.progress`. What it throws fails the call. */
  readonly onProgress?: ((amount: ProgressAmount, message?: string) => void) | undefined;
  /** Hears the task's `ctx.log`. What it throws fails the call. */
  readonly onLog?: ((message: string, data?: unknown) => void) | undefined;
}

const taskOptionNames = ['transfer'] as const satisfies (keyof TaskOptions)[];

const runOptionNames = [
  ...taskOptionNames,
  'token',
  'signal',
  'gracePeriod',
  'onProgress',
  'onLog',
] as const satisfies (keyof RunTaskOptions)[];

/** Checks the arguments of `pool.task`. */
export function checkTaskOptions(taskName: string, options: TaskOptions<never>): void {
  const checker = new OptionChecker();
  checkName(checker, taskName);
  if (checker.record('options', options)) {
    checker.knownKeys('', options, taskOptionNames);
    checker.function('transfer', options.transfer);
  }
  checker.throwIfAny('pool.task');
}

/** Checks the arguments of `pool.run` and gives the grace period, where there is one. */
export function checkRunOptions(taskName: string, options: RunTaskOptions<never>): number | undefined {
  const checker = new OptionChecker();
  checkName(checker, taskName);
  let gracePeriod: number | undefined;
  if (checker.record('options', options)) {
    checker.knownKeys('', options, runOptionNames);
    checker.function('transfer', options.transfer);
    checker.function('onProgress', options.onProgress);
    checker.function('onLog', options.onLog);
    if (options.token !== undefined && typeof options.token.onCancel !== 'function') {
      checker.fail('token', 'a CancellationToken', options.token);
    }
    if (options.signal !== undefined && typeof options.signal.addEventListener !== 'function') {
      checker.fail('signal', 'an AbortSignal', options.signal);
    }
    gracePeriod = checker.duration('gracePeriod', options.gracePeriod);
  }
  checker.throwIfAny('pool.run');
  return gracePeriod;
}

function checkName(checker: OptionChecker, taskName: string): void {
  if (typeof taskName !== 'string') checker.fail('the name of the task', 'a string', taskName);
}

/**
 * The input as it is sent, and its parts that are moved.
 *
 * @throws InvalidOptionsError where `transfer` gives something else than a list, and what it throws itself
 */
export function inputOf(
  given: unknown,
  options: TaskOptions<never>,
): { readonly input: unknown; readonly transferList: readonly TransferItem[] | undefined } {
  const transferred = isTransferred(given) ? given : undefined;
  const input = transferred === undefined ? given : transferred.value;
  const lists = [transferred?.list, options.transfer?.(input as never)].filter((list) => list !== undefined);
  if (lists.length === 0) return { input, transferList: undefined };
  const checker = new OptionChecker();
  for (const list of lists) {
    if (!Array.isArray(list)) checker.fail('what transfer gives', 'an array of what is to be moved', list);
  }
  checker.throwIfAny('transfer');
  // Nothing can be moved twice, so one list may repeat the other.
  return { input, transferList: [...new Set(lists.flat())] };
}
