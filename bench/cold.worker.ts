/** A process of its own: what importing one contestant, defining a graph and running it for the first time takes, in ms. */
import type { PGraph } from 'p-graph';
import { defineWith, lastOutput, type Mode, promiseAll, sum } from './contestants.ts';
import { type BenchGraph, benchGraph } from './graphs.ts';

/** What such a process prints, as JSON. */
export interface ColdTimes {
  readonly imported: number;
  readonly defined: number;
  readonly run: number;
  /** The last output: the same for everyone. */
  readonly output: number | undefined;
}

const [, , contestant = '', entry = '', size = '0', mode = 'sync'] = process.argv;
const graph = benchGraph('layered', Number(size));

// Nothing of what is measured may be there before: the contestants come by `import()`.
const contestants: Readonly<Record<string, () => Promise<ColdTimes>>> = {
  async 'Promise.all'() {
    const [run, output] = await timed(() => promiseAll(graph, mode as Mode));
    return { imported: 0, defined: 0, run, output };
  },
  async 'p-graph'() {
    const [imported, library] = await timed(() => import('p-graph'));
    const outputs: number[] = [];
    const [defined, pGraph] = await timed(() => new library.PGraph(...nodesOf(graph, mode as Mode, outputs)));
    const [run] = await timed(() => pGraph.run());
    return { imported, defined, run, output: outputs[outputs.length - 1] };
  },
  async millrace() {
    const [imported, library] = await timed(() => import(entry) as Promise<typeof import('millrace')>);
    if (graph.dependencies.length === 0) return { imported, defined: 0, run: 0, output: undefined };
    const [defined, flow] = await timed(() => defineWith(library, graph, mode as Mode));
    const [run, outputs] = await timed(() => flow.run().result());
    return { imported, defined, run, output: lastOutput(graph, outputs) };
  },
};

async function timed<Result>(work: () => Result | Promise<Result>): Promise<[ms: number, result: Result]> {
  const start = performance.now();
  const result = await work();
  return [performance.now() - start, result];
}

/** Its steps have no inputs, so they read those of others where these have put them. */
function nodesOf(
  { dependencies }: BenchGraph,
  of: Mode,
  outputs: number[],
): ConstructorParameters<typeof PGraph> {
  const nodes = new Map<string, { run: () => unknown }>();
  const edges: [string, string][] = [];
  for (const [index, needed] of dependencies.entries()) {
    const work = (): void => {
      outputs[index] = sum(needed.map((dependency) => outputs[dependency] as number));
    };
    nodes.set(String(index), { run: of === 'sync' ? work : async () => work() });
    for (const dependency of needed) edges.push([String(dependency), String(index)]);
  }
  return [nodes, edges];
}

const measure = contestants[contestant];
if (measure !== undefined) console.log(JSON.stringify(await measure()));
