import type { BranchingEdge, BranchingPlan, Connections } from './connections.ts';
import { edge } from './edge.ts';
import { joinEdge } from './join.ts';
import type { StepDefinition } from './step-definition.ts';

/** The plan of a workflow that branches; `undefined` where every step waits for all outputs that it needs. */
export function branchingPlan(connections: Connections): BranchingPlan | undefined {
  const { steps, marks } = connections;
  const branches = steps.some(({ settings: { join, when } }) => join !== undefined || when !== undefined);
  if (!branches && marks.size === 0) return undefined;
  const edgesOf = (index: number): BranchingEdge[] => edgesOfStep(connections, index);
  const streams = [...marks.values()].find(({ terms }) => terms !== undefined)?.terms?.machinery;
  return {
    edgesOf,
    kinds: kindsOfDependents(connections, edgesOf),
    dormant: dormantSteps(connections, edgesOf),
    Joins: steps.find(({ settings: { join } }) => join !== undefined)?.settings.join?.Joins,
    streams,
    gangs: streams?.gangsOf(connections.graph.size, edgesOf) ?? [],
  };
}

function edgesOfStep({ steps, sources, marks }: Connections, index: number): BranchingEdge[] {
  const { settings } = steps[index] as StepDefinition;
  const edges: BranchingEdge[] = [];
  const start = sources.starts[index] as number;
  for (let at = start; at < (sources.starts[index + 1] as number); at++) {
    const step = sources.values[at] as number;
    if (step < 0) continue;
    const place = at - start;
    const joined = settings.join === undefined ? edge.data : joinEdge(settings.join, place);
    const mark = marks.get(at);
    edges.push({ step, place, kind: mark?.kind ?? joined, terms: mark?.terms });
  }
  return edges;
}

/** In the order in which `graph.dependents` has them: by dependent, and by place. */
function kindsOfDependents(
  { graph }: Connections,
  edgesOf: (index: number) => readonly BranchingEdge[],
): Uint8Array {
  const next = graph.dependents.starts.slice();
  const kinds = new Uint8Array(graph.dependents.values.length);
  for (let index = 0; index < graph.size; index++) {
    for (const { step, kind } of edgesOf(index)) {
      const at = next[step] as number;
      kinds[at] = kind;
      next[step] = at + 1;
    }
  }
  return kinds;
}

/** Those that only a branch which is still to be chosen needs. */
function dormantSteps(
  { graph, outputs, steps }: Connections,
  edgesOf: (index: number) => readonly BranchingEdge[],
): Uint8Array {
  const dormant = new Uint8Array(graph.size);
  if (!steps.some(({ settings: { join } }) => join !== undefined)) return dormant;
  dormant.fill(1);
  // A Set goes on over what is added while it is walked.
  const wanted = new Set(outputs.values());
  for (const index of wanted) {
    dormant[index] = 0;
    for (const { step, kind } of edgesOf(index)) if (kind !== edge.lazy) wanted.add(step);
  }
  return dormant;
}
