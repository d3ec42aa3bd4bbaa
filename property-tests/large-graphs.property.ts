import { VirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import {
  type Definition,
  defineWorkflow,
  InvalidWorkflowError,
  type Step,
  step,
  type Workflow,
  workflow,
} from '../lib/index.ts';

const size = 50_000;

type Dependencies = (index: number) => readonly number[];

/** Shapes in which recursion would go as deep, or a quadratic search as far, as the graph is large. */
const shapes: readonly (readonly [string, Dependencies])[] = [
  ['chain', (index) => (index === 0 ? [] : [index - 1])],
  ['fan out', (index) => (index === 0 ? [] : [0])],
  ['fan in', (index) => (index === size - 1 ? Array.from({ length: size - 1 }, (_, other) => other) : [])],
  ['ladder', (index) => [index - 1, index - 2].filter((other) => other >= 0)],
  ['crowd without dependencies', () => []],
];

describe.each(shapes)(`a ${String(size)}-step %s`, (_, dependenciesOf) => {
  test.each([
    ['definitions', fromDefinitions],
    ['handles', fromHandles],
  ])('is built of %s, ordered, measured and run without recursion', (__, build) => {
    const counting = build(dependenciesOf, size);
    const { graph } = counting;
    expect(graph.size).toBe(size);
    expect(graph.topologicalOrder()).toHaveLength(size);
    expect(graph.criticalPath().length).toBe(deepest(dependenciesOf));
    expect(depthOf(counting)).toBe(deepest(dependenciesOf));
  });
});

test(`a cycle of ${String(size)} steps is found without recursion`, () => {
  const definitions = definitionsOf((index) => [(index + size - 1) % size], size);
  let thrown: unknown;
  try {
    defineWorkflow('cycle', definitions);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InvalidWorkflowError);
  const [fault, ...others] = (thrown as InvalidWorkflowError).faults;
  expect(others).toEqual([]);
  expect(fault).toMatchObject({ kind: 'cycle' });
  if (fault?.kind === 'cycle') expect(fault.path).toHaveLength(size + 1);
});

test(`a failure at the root of a ${String(size)}-step chain is carried to its end without recursion`, () => {
  const definitions = definitionsOf((index) => (index === 0 ? [] : [index - 1]), size);
  const chain = defineWorkflow(
    'chain',
    [
      {
        id: nameOf(0),
        run: () => {
          throw new Error('no');
        },
      },
      ...definitions.slice(1),
    ],
    { onFailure: 'continue' },
  );
  const run = chain.run({ scheduler: new VirtualTime().scheduler });
  let skipped = 0;
  run.progress$.subscribe(({ type }) => {
    if (type === 'step-skipped') skipped++;
  });
  run.result$.subscribe({ error: () => undefined });
  expect(skipped).toBe(size - 1);
});

test('a chain of 1,000,000 synchronous steps completes', () => {
  expect(depthOf(fromHandles((index) => (index === 0 ? [] : [index - 1]), 1_000_000))).toBe(1_000_000);
}, 120_000); // A million steps take some seconds to define and to run, and more beside other tests.

/** A name that isn't a number: objects with such keys are arrays full of holes. */
function nameOf(index: number): string {
  return `s${String(index)}`;
}

/** Each step's output is the length of the longest path that leads to it. */
function definitionsOf(dependenciesOf: Dependencies, length: number): Definition[] {
  return Array.from({ length }, (_, index) => ({
    id: nameOf(index),
    dependsOn: dependenciesOf(index).map(nameOf),
    run: oneMore,
  }));
}

function fromDefinitions(dependenciesOf: Dependencies, length: number): Workflow {
  return defineWorkflow('large', definitionsOf(dependenciesOf, length));
}

function fromHandles(dependenciesOf: Dependencies, length: number): Workflow {
  const steps: Step<number, never>[] = [];
  const isNeeded = new Set<number>();
  for (let index = 0; index < length; index++) {
    const needed: Record<string, Step<number, never>> = {};
    for (const [place, other] of dependenciesOf(index).entries()) {
      needed[nameOf(place)] = steps[other] as Step<number, never>;
      isNeeded.add(other);
    }
    steps.push(step(nameOf(index), needed, oneMore));
  }
  return workflow(
    'large',
    Object.fromEntries(steps.flatMap((each, index) => (isNeeded.has(index) ? [] : [[nameOf(index), each]]))),
  );
}

function oneMore(inputs: Readonly<Record<string, unknown>>): number {
  let longest = 0;
  for (const length of Object.values(inputs) as number[]) if (length > longest) longest = length;
  return longest + 1;
}

/** Runs a workflow of synchronous steps: without slices it is over when `subscribe` returns. */
function depthOf(large: Workflow): number {
  let outputs: Readonly<Record<string, unknown>> = {};
  large.run({ scheduler: new VirtualTime().scheduler }).result$.subscribe((result) => {
    outputs = result;
  });
  return oneMore(outputs) - 1;
}

function deepest(dependenciesOf: Dependencies): number {
  const depths = new Uint32Array(size);
  let deepestYet = 0;
  for (let index = 0; index < size; index++) {
    let depth = 0;
    for (const other of dependenciesOf(index)) depth = Math.max(depth, depths[other] as number);
    depths[index] = depth + 1;
    deepestYet = Math.max(deepestYet, depth + 1);
  }
  return deepestYet;
}
