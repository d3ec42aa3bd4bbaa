import type { CancelledError } from '../base/errors.ts';
import {
  type RunRemains,
  type StepFailedError,
  WorkflowFailedError,
  type WorkflowTimeoutError,
} from './failures.ts';

/** What ends a run before its steps do. The first one decides how it ends. */
export type Stop =
  | { readonly kind: 'cancelled'; readonly error: CancelledError; readonly drain: boolean }
  | {
      readonly kind: 'failed';
      readonly error: StepFailedError | WorkflowTimeoutError;
      readonly drain: false;
    };

/** What tokens are told. */
export function reasonOf(stop: Stop): unknown {
  return stop.kind === 'cancelled' ? stop.error.reason : stop.error;
}

/** The error of a run that has not completed; `remains` are to be had from it where steps failed. */
export function failedWith(
  workflow: string,
  stop: Stop | undefined,
  failures: readonly StepFailedError[],
  remains: () => RunRemains,
): Error {
  if (stop?.kind === 'cancelled') return stop.error;
  const error = stop?.error ?? new WorkflowFailedError(workflow, failures);
  error.remember(remains);
  return error;
}
