import { MillraceError } from '../base/errors.ts';
import { hintOr, nearestName } from '../base/nearest.ts';

/** There is no run of that id in the store. `nearest` is the one that was probably meant. */
export class UnknownRunError extends MillraceError {
  override readonly name = 'UnknownRunError';
  override readonly code = 'UNKNOWN_RUN';

  /** What the store is called, as in `fileStore('.millrace')`. */
  readonly store: string;
  /** The id that was asked for. */
  readonly runId: string;
  /** The id that was probably meant. */
  readonly nearest: string | undefined;

  constructor(store: string, runId: string, known: readonly string[]) {
    const there = known.length === 0 ? 'there is none at all' : `there are ${listed(known)}`;
    super(`there is no run '${runId}' in ${store}; ${hintOr(there, runId, known)}`);
    this.store = store;
    this.runId = runId;
    this.nearest = nearestName(runId, known);
  }
}

/** The run has no step of that id, or path. `nearest` is the one that was probably meant. */
export class UnknownStepError extends MillraceError {
  override readonly name = 'UnknownStepError';
  override readonly code = 'UNKNOWN_STEP';

  /** The run. */
  readonly runId: string;
  /** The id, or path, that was asked for. */
  readonly stepId: string;
  /** The one that was probably meant. */
  readonly nearest: string | undefined;

  constructor(runId: string, stepId: string, known: readonly string[]) {
    super(`run '${runId}' has no step '${stepId}'; ${hintOr(`it has ${listed(known)}`, stepId, known)}`);
    this.runId = runId;
    this.stepId = stepId;
    this.nearest = nearestName(stepId, known);
  }
}

const mostListed = 10;

function listed(names: readonly string[]): string {
  const some = names
    .slice(0, mostListed)
    .map((name) => `'${name}'`)
    .join(', ');
  return names.length > mostListed ? `${some} and ${String(names.length - mostListed)} more` : some;
}
