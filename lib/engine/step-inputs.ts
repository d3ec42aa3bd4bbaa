import { setOwn } from '../base/record.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { SharedInput } from '../definition/offloaded-body.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { Graph } from '../graph/graph.ts';
import type { Rows } from '../graph/rows.ts';
import type { Row, StepTable } from './step-table.ts';

/** Where the inputs of a graph's steps come from. */
interface InputSources {
  readonly blueprint: Blueprint;
  readonly first: Row;
  /** The values of the graph's own inputs. */
  readonly inputs: readonly unknown[];
  readonly run: { readonly table: StepTable };
}

/** The values of a step's inputs, by name; of the first `count` where that is said. */
export function inputsOf(
  { blueprint: { sources, steps }, first, inputs: given, run }: InputSources,
  step: number,
  count?: number,
): Readonly<Record<string, unknown>> {
  const { inputNames } = steps[step] as StepDefinition;
  const { outputs } = run.table;
  const inputs: Record<string, unknown> = {};
  const start = sources.starts[step] as number;
  const end = count ?? inputNames.length;
  for (let at = 0; at < end; at++) {
    const source = sources.values[start + at] as number;
    const value = source >= 0 ? outputs[first + source] : given[-1 - source];
    const name = inputNames[at] as string;
    if (name === '__proto__') setOwn(inputs, name, value);
    else inputs[name] = value;
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
  { blueprint: { graph, outputs, cleanedUp }, first, run }: InputSources,
  index: number,
): readonly SharedInput[] {
  const kept = new Set([...outputs.values(), ...cleanedUp]);
  const over = ancestorsOf(graph, index);
  const isShared = (producer: number): boolean =>
    kept.has(producer) ||
    rowOf(graph.dependents, producer).some((consumer) => consumer !== index && !over.has(consumer));
  return [...new Set(rowOf(graph.dependencies, index))]
    .filter(isShared)
    .map((producer) => ({ stepId: graph.ids[producer] ?? '', value: run.table.outputs[first + producer] }));
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
