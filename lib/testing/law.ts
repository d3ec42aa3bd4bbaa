import { OptionChecker } from '../base/option-checker.ts';
import type { Recording } from './recording.ts';

/** What holds for every run. Make one of your own with {@link law}. */
export interface Law {
  /** What it is called in messages. */
  readonly name: string;
  /** How the recording breaks it, a line each; empty where it doesn't. */
  readonly check: (recording: Recording) => readonly string[];
}

/**
 * A law of your own: a name, and whether it holds of a recording, or how it doesn't.
 *
 * @example
 * ```ts
 * const quick = law('takes less than a minute', ({ metrics }) => metrics.totalMs < 60_000);
 * ```
 */
export function law(
  name: string,
  holds: (recording: Recording) => boolean | string | readonly string[],
): Law {
  const checker = new OptionChecker();
  if (typeof name !== 'string' || name === '') checker.fail('the name', 'a string that is not empty', name);
  if (typeof holds !== 'function') checker.fail('the law', 'a function of a recording', holds);
  checker.throwIfAny('law');
  return {
    name,
    check(recording) {
      const found = holds(recording);
      if (typeof found === 'boolean') return found ? [] : ['it does not hold'];
      return typeof found === 'string' ? (found === '' ? [] : [found]) : found;
    },
  };
}
