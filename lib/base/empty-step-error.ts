import { MillraceError } from './errors.ts';

/**
 * A step's stream completed without a value, so that there is no output. The cause of a `StepFailedError`.
 *
 * @example
 * ```ts
 * const hits = step('hits', { page }, ({ page }) => search(page).pipe(defaultIfEmpty([])));
 * ```
 */
export class EmptyStepError extends MillraceError {
  override readonly name = 'EmptyStepError';
  override readonly code = 'EMPTY_STEP';
  /** The id of the step. */
  readonly stepId: string;

  constructor(stepId: string) {
    super(
      `step '${stepId}' returned a stream that completed without a value; end it with defaultIfEmpty(…) if that may happen`,
    );
    this.stepId = stepId;
  }
}
