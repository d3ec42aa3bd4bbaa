import type { StepContext } from './step-context.ts';
import type { StepSettings } from './step-options.ts';

/** A step's function as the engine calls it. */
export type StepBody = (inputs: Readonly<Record<string, unknown>>, ctx: StepContext) => unknown;

/** What the engine knows of a step, however it was defined. */
export interface StepDefinition {
  readonly id: string;
  readonly body: StepBody;
  /** The names by which the body knows its dependencies. */
  readonly inputNames: readonly string[];
  readonly settings: StepSettings;
  /** Of a child of a fan-out: its key, and the place of its item. */
  readonly key?: string;
  readonly place?: number;
}
