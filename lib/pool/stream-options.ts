import { OptionChecker } from '../base/option-checker.ts';
import { type Overflow, overflowPolicies } from '../base/overflow.ts';
import type { StreamTerms } from '../wire/stream-terms.ts';
import type { Transferred } from '../wire/transfer.ts';
import { parseRunOptions, type RunSettings, type RunTaskOptions } from './call-options.ts';

/**
 * The options of one stream. `undefined` is always absent.
 *
 * @example
 * ```ts
 * const counts = pool.stream('count', table, { capacity: 64, signal });
 * ```
 */
export interface StreamTaskOptions<in Input = unknown> extends Omit<RunTaskOptions<Input>, 'inline'> {
  /** How many values may be under way or unread at most, from 1. @defaultValue 16 */
  readonly capacity?: number | undefined;
  /**
   * What happens to values that come faster than they are read where the task returns an Observable, which can't be
   * held back; iterables can, and never need it. @defaultValue none: an Observable fails with `MissingOverflowError`
   */
  readonly overflow?: Overflow | undefined;
}

/** What `pool.stream` takes beside the name: the input, which may be left out where the task takes none. */
export type StreamTaskArguments<Input> = undefined extends Input
  ? [input?: Input | Transferred<Input>, options?: StreamTaskOptions<Input>]
  : [input: Input | Transferred<Input>, options?: StreamTaskOptions<Input>];

/** The arguments of `pool.stream`, read. */
interface StreamSettings<Input> {
  readonly terms: StreamTerms;
  /** What a stream shares with other calls, as given and as read. */
  readonly options: RunTaskOptions<Input>;
  readonly settings: RunSettings;
}

/** Reads the arguments of `pool.stream`. */
export function parseStreamOptions<Input>(
  taskName: string,
  given: StreamTaskOptions<Input>,
): StreamSettings<Input> {
  const checker = new OptionChecker();
  let terms: StreamTerms = [16, undefined];
  let options: Omit<RunTaskOptions<Input>, 'inline'> = given;
  if (checker.record('options', given)) {
    if ('inline' in given) checker.fail('inline', 'absent (a stream comes from a thread)', given.inline);
    const { capacity = 16, overflow, ...rest } = given;
    if (checker.count('capacity', capacity, 1) === Infinity) {
      checker.fail('capacity', 'a finite number of values', capacity);
    }
    terms = [capacity, checker.oneOf('overflow', overflow, overflowPolicies)];
    options = rest;
  }
  checker.throwIfAny('pool.stream');
  return { terms, options, settings: parseRunOptions(taskName, options, false, 'pool.stream') };
}
