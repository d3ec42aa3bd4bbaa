import type { Handle, Step } from './handle.ts';
import type { StepBody, StepDefinition } from './step-definition.ts';
import type { StepSettings } from './step-options.ts';

let handlesMade = 0;

/** The class behind {@link Step}. */
export class StepHandle implements Step<never, never>, StepDefinition {
  readonly id: string;
  readonly body: StepBody;
  readonly inputNames: readonly string[];
  /** The handles behind `inputNames`. */
  readonly inputs: readonly Handle[];
  readonly settings: StepSettings;
  /** The order of definition; dependencies always come before their dependents. */
  readonly serial = handlesMade++;
  /** The last workflow that was built with this step, as a number, and the step's place in it. */
  #workflow = 0;
  #slot = 0;

  constructor(
    id: string,
    body: StepBody,
    inputNames: readonly string[],
    inputs: readonly Handle[],
    settings: StepSettings,
  ) {
    this.id = id;
    this.body = body;
    this.inputNames = inputNames;
    this.inputs = inputs;
    this.settings = settings;
    Object.freeze(this);
  }

  get kind(): 'step' {
    return 'step';
  }

  /** @internal Whether the workflow being built meets the step for the first time. */
  static visit(handle: StepHandle, workflow: number): boolean {
    if (handle.#workflow === workflow) return false;
    handle.#workflow = workflow;
    return true;
  }

  /** @internal */
  static slotOf(handle: StepHandle): number {
    return handle.#slot;
  }

  /** @internal */
  static setSlot(handle: StepHandle, slot: number): void {
    handle.#slot = slot;
  }
}

/** Whether a value is a step handle. */
export function isStep(value: unknown): value is StepHandle {
  return value instanceof StepHandle;
}
