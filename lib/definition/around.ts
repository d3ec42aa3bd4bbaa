import type { StepContext } from './step-context.ts';

/** The attempt that a hook is called for: what the step's function gets as its context, and more. */
export interface AroundAttempt extends StepContext {
  /** The run's name in events. */
  readonly runId: string;
  /** Of a child of a fan-out, its key. */
  readonly key?: string | undefined;
  /** Of a child of a fan-out, which one it is, from 0. */
  readonly index?: number | undefined;
  /**
   * Gives texts along with the work, where that is done in a thread or on another machine: the task finds them as `ctx.carrier`. To be called
   * before `next`; names that were given before stay.
   *
   * @throws InvalidOptionsError where it is no record of texts
   */
  readonly carry: (carrier: Readonly<Record<string, string>>) => void;
}

/**
 * Is called in place of each attempt's body, children and steps of subflows included, and calls that by `next`.
 *
 * `next()` calls the body and gives what that returns: a value, a Promise, a stream or steps. The hook calls it once and returns what it
 * gives, or something that leads to the same. What the hook enters an `AsyncLocalStorage` with holds in the body, also where that is a stream
 * and runs later; not in other steps.
 */
export type Around = (attempt: AroundAttempt, next: () => unknown) => unknown;
