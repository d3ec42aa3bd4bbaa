import type { Blueprint } from '../definition/blueprint.ts';
import type { SharedInput } from '../definition/offloaded-body.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { RunState } from './run-state.ts';

/** The values of a step's inputs, by name. */
export function inputsOf(
  { sources, steps }: Blueprint,
  state: RunState,
  workflowInputs: readonly unknown[],
  index: number,
): Readonly<Record<string, unknown>> {
  const { inputNames } = steps[index] as StepDefinition;
  const inputs: Record<string, unknown> = {};
  const start = sources.starts[index] as number;
  for (let at = 0; at < inputNames.length; at++) {
    const source = sources.values[start + at] as number;
    inputs[inputNames[at] as string] = source >= 0 ? state.outputs[source] : workflowInputs[-1 - source];
  }
  return inputs;
}

/** The outputs that a step needs and that, at this moment, others still need too. */
export function sharedInputsOf({ graph }: Blueprint, state: RunState, index: number): readonly SharedInput[] {
  const { starts, values } = graph.dependencies;
  const needed = values.subarray(starts[index], starts[index + 1]);
  return [...new Set(needed)]
    .filter((dependency) => {
      const own = needed.reduce((count, each) => (each === dependency ? count + 1 : count), 0);
      return (state.consumers[dependency] as number) > own;
    })
    .map((dependency) => ({ stepId: graph.ids[dependency] ?? '', value: state.outputs[dependency] }));
}
