import { defineWorkflow, type Step, step, type Workflow, workflow } from 'millrace';
import type { BenchGraph } from './graphs.ts';

/** What every step does: the sum of its inputs, plus one; at once, or as a Promise. */
export type Mode = 'sync' | 'async';

/** Runs a graph once and resolves with the sum of the outputs of all steps that nothing needs. */
export type Contestant = (graph: BenchGraph, mode: Mode) => Promise<number>;

function sum(values: readonly number[]): number {
  let total = 1;
  for (const value of values) total = (total + value) % 1_000_003;
  return total;
}

/** The floor below which no scheduler can go: a loop over a topological order. */
export const bareLoop: Contestant = async ({ dependencies }, mode) => {
  const outputs: number[] = [];
  for (const needed of dependencies) {
    const value = sum(needed.map((index) => outputs[index] as number));
    outputs.push(mode === 'sync' ? value : await Promise.resolve(value));
  }
  return outputs[outputs.length - 1] as number;
};

/** What one writes without a library. */
export const promiseAll: Contestant = async ({ dependencies }, mode) => {
  const promises: Promise<number>[] = [];
  const run = mode === 'sync' ? sum : (values: readonly number[]) => Promise.resolve(sum(values));
  for (const needed of dependencies) {
    promises.push(Promise.all(needed.map((index) => promises[index] as Promise<number>)).then(run));
  }
  const outputs = await Promise.all(promises);
  return outputs[outputs.length - 1] as number;
};

type Inputs = Readonly<Record<string, number>>;

function add({ a = 0, b = 0, c = 0 }: Inputs): number {
  return (((1 + a + b + c) % 1_000_003) + 1_000_003) % 1_000_003;
}

function addLater(inputs: Inputs): Promise<number> {
  return Promise.resolve(add(inputs));
}

const names = ['a', 'b', 'c'];

/** Defines a graph with `step()` and `workflow()`; all steps that nothing needs hang on one last step. */
export function definition({ dependencies }: BenchGraph, mode: Mode): Workflow<{ readonly last: number }, never> {
  const steps: Step<number, never>[] = [];
  const run = mode === 'sync' ? add : addLater;
  const isNeeded = new Uint8Array(dependencies.length);
  for (const [index, needed] of dependencies.entries()) {
    const deps: Record<string, Step<number, never>> = {};
    for (const [place, dependency] of needed.entries()) {
      deps[names[place] as string] = steps[dependency] as Step<number, never>;
      isNeeded[dependency] = 1;
    }
    steps.push(step(`s${String(index)}`, deps, run));
  }
  const ends = Object.fromEntries(steps.filter((_, index) => isNeeded[index] === 0).map((end) => [end.id, end]));
  return workflow('bench', ends) as unknown as Workflow<{ readonly last: number }, never>;
}

export { defineWorkflow };
