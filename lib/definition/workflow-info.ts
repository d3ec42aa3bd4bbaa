import type { Demand } from '../admission/demand.ts';

/** What a workflow tells of one of its steps. */
export interface StepInfo {
  /** The id. */
  readonly id: string;
  /** The ids of the steps it needs, each once. */
  readonly dependsOn: readonly string[];
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
}

/** What a workflow tells of itself: plain data, enough for logs and pictures. */
export interface WorkflowInfo {
  /** The name. */
  readonly name: string;
  /** Every step, in the order of definition. */
  readonly steps: readonly StepInfo[];
}
