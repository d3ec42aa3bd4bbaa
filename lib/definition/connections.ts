import type { Overflow } from '../base/overflow.ts';
import type { Graph } from '../graph/graph.ts';
import type { WorkflowFault } from '../graph/invalid-workflow-error.ts';
import type { Machinery } from './machinery.ts';
import type { StepDefinition } from './step-definition.ts';

/**
 * Where each step's inputs come from, in the order of its `inputNames`: those of step `i` lie from `starts[i]`
 * to `starts[i + 1]`. A value of 0 or more is a step's index, one below is the input `-1 - value`.
 */
export interface Sources {
  readonly starts: Uint32Array;
  readonly values: Int32Array;
}

/** The steps of a workflow, and how each is connected with others. */
export interface Connections {
  readonly graph: Graph;
  readonly steps: readonly StepDefinition[];
  readonly sources: Sources;
  /** The indices of the steps whose outputs are the workflow's, by the names they have there. */
  readonly outputs: ReadonlyMap<string, number>;
  /** How steps are needed other than by their output: what is special of an edge, by its place in `sources.values`. */
  readonly marks: ReadonlyMap<number, Mark>;
}

/** How many values may wait, and what happens to one too many. */
export interface ChannelTerms {
  readonly capacity: number;
  readonly overflow: Overflow | undefined;
  readonly machinery: StreamMachinery;
}

/** What it takes that streams connect steps. */
interface StreamMachinery {
  /** The groups of steps that streams connect. */
  gangsOf(size: number, edgesOf: BranchingPlan['edgesOf']): number[][];
  /** What keeps them from running at the same time. */
  faultsOf(connections: Connections, plan: BranchingPlan): WorkflowFault[];
  /** Sees to it that those start together, and has their channels. */
  readonly Groups: Machinery;
}

/** What is special of an edge: its kind, and the terms where it is a stream. */
export interface Mark {
  readonly kind: number;
  readonly terms?: ChannelTerms;
}

/** How the steps of a workflow need each other, where it isn't all by output. Found once. */
export interface BranchingPlan {
  /** How each dependent needs a step: beside the rows of `graph.dependents`. */
  readonly kinds: Uint8Array;
  /** The steps that wait to be chosen. */
  readonly dormant: Uint8Array;
  /** The places of the inputs that are steps, and what kind each is: of one step. */
  readonly edgesOf: (index: number) => readonly BranchingEdge[];
  /** What it takes where steps join others, and where streams connect them. */
  readonly Joins: Machinery | undefined;
  readonly streams: StreamMachinery | undefined;
  /** The steps that have to run at the same time, each group in the order of definition. */
  readonly gangs: readonly (readonly number[])[];
}

/** How one step needs another. */
export interface BranchingEdge {
  /** The other. */
  readonly step: number;
  readonly kind: number;
  /** Which of the step's inputs it is. */
  readonly place: number;
  /** Where it is a stream. */
  readonly terms: ChannelTerms | undefined;
}
