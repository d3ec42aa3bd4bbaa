import type { Demand } from '../admission/demand.ts';
import type { BranchingPlan } from './branching-plan.ts';
import type { Connections } from './connections.ts';

/**
 * What a step is: one of its own function, a fan-out, a workflow as a part of another, or one that gives what another gave.
 */
export type StepKind = 'step' | 'for-each' | 'subflow' | 'choose' | 'first-of' | 'fallback';

/** How a step needs another, where it doesn't wait for its output. */
export interface SpecialNeed {
  /** The other. */
  readonly stepId: string;
  /**
   * `optional`: it has to be settled in whatever way; `candidate`: another one may do; `branch`: it runs only if it is chosen;
   * `stream`: it runs at the same time.
   */
  readonly as: 'optional' | 'candidate' | 'branch' | 'stream';
}

/** What a workflow tells of one of its steps. */
export interface StepInfo {
  /** The id. */
  readonly id: string;
  /** The ids of the steps it needs, each once. */
  readonly dependsOn: readonly string[];
  /** What it is. */
  readonly kind: StepKind;
  /** Those of `dependsOn` for whose output it doesn't simply wait; absent where there are none. */
  readonly specialNeeds?: readonly SpecialNeed[];
  /** Whether it starts only if a branch is chosen that needs it; absent where not. */
  readonly isConditional?: true;
  /** What it takes of each resource class. */
  readonly demand: Demand;
  /** Its priority. */
  readonly priority: number;
  /** How long it is expected to take, in ms, where it says so. */
  readonly estimate: number | undefined;
  /** What it is for. */
  readonly description: string | undefined;
  /** The group it belongs to. */
  readonly group: string | undefined;
  /** Its labels. */
  readonly tags: readonly string[];
}

/** What a workflow tells of itself: plain data, enough for logs and pictures. */
export interface WorkflowInfo {
  /** The name. */
  readonly name: string;
  /** Every step, in the order of definition. */
  readonly steps: readonly StepInfo[];
}

/** What a workflow tells of itself. */
export function workflowInfo(
  name: string,
  { graph, steps }: Connections,
  branching: BranchingPlan | undefined,
): WorkflowInfo {
  return {
    name,
    steps: steps.map(({ id, settings }, index) => {
      const { demand, priority, estimate, description, group, tags, join, kind } = settings;
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
      };
    }),
  };
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
