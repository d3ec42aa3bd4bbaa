import { MillraceError } from '../base/errors.ts';
import { messageOf } from '../base/inspect.ts';

/**
 * A hook around attempts (`run({ around })`, `run.around`) has failed, rather than the body that it wraps. The cause of a
 * `StepFailedError`; `cause` is what the hook threw, where it did. Retried like any other failure.
 */
export class AroundError extends MillraceError {
  override readonly name = 'AroundError';
  override readonly code = 'AROUND_FAILED';
  /** The id of the step whose attempt it was called for. */
  readonly stepId: string;

  /** @param fault - what it did wrong; absent where it threw `options.cause` */
  constructor(stepId: string, fault: string | undefined, options?: ErrorOptions) {
    const why = fault ?? `threw: ${messageOf(options?.cause)}`;
    super(`the hook around step '${stepId}' ${why}`, options);
    this.stepId = stepId;
  }
}
