import type { Graph } from '../graph/graph.ts';
import type { Mark } from './edge.ts';
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
