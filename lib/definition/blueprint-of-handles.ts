import { Graph } from '../graph/graph.ts';
import { InvalidWorkflowError, type WorkflowFault } from '../graph/invalid-workflow-error.ts';
import type { Rows } from '../graph/rows.ts';
import { Blueprint } from './blueprint.ts';
import type { Mark } from './connections.ts';
import { edge } from './edge.ts';
import { OptionalHandle, StreamHandle } from './edge-handle.ts';
import type { Dependencies, Input } from './handle.ts';
import { isStep, StepHandle } from './step-handle.ts';

/**
 * The blueprint of the steps that the outputs reach. Linear in steps + dependencies, without recursion.
 *
 * Handles can't form a cycle, and the order in which they were made is topological.
 *
 * @throws InvalidWorkflowError with every fault found
 */
export function blueprintOfHandles(name: string, outputs: Dependencies): Blueprint {
  const faults: WorkflowFault[] = [];
  const roots = rootsOf(outputs, faults);
  const steps = bySerial(reach(roots));
  const ids = steps.map(({ id }) => id);
  checkIds(ids, faults);

  const edges = connect(steps);
  checkInputs(edges.inputs, faults);
  if (steps.length === 0 && faults.length === 0) faults.push({ kind: 'empty' });
  if (faults.length > 0) throw new InvalidWorkflowError(name, faults);

  const outputIndices = new Map<string, number>();
  const optionalOutputs = new Set<string>();
  for (const [key, handle] of Object.entries(outputs)) {
    outputIndices.set(key, StepHandle.slotOf(stepBehind(handle) as StepHandle));
    if (handle instanceof OptionalHandle) optionalOutputs.add(key);
  }
  const blueprint = new Blueprint(
    name,
    new Graph(ids, edges.dependencies),
    steps,
    edges.sources,
    edges.inputs,
    outputIndices,
    optionalOutputs,
    edges.marks,
  );
  if (edges.marks.size > 0) refuseStreams(blueprint);
  return blueprint;
}

/** @throws InvalidWorkflowError where steps can't run at the same time that a stream connects */
function refuseStreams(blueprint: Blueprint): void {
  const { branching } = blueprint;
  const faults = branching?.streams?.faultsOf(blueprint, branching) ?? [];
  if (faults.length > 0) throw new InvalidWorkflowError(blueprint.name, faults);
}

/** The step that a handle is about, where it is about one. */
function stepBehind(handle: unknown): unknown {
  return handle instanceof OptionalHandle || handle instanceof StreamHandle ? handle.step : handle;
}

function rootsOf(outputs: unknown, faults: WorkflowFault[]): StepHandle[] {
  if (typeof outputs !== 'object' || outputs === null || Array.isArray(outputs)) {
    faults.push({
      kind: 'bad-definition',
      where: 'the outputs',
      expected: 'a record of steps, as in { report }',
      value: outputs,
    });
    return [];
  }
  return Object.entries(outputs).flatMap(([key, handle]: [string, unknown]) => {
    if (isStep(handle)) return [handle];
    if (handle instanceof OptionalHandle) return [handle.step];
    faults.push({
      kind: 'bad-definition',
      where: `the output '${key}'`,
      expected: 'a step made by step()',
      value: handle,
    });
    return [];
  });
}

let workflowsBuilt = 0;

/** All steps that the roots need, themselves included. The list is its own queue. */
function reach(roots: readonly StepHandle[]): StepHandle[] {
  const workflow = ++workflowsBuilt;
  const found = roots.filter((root) => StepHandle.visit(root, workflow));
  for (let next = 0; next < found.length; next++) {
    const { inputs } = found[next] as StepHandle;
    for (let at = 0; at < inputs.length; at++) {
      const input = inputs[at];
      const handle = input instanceof StepHandle ? input : stepBehind(input);
      if (handle instanceof StepHandle && StepHandle.visit(handle, workflow)) found.push(handle);
    }
  }
  return found;
}

/** The steps in the order of definition, and their slots set to it. */
function bySerial(steps: StepHandle[]): StepHandle[] {
  const sorted = placeBySerial(steps) ?? steps.sort((a, b) => a.serial - b.serial);
  for (let slot = 0; slot < sorted.length; slot++) StepHandle.setSlot(sorted[slot] as StepHandle, slot);
  return sorted;
}

/**
 * Steps of one workflow are mostly made in one go, so that their serials are places: no comparison needed.
 * `undefined` where many others were made in between.
 */
function placeBySerial(steps: StepHandle[]): StepHandle[] | undefined {
  if (steps.length === 0) return steps;
  let first = Infinity;
  let last = -1;
  for (let at = 0; at < steps.length; at++) {
    const { serial } = steps[at] as StepHandle;
    if (serial < first) first = serial;
    if (serial > last) last = serial;
  }
  const range = last - first + 1;
  if (range > 4 * steps.length) return undefined;
  const placed = new Array<StepHandle | undefined>(range).fill(undefined);
  for (let at = 0; at < steps.length; at++) {
    const handle = steps[at] as StepHandle;
    placed[handle.serial - first] = handle;
  }
  return range === steps.length ? (placed as StepHandle[]) : placed.filter((handle) => handle !== undefined);
}

function connect(steps: readonly StepHandle[]) {
  const starts = new Uint32Array(steps.length + 1);
  for (let index = 0; index < steps.length; index++) {
    starts[index + 1] = (starts[index] as number) + (steps[index] as StepHandle).inputs.length;
  }
  const sources = new Int32Array(starts[steps.length] as number);
  const inputs: Input[] = [];
  const inputPlaces = new Map<unknown, number>();
  const marks = new Map<number, Mark>();
  let next = 0;
  for (let index = 0; index < steps.length; index++) {
    const handles = (steps[index] as StepHandle).inputs;
    for (let at = 0; at < handles.length; at++) {
      const handle = handles[at];
      if (handle instanceof StepHandle) {
        sources[next++] = StepHandle.slotOf(handle);
        continue;
      }
      if (handle instanceof OptionalHandle) {
        marks.set(next, { kind: edge.optional });
        sources[next++] = StepHandle.slotOf(handle.step);
        continue;
      }
      if (handle instanceof StreamHandle) {
        marks.set(next, { kind: edge.stream, terms: handle.terms });
        sources[next++] = StepHandle.slotOf(handle.step);
        continue;
      }
      let place = inputPlaces.get(handle);
      if (place === undefined) {
        place = inputs.push(handle as Input) - 1;
        inputPlaces.set(handle, place);
      }
      sources[next++] = -1 - place;
    }
  }
  const dependencies =
    inputs.length === 0
      ? { starts, values: new Uint32Array(sources.buffer) }
      : withoutInputs(starts, sources);
  return { inputs, marks, sources: { starts, values: sources }, dependencies };
}

/** The sources that are steps. */
function withoutInputs(starts: Uint32Array, sources: Int32Array): Rows {
  const stepStarts = new Uint32Array(starts.length);
  let next = 0;
  for (let index = 0; index + 1 < starts.length; index++) {
    const end = starts[index + 1] as number;
    for (let at = starts[index] as number; at < end; at++) if ((sources[at] as number) >= 0) next++;
    stepStarts[index + 1] = next;
  }
  return { starts: stepStarts, values: Uint32Array.from(sources.filter((source) => source >= 0)) };
}

function checkIds(ids: readonly string[], faults: WorkflowFault[]): void {
  if (new Set(ids).size === ids.length) return;
  for (const stepId of repeated(ids)) faults.push({ kind: 'duplicate-step', stepId });
}

function checkInputs(inputs: readonly Input[], faults: WorkflowFault[]): void {
  for (const input of repeated(inputs.map(({ name }) => name)))
    faults.push({ kind: 'duplicate-input', input });
}

/** The names that occur more than once, each once. */
export function repeated(names: Iterable<string>): Set<string> {
  const seen = new Set<string>();
  const result = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) result.add(name);
    seen.add(name);
  }
  return result;
}
