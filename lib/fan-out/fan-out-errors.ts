import { MillraceError } from '../base/errors.ts';
import type { StepFailedError } from '../observe/failures.ts';

/**
 * Two items of a fan-out have one key. The cause of the fan-out's failure. It comes of the data, so a level above may try again.
 *
 * @example
 * ```ts
 * run.result$.subscribe({
 *   error: ({ cause }) => {
 *     if (cause instanceof DuplicateKeyError) console.error(cause.key, cause.places);
 *   },
 * });
 * ```
 */
export class DuplicateKeyError extends MillraceError {
  override readonly name = 'DuplicateKeyError';
  override readonly code = 'DUPLICATE_KEY';
  /** The fan-out. */
  readonly stepId: string;
  /** The key. */
  readonly key: string;
  /** The places of the two items, from 0. */
  readonly places: readonly [number, number];

  constructor(stepId: string, key: string, places: readonly [number, number]) {
    super(
      `items ${places.join(' and ')} of '${stepId}' both have the key '${key}'; keys name children, so give each item one of its own`,
    );
    this.stepId = stepId;
    this.key = key;
    this.places = places;
  }
}

/** Under `onFailure: 'continue'`: children of a fan-out have failed, and the others went on. The cause of its failure. */
export class ChildrenFailedError extends MillraceError {
  override readonly name = 'ChildrenFailedError';
  override readonly code = 'CHILDREN_FAILED';
  /** The fan-out. */
  readonly stepId: string;
  /** How many children have failed. */
  readonly failed: number;
  /** The first hundred of their failures. */
  readonly errors: readonly StepFailedError[];

  constructor(stepId: string, failed: number, errors: readonly StepFailedError[]) {
    const first = errors[0];
    super(
      `${String(failed)} ${failed === 1 ? 'child' : 'children'} of '${stepId}' failed, the first being ${first === undefined ? 'unknown' : first.message}; with settle: true the others' results are kept`,
      { cause: first },
    );
    this.stepId = stepId;
    this.failed = failed;
    this.errors = errors;
  }
}
