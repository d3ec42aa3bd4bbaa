import { MillraceError } from '../base/errors.ts';
import { nearestName } from '../base/nearest.ts';

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
    const nearest = nearestName(runId, known);
    const hint =
      nearest !== undefined
        ? `did you mean '${nearest}'?`
        : known.length === 0
          ? 'there is none at all'
          : `there are ${listed(known)}`;
    super(`there is no run '${runId}' in ${store}; ${hint}`);
    this.store = store;
    this.runId = runId;
    this.nearest = nearest;
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
    const nearest = nearestName(stepId, known);
    const hint = nearest === undefined ? `it has ${listed(known)}` : `did you mean '${nearest}'?`;
    super(`run '${runId}' has no step '${stepId}'; ${hint}`);
    this.runId = runId;
    this.stepId = stepId;
    this.nearest = nearest;
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
