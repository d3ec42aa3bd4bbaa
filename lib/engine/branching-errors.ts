import { MillraceError } from '../base/errors.ts';
import { inspectValue } from '../base/inspect.ts';
import { nearestName } from '../base/nearest.ts';
import type { StepFailedError } from '../observe/failures.ts';
import type { SkipReason } from '../observe/progress-event.ts';

/**
 * The selector of a `choose` named no branch. The cause of its failure.
 *
 * @example
 * ```ts
 * run.result$.subscribe({
 *   error: ({ cause }) => {
 *     if (cause instanceof UnknownBranchError) console.error(cause.selected, cause.branches);
 *   },
 * });
 * ```
 */
export class UnknownBranchError extends MillraceError {
  override readonly name = 'UnknownBranchError';
  override readonly code = 'UNKNOWN_BRANCH';
  /** The step. */
  readonly stepId: string;
  /** What the selector gave. */
  readonly selected: unknown;
  /** The branches that there are. */
  readonly branches: readonly string[];

  constructor(stepId: string, selected: unknown, branches: readonly string[]) {
    const meant = typeof selected === 'string' ? nearestName(selected, branches) : undefined;
    const remedy =
      meant === undefined
        ? `there are ${branches.map((name) => `'${name}'`).join(', ')}`
        : `did you mean '${meant}'?`;
    super(`the selector of '${stepId}' gave ${inspectValue(selected)}, which is no branch; ${remedy}`);
    this.stepId = stepId;
    this.selected = selected;
    this.branches = branches;
  }

  override get isPermanent(): boolean {
    return true;
  }
}

/** None of the steps of a `firstOf` completed. The cause of its failure. */
export class NoneSucceededError extends MillraceError {
  override readonly name = 'NoneSucceededError';
  override readonly code = 'NONE_SUCCEEDED';
  /** The step. */
  readonly stepId: string;
  /** What they failed with, in their order. */
  readonly errors: readonly StepFailedError[];

  constructor(stepId: string, errors: readonly StepFailedError[]) {
    super(`none of the steps of '${stepId}' completed: ${errors.map(({ message }) => message).join('; ')}`, {
      cause: errors[0],
    });
    this.stepId = stepId;
    this.errors = errors;
  }
}

/**
 * A step was skipped whose output something can't do without: the cause of the failure of a run that has it as an output, and what
 * `output$` errors with.
 */
export class StepSkippedError extends MillraceError {
  override readonly name = 'StepSkippedError';
  override readonly code = 'STEP_SKIPPED';
  /** The step. */
  readonly stepId: string;
  /** The step that is to blame. */
  readonly because: string;
  /** Why it was skipped. */
  readonly reason: SkipReason;

  constructor(stepId: string, because: string, reason: SkipReason) {
    super(
      `step '${stepId}' was skipped (${skipText(stepId, because, reason)}), so that it has no output; where it may be missing, say optional(step)`,
    );
    this.stepId = stepId;
    this.because = because;
    this.reason = reason;
  }
}

function skipText(stepId: string, because: string, reason: SkipReason): string {
  if (reason === 'when') return because === stepId ? 'its when said no' : `the when of '${because}' said no`;
  if (reason === 'branch') return `'${because}' took another branch`;
  return reason === 'failed' ? `'${because}' failed` : `'${because}' no longer needed it`;
}
