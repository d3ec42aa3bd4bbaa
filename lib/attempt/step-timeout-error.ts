import { MillraceError } from '../base/errors.ts';

/** An attempt of a step took longer than the step's `timeout`. The cause of a `StepFailedError`. */
export class StepTimeoutError extends MillraceError {
  override readonly name = 'StepTimeoutError';
  override readonly code = 'STEP_TIMEOUT';
  /** The id of the step. */
  readonly stepId: string;
  /** The step's timeout in ms. */
  readonly timeoutMs: number;
  /** Whether its body went on after the grace period and was given up, so that it may still be at work. */
  abandoned = false;

  constructor(stepId: string, timeoutMs: number) {
    super(`step '${stepId}' took longer than its timeout of ${String(timeoutMs)} ms`);
    this.stepId = stepId;
    this.timeoutMs = timeoutMs;
  }
}
