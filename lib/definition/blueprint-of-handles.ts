import { Graph } from '../graph/graph.ts';
import { InvalidWorkflowError, type WorkflowFault } from '../graph/invalid-workflow-error.ts';
import { Blueprint } from './blueprint.ts';
import type { Dependencies, Input } from './handle.ts';
import { isStep, StepHandle } from './step.ts';

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

  const outputIndices = new Map(Object.entries(outputs).map(([key, handle]) => [key, StepHandle.slotOf(handle as StepHandle)]));
  return new Blueprint(name, new Graph(ids, edges.dependencies), steps, edges.sources, edges.inputs, outputIndices);
}

function rootsOf(outputs: unknown, faults: WorkflowFault[]): StepHandle[] {
  if (typeof outputs !== 'object' || outputs === null || Array.isArray(outputs)) {
    faults.push({ kind: 'bad-definition', where: 'the outputs', expected: 'a record of steps, as in { report }', value: outputs });
    return [];
  }
  return Object.entries(outputs).flatMap(([key, handle]: [string, unknown]) => {
    if (isStep(handle)) return [handle];
    faults.push({ kind: 'bad-definition', where: `the output '${key}'`, expected: 'a step made by step()', value: handle });
    return [];
  });
}

/** All steps that the roots need, themselves included. The list is its own queue. */
function reach(roots: readonly StepHandle[]): StepHandle[] {
  const found: StepHandle[] = [];
  const visit = (handle: StepHandle): void => {
    // The slot may stem from another workflow; that the step stands there proves that it is this one's.
    if (found[StepHandle.slotOf(handle)] === handle) return;
    StepHandle.setSlot(handle, found.length);
    found.push(handle);
  };
  for (const root of roots) visit(root);
  for (let next = 0; next < found.length; next++) {
    for (const handle of (found[next] as StepHandle).inputs) {
      if (handle instanceof StepHandle) visit(handle);
    }
  }
  return found;
}

/** The steps in the order of definition, and their slots set to it. */
function bySerial(steps: StepHandle[]): StepHandle[] {
  let first = Infinity;
  let last = -1;
  for (const { serial } of steps) {
    if (serial < first) first = serial;
    if (serial > last) last = serial;
  }
  const sorted = last - first < 4 * steps.length ? placeBySerial(steps, first, last) : steps.sort((a, b) => a.serial - b.serial);
  for (const [slot, handle] of sorted.entries()) StepHandle.setSlot(handle, slot);
  return sorted;
}

/** Steps of one workflow are mostly made in one go, so that their serials are places: no comparison needed. */
function placeBySerial(steps: readonly StepHandle[], first: number, last: number): StepHandle[] {
  const places: (StepHandle | undefined)[] = new Array<undefined>(last - first + 1).fill(undefined);
  for (const handle of steps) places[handle.serial - first] = handle;
  return places.filter((handle) => handle !== undefined);
}

function connect(steps: readonly StepHandle[]) {
  const sourceStarts = new Uint32Array(steps.length + 1);
  const dependencyStarts = new Uint32Array(steps.length + 1);
  const sources: number[] = [];
  const dependencies: number[] = [];
  const inputs: Input[] = [];
  const inputPlaces = new Map<unknown, number>();
  for (let index = 0; index < steps.length; index++) {
    for (const handle of (steps[index] as StepHandle).inputs) {
      if (handle instanceof StepHandle) {
        const slot = StepHandle.slotOf(handle);
        sources.push(slot);
        dependencies.push(slot);
        continue;
      }
      let place = inputPlaces.get(handle);
      if (place === undefined) {
        place = inputs.push(handle as Input) - 1;
        inputPlaces.set(handle, place);
      }
      sources.push(-1 - place);
    }
    sourceStarts[index + 1] = sources.length;
    dependencyStarts[index + 1] = dependencies.length;
  }
  return {
    inputs,
    sources: { starts: sourceStarts, values: Int32Array.from(sources) },
    dependencies: { starts: dependencyStarts, values: Uint32Array.from(dependencies) },
  };
}

function checkIds(ids: readonly string[], faults: WorkflowFault[]): void {
  if (new Set(ids).size === ids.length) return;
  for (const stepId of repeated(ids)) faults.push({ kind: 'duplicate-step', stepId });
}

function checkInputs(inputs: readonly Input[], faults: WorkflowFault[]): void {
  for (const input of repeated(inputs.map(({ name }) => name))) faults.push({ kind: 'duplicate-input', input });
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
