import { MillraceError } from '../base/errors.ts';
import type { GraphDifference } from './graph-description.ts';

/** A difference between a run and the one of the same id that is in the store. */
export interface ResumeDifference {
  /** The id of the step, or `inputs.name`; `workflow` where it is the workflow itself. */
  readonly subject: string;
  /** How it differs. */
  readonly what: string;
}

/**
 * A run of the same id is in the store, of another workflow, of one that has changed since, or with other inputs: what it has done may not be
 * what this one would do.
 *
 * @example
 * ```ts
 * if (error instanceof ResumeMismatchError) for (const { subject, what } of error.differences) console.error(subject, what);
 * ```
 */
export class ResumeMismatchError extends MillraceError {
  override readonly name = 'ResumeMismatchError';
  override readonly code = 'RESUME_MISMATCH';

  /** The id of the run. */
  readonly runId: string;
  /** Everything that differs. */
  readonly differences: readonly ResumeDifference[];

  constructor(runId: string, differences: readonly ResumeDifference[], remedy: string) {
    const shown = differences.slice(0, mostShown).map(({ subject, what }) => `${subject} ${what}`);
    const more = differences.length - shown.length;
    super(
      `run '${runId}' can't go on: ${shown.join('; ')}${more > 0 ? `; and ${String(more)} more differences` : ''}. ${remedy}`,
    );
    this.runId = runId;
    this.differences = differences;
  }

  override get isPermanent(): boolean {
    return true;
  }
}

const mostShown = 10;

export function ofSteps(differences: readonly GraphDifference[]): ResumeDifference[] {
  return differences.map(({ stepId, what }) => ({ subject: `step '${stepId}'`, what }));
}
