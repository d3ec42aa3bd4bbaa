import { MillraceError } from '../base/errors.ts';

/**
 * Steps brought steps that brought steps … deeper than the run's `maxDepth`. The cause of a step's failure; never retried.
 *
 * @example
 * ```ts
 * run.result$.subscribe({
 *   error: ({ cause }) => {
 *     if (cause instanceof RecursionLimitError) console.error(cause.stepId, cause.maxDepth);
 *   },
 * });
 * ```
 */
export class RecursionLimitError extends MillraceError {
  override readonly name = 'RecursionLimitError';
  override readonly code = 'RECURSION_LIMIT';
  /** The step whose steps would have been too deep. */
  readonly stepId: string;
  /** How deep steps may be. */
  readonly maxDepth: number;

  /** @param shown - what the message says of the step, where its id is long */
  constructor(stepId: string, maxDepth: number, shown = stepId) {
    super(
      `step '${shown}' brings steps more than ${String(maxDepth)} levels deep; end the recursion, with 'when' for one, or raise the run's maxDepth`,
    );
    this.stepId = stepId;
    this.maxDepth = maxDepth;
  }

  override get isPermanent(): boolean {
    return true;
  }
}
