import { type Step, step, type Workflow, workflow } from 'millrace';
import type { BenchGraph } from './graphs.ts';

/** Whether a step gives its output at once, or is an `async` function. */
export type Mode = 'sync' | 'async';

/** What every step does: one more than the sum of its inputs, kept small. */
export function sum(values: readonly number[]): number {
  let total = 1;
  for (const value of values) total += value;
  return total % 1_000_003;
}

/** The floor below which no scheduler can go: a loop over a topological order. Gives the last output. */
export async function bareLoop({ dependencies }: BenchGraph, mode: Mode): Promise<number> {
  const outputs: number[] = [];
  for (const needed of dependencies) {
    const value = sum(needed.map((index) => outputs[index] as number));
    outputs.push(mode === 'sync' ? value : await Promise.resolve(value));
  }
  return outputs[outputs.length - 1] as number;
}

// What it costs to be async is the point.
const sumLater = async (values: readonly number[]): Promise<number> => sum(values);

/** What one writes without a library. Gives the last output. */
export async function promiseAll({ dependencies }: BenchGraph, mode: Mode): Promise<number> {
  const run = mode === 'sync' ? sum : sumLater;
  const promises: Promise<number>[] = [];
  for (const needed of dependencies) {
    promises.push(Promise.all(needed.map((index) => promises[index] as Promise<number>)).then(run));
  }
  const outputs = await Promise.all(promises);
  return outputs[outputs.length - 1] as number;
}

type Inputs = Readonly<Record<string, number>>;

const add = ({ a = 0, b = 0, c = 0 }: Inputs): number => (1 + a + b + c) % 1_000_003;

const addLater = async (inputs: Inputs): Promise<number> => add(inputs);

const names = ['a', 'b', 'c'] as const;

/** What defines steps and workflows: of the source, or of the built package. */
type Makers = Pick<typeof import('millrace'), 'step' | 'workflow'>;

/** The graph as a workflow; its outputs are the steps that nothing needs, the last step among them. */
export function define(graph: BenchGraph, mode: Mode): Workflow<Readonly<Record<string, number>>, never> {
  return defineWith({ step, workflow }, graph, mode);
}

/** {@link define}, by makers from elsewhere. */
export function defineWith(
  { step, workflow }: Makers,
  { dependencies }: BenchGraph,
  mode: Mode,
): Workflow<Readonly<Record<string, number>>, never> {
  const steps: Step<number, never>[] = [];
  const isNeeded = new Uint8Array(dependencies.length);
  for (const [index, needed] of dependencies.entries()) {
    const deps: Record<string, Step<number, never>> = {};
    for (const [place, dependency] of needed.entries()) {
      deps[names[place] as string] = steps[dependency] as Step<number, never>;
      isNeeded[dependency] = 1;
    }
    const id = `s${String(index)}`;
    steps.push(mode === 'sync' ? step(id, deps, add) : step(id, deps, addLater));
  }
  return workflow(
    'bench',
    Object.fromEntries(steps.filter((_, index) => isNeeded[index] === 0).map((end) => [end.id, end])),
  );
}

/** The output of the last step, for comparison with the floors. */
export function lastOutput(
  { dependencies }: BenchGraph,
  outputs: Readonly<Record<string, number>>,
): number | undefined {
  return outputs[`s${String(dependencies.length - 1)}`];
}
