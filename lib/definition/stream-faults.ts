import type { Graph } from '../graph/graph.ts';
import type { WorkflowFault } from '../graph/invalid-workflow-error.ts';
import type { BranchingPlan, Connections } from './connections.ts';
import { edge } from './edge.ts';
import type { StepDefinition } from './step-definition.ts';

/** What keeps steps that streams connect from running at the same time. */
export function streamFaults(connections: Connections, plan: BranchingPlan): WorkflowFault[] {
  return [...faultsOfMembers(connections, plan), ...faultsOfPaths(connections, plan)];
}

/** Only a step of its own function emits a stream. */
function faultsOfMembers({ steps }: Connections, { gangs, edgesOf }: BranchingPlan): WorkflowFault[] {
  const faults: WorkflowFault[] = [];
  for (const index of gangs.flat()) {
    const { id, settings } = steps[index] as StepDefinition;
    if (settings.cache !== undefined)
      faults.push({
        kind: 'bad-definition',
        where: `the cache of step '${id}'`,
        expected:
          'absent, since a stream connects it with others: put them into a subflow that has the cache',
        value: settings.cache,
      });
    for (const { step, kind } of edgesOf(index)) {
      const producer = steps[step] as StepDefinition;
      if (kind === edge.stream && (producer.settings.join !== undefined || producer.settings.kind !== 'step'))
        faults.push({
          kind: 'bad-definition',
          where: `the stream of '${producer.id}' in step '${id}'`,
          expected: 'that of a step that emits itself, made by step()',
          value: producer.id,
        });
    }
  }
  return faults;
}

/** Those that run at the same time can't wait for each other's end. */
function faultsOfPaths({ graph }: Connections, plan: BranchingPlan): WorkflowFault[] {
  const { gangs, edgesOf } = plan;
  const faults: WorkflowFault[] = [];
  for (const gang of gangs) {
    const members = new Set(gang);
    // Backwards from every member over those that have to be settled before it starts.
    const cameFrom = new Map<number, number>();
    const pending: number[] = [...gang];
    const matesOf = (index: number): readonly number[] => gangs.find((other) => other.includes(index)) ?? [];
    const walked = new Set<number>();
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      if (walked.has(index)) continue;
      walked.add(index);
      for (const { step, kind } of [...edgesOf(index), ...decisionsOn(graph, plan, index)]) {
        if (members.has(step)) {
          // Within the gang, a stream is what it is for.
          if (members.has(index) && kind === edge.stream) continue;
          faults.push({
            kind: 'bad-definition',
            where: `step '${graph.ids[step] ?? ''}'`,
            expected: `needed either as a stream or by its output: ${pathText(graph.ids, cameFrom, members, step, index)} waits for its end, and has to run at the same time`,
            value: graph.ids[step],
          });
        } else if (!cameFrom.has(step)) {
          cameFrom.set(step, index);
          pending.push(step);
          // It starts with those that it is connected with, and so not before what they wait for.
          for (const mate of matesOf(step)) {
            if (cameFrom.has(mate)) continue;
            cameFrom.set(mate, step);
            pending.push(mate);
          }
        }
      }
    }
  }
  return faults;
}

/** What a step waits for that only a branch needs: the outputs by which the branch is chosen, as far as they aren't in it. */
function decisionsOn(
  graph: Graph,
  { dormant: isDormant, kinds, edgesOf }: BranchingPlan,
  index: number,
): { step: number; kind: number }[] {
  if (isDormant[index] !== 1) return [];
  const { starts, values } = graph.dependents;
  const found = new Set<number>();
  // A Set goes on over what is added while it is walked.
  const dormant = new Set([index]);
  for (const each of dormant) {
    for (let at = starts[each] as number; at < (starts[each + 1] as number); at++) {
      const dependent = values[at] as number;
      if (kinds[at] === edge.lazy)
        for (const { step, kind } of edgesOf(dependent)) if (kind !== edge.lazy) found.add(step);
      if (isDormant[dependent] === 1) dormant.add(dependent);
    }
  }
  return Array.from(found, (step) => ({ step, kind: edge.data }));
}

function pathText(
  ids: readonly string[],
  cameFrom: ReadonlyMap<number, number>,
  members: ReadonlySet<number>,
  from: number,
  first: number,
): string {
  const path = [from, first];
  for (let at = first; !members.has(at); ) {
    const next = cameFrom.get(at);
    if (next === undefined) break;
    path.push(next);
    at = next;
  }
  return path.map((index) => ids[index] ?? '').join(' → ');
}
