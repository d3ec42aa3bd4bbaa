import { inspectValue } from '../base/inspect.ts';
import { nameFault } from '../base/name.ts';
import { nearestName } from '../base/nearest.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { cycles, topologicalOrder } from '../graph/cycles.ts';
import { Graph } from '../graph/graph.ts';
import { InvalidWorkflowError, type WorkflowFault } from '../graph/invalid-workflow-error.ts';
import { type Rows, reverseRows } from '../graph/rows.ts';
import { Blueprint } from './blueprint.ts';
import { repeated } from './blueprint-of-handles.ts';
import type { Input } from './handle.ts';
import { isInput } from './input-handle.ts';
import { offloadedMark } from './offloaded-body.ts';
import type { StepContext } from './step-context.ts';
import type { StepDefinition } from './step-definition.ts';
import {
  defaultSettings,
  parseStepOptions,
  type StepOptions,
  stepOptionNames,
  stepOptionSynonyms,
} from './step-options.ts';

/** A step as data: its id, the ids it depends on (of steps, or names of inputs), its function, its options. */
export interface Definition extends StepOptions<unknown, Readonly<Record<string, unknown>>> {
  /** Unique within the workflow. */
  readonly id: string;
  /** The ids of the steps, and the names of the inputs, that it needs. Naming one twice is naming it once. */
  readonly dependsOn?: readonly string[] | undefined;
  /** The function; `inputs` holds the values of `dependsOn` by id. */
  readonly run: (inputs: Readonly<Record<string, unknown>>, ctx: StepContext) => unknown;
}

/**
 * The blueprint of a graph that comes from data. Linear in steps + dependencies, without recursion.
 *
 * @param outputs - the ids of the steps whose outputs are the workflow's; those nothing depends on by default
 * @throws InvalidWorkflowError with every fault found
 */
export function blueprintOfDefinitions(
  name: string,
  definitions: readonly Definition[],
  inputs: readonly Input[],
  outputs: readonly string[] | undefined,
): Blueprint {
  const faults: WorkflowFault[] = [];
  const steps = readSteps(definitions, faults);
  const places = new Map<string, number>();
  for (const [index, { id }] of steps.entries()) if (!places.has(id)) places.set(id, index);
  for (const stepId of repeated(steps.map(({ id }) => id))) faults.push({ kind: 'duplicate-step', stepId });
  const inputPlaces = readInputs(inputs, places, faults);

  const { sources, dependencies } = connect(steps, places, inputPlaces, faults);
  const dependents = reverseRows(dependencies);
  const order = topologicalOrder(dependencies, dependents);
  if (order === undefined) {
    for (const cycle of cycles(dependents)) {
      faults.push({ kind: 'cycle', path: cycle.map((index) => steps[index]?.id ?? '') });
    }
  }
  const outputPlaces = readOutputs(outputs, steps, places, dependents, faults);
  if (steps.length === 0 && faults.length === 0) faults.push({ kind: 'empty' });
  if (faults.length > 0) throw new InvalidWorkflowError(name, faults);
  const ids = steps.map(({ id }) => id);
  return new Blueprint(name, new Graph(ids, dependencies, order), steps, sources, [...inputs], outputPlaces);
}

const ownKeys = ['id', 'dependsOn', 'run'];

function readSteps(definitions: unknown, faults: WorkflowFault[]): StepDefinition[] {
  if (!Array.isArray(definitions)) {
    faults.push({
      kind: 'bad-definition',
      where: 'the definitions',
      expected: 'an array',
      value: definitions,
    });
    return [];
  }
  const checker = new OptionChecker();
  const steps = definitions.flatMap((definition: unknown, index) => {
    const where = `definition ${String(index)}`;
    return checker.record(where, definition, 'a record { id, dependsOn, run }')
      ? [readStep(checker, where, definition as unknown as Definition)]
      : [];
  });
  for (const { option, expected, value } of checker.problems) {
    faults.push({ kind: 'bad-definition', where: option, expected, value });
  }
  return steps;
}

function readStep(checker: OptionChecker, where: string, definition: Definition): StepDefinition {
  const { id, dependsOn, run } = definition;
  const idExpected = nameFault(id);
  const path = idExpected === undefined ? `step '${id}': ` : `${where}: `;
  if (idExpected !== undefined) checker.fail(`${path}id`, idExpected, id);
  if (typeof run !== 'function') checker.fail(`${path}run`, 'a function', run);
  const names =
    Array.isArray(dependsOn) && dependsOn.every((name) => typeof name === 'string') ? dependsOn : [];
  if (dependsOn !== undefined && names !== dependsOn) {
    checker.fail(`${path}dependsOn`, 'an array of ids', dependsOn);
  }
  checker.knownKeys(path, definition, [...ownKeys, ...stepOptionNames], stepOptionSynonyms);
  const mark = offloadedMark(run);
  return {
    id,
    body: run,
    inputNames: [...new Set(names)],
    settings:
      mark === undefined && stepOptionNames.every((option) => definition[option] === undefined)
        ? defaultSettings
        : parseStepOptions(checker, path, definition, mark),
  };
}

function readInputs(
  inputs: unknown,
  steps: ReadonlyMap<string, number>,
  faults: WorkflowFault[],
): Map<string, number> {
  const places = new Map<string, number>();
  if (!Array.isArray(inputs)) {
    faults.push({
      kind: 'bad-definition',
      where: 'inputs',
      expected: 'an array of handles made by input()',
      value: inputs,
    });
    return places;
  }
  for (const [place, handle] of (inputs as unknown[]).entries()) {
    if (!isInput(handle)) {
      faults.push({
        kind: 'bad-definition',
        where: `inputs[${String(place)}]`,
        expected: 'a handle made by input()',
        value: handle,
      });
      continue;
    }
    if (places.has(handle.name)) faults.push({ kind: 'duplicate-input', input: handle.name });
    if (steps.has(handle.name)) faults.push({ kind: 'name-clash', name: handle.name });
    places.set(handle.name, place);
  }
  return places;
}

/** A look at every name for every unknown one would take for ever where all of them are unknown. */
const mostSuggestions = 8;

function connect(
  steps: readonly StepDefinition[],
  places: ReadonlyMap<string, number>,
  inputPlaces: ReadonlyMap<string, number>,
  faults: WorkflowFault[],
) {
  const sourceStarts = new Uint32Array(steps.length + 1);
  const dependencyStarts = new Uint32Array(steps.length + 1);
  const sources: number[] = [];
  const dependencies: number[] = [];
  let suggestions = 0;
  for (const [index, step] of steps.entries()) {
    for (const dependency of step.inputNames) {
      const place = places.get(dependency);
      const inputPlace = inputPlaces.get(dependency);
      if (dependency === step.id) {
        faults.push({ kind: 'self-dependency', stepId: step.id });
      } else if (place !== undefined) {
        sources.push(place);
        dependencies.push(place);
      } else if (inputPlace !== undefined) {
        sources.push(-1 - inputPlace);
      } else {
        const nearest =
          suggestions++ < mostSuggestions
            ? nearestName(
                dependency,
                [...places.keys(), ...inputPlaces.keys()],
                (known) => known === step.id || step.inputNames.includes(known),
              )
            : undefined;
        faults.push({ kind: 'unknown-dependency', stepId: step.id, dependency, nearest });
      }
    }
    sourceStarts[index + 1] = sources.length;
    dependencyStarts[index + 1] = dependencies.length;
  }
  return {
    sources: { starts: sourceStarts, values: Int32Array.from(sources) },
    dependencies: { starts: dependencyStarts, values: Uint32Array.from(dependencies) } satisfies Rows,
  };
}

function readOutputs(
  outputs: unknown,
  steps: readonly StepDefinition[],
  places: ReadonlyMap<string, number>,
  dependents: Rows,
  faults: WorkflowFault[],
): Map<string, number> {
  const result = new Map<string, number>();
  if (outputs === undefined) {
    for (const [index, { id }] of steps.entries()) {
      if (dependents.starts[index] === dependents.starts[index + 1]) result.set(id, index);
    }
    return result;
  }
  if (!Array.isArray(outputs) || outputs.length === 0) {
    faults.push({
      kind: 'bad-definition',
      where: 'outputs',
      expected: 'an array of ids that is not empty',
      value: outputs,
    });
    return result;
  }
  for (const output of outputs as readonly unknown[]) {
    const place = typeof output === 'string' ? places.get(output) : undefined;
    if (place === undefined) {
      const isWorthALook = typeof output === 'string' && faults.length < mostSuggestions;
      const nearest = isWorthALook ? nearestName(output, places.keys()) : undefined;
      faults.push({
        kind: 'unknown-output',
        output: typeof output === 'string' ? output : inspectValue(output),
        nearest,
      });
    } else {
      result.set(output as string, place);
    }
  }
  return result;
}
