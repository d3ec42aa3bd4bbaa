import type { CancellationToken } from '../base/cancellation.ts';
import type { ProgressAmount } from '../definition/step-context.ts';

/**
 * What a task gets beside its input: one object for each call. Its members may be taken out of it.
 *
 * @example
 * ```ts
 * export const tasks = exposeTasks({
 *   sum(numbers: Float64Array, { token, progress }) {
 *     let sum = 0;
 *     for (const [index, number] of numbers.entries()) {
 *       token.throwIfCancelled();
 *       if (index % 1e6 === 0) progress({ done: index, total: numbers.length });
 *       sum += number;
 *     }
 *     return sum;
 *   },
 * });
 * ```
 */
export interface TaskContext {
  /** The name of the task. */
  readonly taskName: string;
  /** The id of the step that the task runs for; `undefined` outside of a workflow. */
  readonly stepId: string | undefined;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /**
   * Texts that a hook around the run's attempts has given along (`attempt.carry`), such as the `traceparent` of a trace; empty where there
   * are none.
   */
  readonly carrier: Readonly<Record<string, string>>;
  /**
   * Cancelled when the task should stop. `isCancelled` and `throwIfCancelled()` see it even while the task
   * blocks its thread, and cost a few ns, so a loop may ask on every turn.
   */
  readonly token: CancellationToken;
  /**
   * The token as an AbortSignal. It aborts when the thread gets to its event loop, or when a loop asks the token.
   */
  readonly signal: AbortSignal;
  /**
   * Tells the main side how far the task is. Free where nobody listens. Where it comes faster than it is heard, some of
   * it is left out; the latest always arrives.
   */
  readonly progress: (amount: ProgressAmount, message?: string) => void;
  /**
   * Sends a line and perhaps data to the main side. Data that can't be cloned arrives as a description. Beyond a thousand
   * lines that weren't heard yet lines are left out, and a line says how many.
   */
  readonly log: (message: string, data?: unknown) => void;
}
