import type { Handle, Need, Step } from './handle.ts';
import type { StepHandle } from './step.ts';

/** A step as another may depend on it other than by waiting for its output. */
export interface OptionalStep<out Out = unknown, out Needs extends Need = Need> extends Handle<Out, Needs> {
  /** What kind of handle this is. */
  readonly kind: 'optional';
  /** The step. */
  readonly step: Step;
}

/** The class behind {@link OptionalStep}. */
export class OptionalHandle implements OptionalStep<never, never> {
  readonly kind = 'optional';
  readonly step: StepHandle;

  constructor(step: StepHandle) {
    this.step = step;
    Object.freeze(this);
  }
}
