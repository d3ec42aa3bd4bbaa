import type { CancelledError } from '../base/errors.ts';
import {
  RunFailure,
  type RunRemains,
  type StepFailedError,
  WorkflowFailedError,
} from '../observe/failures.ts';

/** What ends a scope before its steps do. The first one decides how it ends. */
export type Stop =
  | { readonly kind: 'cancelled'; readonly error: CancelledError; readonly drain: boolean }
  | { readonly kind: 'failed'; readonly error: unknown; readonly drain: false }
  /** The step whose work it does was told to stop, or not to begin anything more. */
  | { readonly kind: 'told'; readonly reason: unknown; readonly drain: boolean };

/** What tokens are told. */
export function reasonOf(stop: Stop): unknown {
  if (stop.kind === 'told') return stop.reason;
  return stop.kind === 'cancelled' ? stop.error.reason : stop.error;
}

/** The error of a run that has not completed; `remains` are to be had from it where steps failed. */
export function failedWith(
  workflow: string,
  stop: Exclude<Stop, { kind: 'told' }> | undefined,
  failures: readonly StepFailedError[],
  remains: () => RunRemains,
): Error {
  if (stop?.kind === 'cancelled') return stop.error;
  const error = stop?.error ?? new WorkflowFailedError(workflow, failures);
  if (error instanceof RunFailure) error.remember(remains);
  return error as Error;
}
