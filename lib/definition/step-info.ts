import type { Demand } from '../admission/demand.ts';
import type { StepList } from '../base/step-list.ts';

/**
 * What a step is: one of its own function, a fan-out, a workflow as a part of another, or one that gives what another gave.
 */
export type StepKind = 'step' | 'for-each' | 'subflow' | 'choose' | 'first-of' | 'fallback';

/** How a step needs another, where it doesn't wait for its output. */
export interface SpecialNeed {
  /** The other. */
  readonly stepId: string;
  /**
   * `optional`: it has to be settled in whatever way; `candidate`: another one may do; `branch`: it runs only if it is chosen;
   * `stream`: it runs at the same time.
   */
  readonly as: 'optional' | 'candidate' | 'branch' | 'stream';
}

/** What a workflow tells of one of its steps. */
export interface StepInfo {
  /** The id. */
  readonly id: string;
  /** The ids of the steps it needs, each once. */
  readonly dependsOn: readonly string[];
  /** What it is. */
  readonly kind: StepKind;
  /** Those of `dependsOn` for whose output it doesn't simply wait; absent where there are none. */
  readonly specialNeeds?: readonly SpecialNeed[];
  /** Whether it starts only if a branch is chosen that needs it; absent where not. */
  readonly isConditional?: true;
  /** What it takes of each resource class. */
  readonly demand: Demand;
  /** Its priority. */
  readonly priority: number;
  /** How long it is expected to take, in ms, where it says so. */
  readonly estimate: number | undefined;
  /** What it is for. */
  readonly description: string | undefined;
  /** The group it belongs to. */
  readonly group: string | undefined;
  /** Its labels. */
  readonly tags: readonly string[];
  /** The steps that it brings, where it is a subflow whose workflow is known beforehand; absent otherwise. */
  readonly steps?: StepList<StepInfo>;
  /** What is known beforehand of the children, where it is a fan-out; absent otherwise. */
  readonly children?: ChildrenInfo;
}

/** What a workflow tells of the children of a fan-out. */
export interface ChildrenInfo {
  /** How many there will be; absent where only a run finds out. */
  readonly count?: number;
  /** What each takes of each resource class; absent where the items say it. */
  readonly demand?: Demand;
  /** How many may run at once; absent where only the run's limits say so. */
  readonly concurrency?: number;
}
