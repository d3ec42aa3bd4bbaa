import type { Blueprint } from '../definition/blueprint.ts';
import type { SharedInput } from '../definition/offloaded-body.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { Graph } from '../graph/graph.ts';
import type { Rows } from '../graph/rows.ts';
import type { RunState } from './run-state.ts';

/** The values of a step's inputs, by name; of the first `count` where that is said. */
export function inputsOf(
  { sources, steps }: Blueprint,
  state: RunState,
  workflowInputs: readonly unknown[],
  index: number,
  count?: number,
): Readonly<Record<string, unknown>> {
  const { inputNames } = steps[index] as StepDefinition;
  const inputs: Record<string, unknown> = {};
  const start = sources.starts[index] as number;
  const end = count ?? inputNames.length;
  for (let at = 0; at < end; at++) {
    const source = sources.values[start + at] as number;
    inputs[inputNames[at] as string] = source >= 0 ? state.outputs[source] : workflowInputs[-1 - source];
  }
  return inputs;
}

/**
 * The outputs that a step needs and that aren't its alone: the result, a clean-up, or another step needs them too,
 * one that isn't sure to be over by now, being no ancestor of it. So it doesn't depend on who is faster.
 *
 * Linear in the step's ancestors.
 */
export function sharedInputsOf(
  { graph, outputs, cleanedUp }: Blueprint,
  state: RunState,
  index: number,
): readonly SharedInput[] {
  const kept = new Set([...outputs.values(), ...cleanedUp]);
  const over = ancestorsOf(graph, index);
  const isShared = (producer: number): boolean =>
    kept.has(producer) ||
    rowOf(graph.dependents, producer).some((consumer) => consumer !== index && !over.has(consumer));
  return [...new Set(rowOf(graph.dependencies, index))]
    .filter(isShared)
    .map((producer) => ({ stepId: graph.ids[producer] ?? '', value: state.outputs[producer] }));
}

/** The steps that are sure to be over when a step starts. */
function ancestorsOf(graph: Graph, index: number): Set<number> {
  const found = new Set(rowOf(graph.dependencies, index));
  // A Set goes on over what is added while it is walked.
  for (const ancestor of found) for (const further of rowOf(graph.dependencies, ancestor)) found.add(further);
  return found;
}

function rowOf({ starts, values }: Rows, index: number): Uint32Array {
  return values.subarray(starts[index], starts[index + 1]);
}
