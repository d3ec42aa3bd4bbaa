import { ChunkedSteps, type StepList } from '../base/step-list.ts';
import type { BranchingPlan, Connections } from './connections.ts';
import type { SpecialNeed, StepInfo } from './step-info.ts';

/** What a workflow tells of itself: plain data, enough for logs and pictures. */
export interface WorkflowInfo {
  /** The name. */
  readonly name: string;
  /** Every step, in the order of definition. */
  readonly steps: StepList<StepInfo>;
}

/** What a workflow tells of itself. */
export function workflowInfo(
  name: string,
  { graph, steps }: Connections,
  branching: BranchingPlan | undefined,
): WorkflowInfo {
  const infos = steps.map(({ id, settings }, index): StepInfo => {
    const { demand, priority, estimate, description, group, tags, join, kind, within } = settings;
    return {
      id,
      dependsOn: graph.dependenciesOf(id),
      kind: join?.kind ?? kind,
      ...(branching === undefined ? {} : specialsOf(graph.ids, branching, index)),
      demand,
      priority,
      estimate,
      description,
      group,
      tags,
      ...within?.info,
    };
  });
  return Object.freeze({ name, steps: ChunkedSteps.of(infos, (id) => graph.indexOf(id)) });
}

/** The names of the kinds of edges, by their number. */
const specialEdges: readonly (SpecialNeed['as'] | undefined)[] = [
  undefined,
  'optional',
  'candidate',
  'branch',
  'stream',
];

function specialsOf(
  ids: readonly string[],
  branching: BranchingPlan,
  index: number,
): Pick<StepInfo, 'specialNeeds' | 'isConditional'> {
  const specialNeeds = branching.edgesOf(index).flatMap(({ step, kind }) => {
    const as = specialEdges[kind];
    return as === undefined ? [] : [{ stepId: ids[step] ?? '', as }];
  });
  return {
    ...(specialNeeds.length === 0 ? {} : { specialNeeds }),
    ...(branching.dormant[index] === 1 ? { isConditional: true as const } : {}),
  };
}
