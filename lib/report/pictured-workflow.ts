import type { Demand } from '../admission/demand.ts';
import type { ChildrenInfo, SpecialNeed, StepKind } from '../definition/step-info.ts';

/** What a picture has to know of a workflow: a `Workflow` is one, and so is the head of a log. */
export interface PicturedWorkflow {
  /** The name. */
  readonly name: string;
  /** The steps, in the order of definition. */
  readonly steps: Iterable<PicturedStep>;
}

/** What a picture has to know of a step. */
export interface PicturedStep {
  /** The id. */
  readonly id: string;
  /** The ids of the steps it needs. */
  readonly dependsOn: readonly string[];
  /** What it takes of each resource class. */
  readonly demand?: Demand | undefined;
  /** What it is. @defaultValue a step of its own function */
  readonly kind?: StepKind | undefined;
  /** Those of `dependsOn` for whose output it doesn't simply wait. */
  readonly specialNeeds?: readonly SpecialNeed[] | undefined;
  /** Whether it starts only if a branch is chosen that needs it. */
  readonly isConditional?: boolean | undefined;
  /** What it is for. */
  readonly description?: string | undefined;
  /** The group it belongs to. */
  readonly group?: string | undefined;
  /** Its labels. */
  readonly tags?: readonly string[] | undefined;
  /** How long it is expected to take, in ms. */
  readonly estimate?: number | undefined;
  /** The steps that it brings, where it is a subflow whose workflow is known beforehand. */
  readonly steps?: Iterable<PicturedStep> | undefined;
  /** What is known beforehand of the children, where it is a fan-out. */
  readonly children?: ChildrenInfo | undefined;
}
