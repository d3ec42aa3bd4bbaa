import { OptionChecker } from '../base/option-checker.ts';
import { isStepList, stepsIn } from '../base/step-list.ts';
import type { SpecialNeed, StepKind } from '../definition/step-info.ts';
import type { ChildCounts } from '../observe/child-counts.ts';
import { criticalStepsIn } from '../observe/critical-steps.ts';
import { settledOf } from '../observe/descent.ts';
import type { StepSnapshot } from '../observe/run-snapshot.ts';
import type { RunStatus } from '../observe/run-view.ts';
import type { StepStatus } from '../observe/step-status.ts';
import { type Collapsed, collapse } from './collapse.ts';
import { durationText } from './duration-text.ts';
import type { PicturedStep, PicturedWorkflow } from './pictured-workflow.ts';

/** What can be asked of a diagram. */
export interface DiagramOptions {
  /**
   * Where a run stands, be it read from JSON: marks the states, the durations and the critical path.
   *
   * @defaultValue the structure alone
   */
  readonly snapshot?:
    | {
        /** Where the run stands as a whole: the critical path of one that has failed ends with the step that did. */
        readonly status?: RunStatus | undefined;
        /** Where each step stands. */
        readonly steps: Iterable<StepSnapshot>;
      }
    | undefined;
  /**
   * Workflows of more steps than this are drawn with one node a group (the step option `group`). Where that leaves too
   * many, steps without a group are drawn by how deep in the graph they lie.
   *
   * @defaultValue 100
   */
  readonly collapseAbove?: number | undefined;
  /** Which way dependencies point: to the right or down. @defaultValue 'right' */
  readonly direction?: 'right' | 'down' | undefined;
}

/** A node of a diagram: a step, or all steps of a group. */
export interface DiagramNode {
  /** The step that it is, or what its fold is known by. */
  readonly id: string;
  readonly lines: readonly string[];
  /** How many lines there may be, as a run goes on. */
  readonly room: number;
  /** `undefined` where nothing is known of a run. */
  readonly status: StepStatus | undefined;
  readonly isGroup: boolean;
  readonly isCritical: boolean;
}

/** A dependency between the nodes at two places. */
export interface DiagramEdge {
  readonly from: number;
  readonly to: number;
  readonly isCritical: boolean;
  /** How it is needed, where it isn't waited for. */
  readonly as: SpecialNeed['as'] | undefined;
}

/** A graph ready to be written down in any language. Nodes have no names but their places. */
export interface Diagram {
  readonly name: string;
  readonly direction: 'right' | 'down';
  readonly nodes: readonly DiagramNode[];
  readonly edges: readonly DiagramEdge[];
}

/** The statuses of a group's steps, the one that says most about the group first. */
const telling: readonly StepStatus[] = [
  'failed',
  'retrying',
  'running',
  'cancelled',
  'skipped',
  'ready',
  'waiting',
  'completed',
];

/** Lays out what there is to draw. Linear in steps + dependencies. */
export function diagramOf(
  owner: string,
  workflow: PicturedWorkflow,
  options: DiagramOptions = {},
  fold: (steps: readonly PicturedStep[], most: number) => readonly Collapsed[] = collapse,
): Diagram {
  const { snapshot, collapseAbove = 100, direction = 'right' } = checked(owner, workflow, options);
  const steps = stepsIn(workflow.steps);
  const snapshots = new Map(snapshot && stepsIn(snapshot.steps).map((step) => [step.id, step]));
  const path = criticalStepsIn({ status: snapshot?.status ?? 'idle', steps: snapshots });
  const critical = new Map(path.map(({ id, readyBy }) => [id, readyBy]));
  const collapsed = fold(steps, collapseAbove);
  const places = new Map<string, number>();
  for (const [place, node] of collapsed.entries()) for (const { id } of node.steps) places.set(id, place);

  const edges = new Map<string, DiagramEdge>();
  for (const { id, dependsOn, specialNeeds } of steps) {
    const to = places.get(id) as number;
    const special = new Map(specialNeeds?.map(({ stepId, as }) => [stepId, as]));
    for (const dependency of dependsOn) {
      const from = places.get(dependency);
      if (from === undefined || from === to) continue;
      const key = `${String(from)}-${String(to)}`;
      const isCritical = critical.get(id) === dependency || edges.get(key)?.isCritical === true;
      edges.set(key, { from, to, isCritical, as: special.get(dependency) });
    }
  }
  return {
    name: workflow.name,
    direction,
    nodes: collapsed.map(({ name, key, steps: gathered }) =>
      name === undefined
        ? stepNode(gathered[0] as PicturedStep, snapshots, critical)
        : groupNode(key ?? name, name, gathered, snapshots, critical),
    ),
    edges: [...edges.values()],
  };
}

function checked(owner: string, workflow: PicturedWorkflow, options: DiagramOptions): DiagramOptions {
  const checker = new OptionChecker();
  const steps = (workflow as Partial<PicturedWorkflow> | null | undefined)?.steps;
  if (!isStepList(steps))
    checker.fail('the workflow', 'a workflow, or the `workflow` of a run or a log', workflow);
  if (checker.record('the options', options)) {
    checker.knownKeys('', options, ['snapshot', 'collapseAbove', 'direction']);
    checker.count('collapseAbove', options.collapseAbove, 0);
    checker.oneOf('direction', options.direction, ['right', 'down']);
  }
  checker.throwIfAny(owner);
  return options;
}

function stepNode(
  { id, kind = 'step' }: PicturedStep,
  snapshots: ReadonlyMap<string, StepSnapshot>,
  critical: ReadonlyMap<string, unknown>,
): DiagramNode {
  const step = snapshots.get(id);
  const lines = [id];
  if (kind !== 'step') lines.push(kindText[kind]);
  if (step?.children !== undefined) lines.push(childrenText(step.children));
  if (step !== undefined) {
    const duration =
      step.startedAt !== null && step.endedAt !== null ? step.endedAt - step.startedAt : undefined;
    const share =
      step.status === 'running' && step.fraction !== null
        ? ` ${String(Math.floor(step.fraction * 100))} %`
        : '';
    lines.push(`${step.status}${share}${duration === undefined ? '' : `, ${durationText(duration)}`}`);
  }
  return {
    id,
    lines,
    room: roomFor[kind],
    status: step?.status,
    isGroup: false,
    isCritical: critical.has(id),
  };
}

const kindText: Readonly<Record<Exclude<StepKind, 'step'>, string>> = {
  'for-each': 'for each item',
  subflow: 'subflow',
  choose: 'choose',
  'first-of': 'first of',
  fallback: 'fallback',
};

/** Name, state, what it is, and how that fares which comes of it. */
const roomFor: Readonly<Record<StepKind, number>> = {
  step: 2,
  choose: 3,
  'first-of': 3,
  fallback: 3,
  'for-each': 4,
  subflow: 4,
};

function childrenText(counts: ChildCounts): string {
  const { added, failed, retrying } = counts;
  const left =
    (failed === 0 ? '' : `, ${String(failed)} failed`) +
    (retrying === 0 ? '' : `, ${String(retrying)} retrying`);
  return `${String(settledOf(counts))} of ${String(added)} ${added === 1 ? 'step' : 'steps'}${left}`;
}

function groupNode(
  id: string,
  group: string,
  steps: readonly PicturedStep[],
  snapshots: ReadonlyMap<string, StepSnapshot>,
  critical: ReadonlyMap<string, unknown>,
): DiagramNode {
  const lines = [group, steps.length === 1 ? '1 step' : `${String(steps.length)} steps`];
  const found = steps.flatMap((step) => snapshots.get(step.id)?.status ?? []);
  const status = telling.find((candidate) => found.includes(candidate));
  for (const name of telling) {
    const count = found.filter((other) => other === name).length;
    if (count > 0) lines.push(`${String(count)} ${name}`);
  }
  return {
    id,
    lines,
    room: 3,
    status,
    isGroup: true,
    isCritical: steps.some((step) => critical.has(step.id)),
  };
}
