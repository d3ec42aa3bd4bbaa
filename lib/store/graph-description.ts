import type { Blueprint } from '../definition/blueprint.ts';
import { KnownGraph } from '../definition/hosted.ts';
import type { WorkflowInfo } from '../definition/workflow-info.ts';
import { digestOfBytes } from './digest.ts';

/** What of a step must be the same for what it has come to before to be its output. */
export interface StepDescription {
  readonly id: string;
  readonly kind: string;
  /** What it needs: the name of each input, of which step or input of the workflow, and how. */
  readonly needs: readonly string[];
  readonly version: string | number | null;
  /** The digest of the steps that it brings, where they are known. */
  readonly within: string | null;
}

/** What a graph is: never the text of its functions, which every bundler changes. */
export interface GraphDescription {
  readonly steps: readonly StepDescription[];
  readonly bytes: Uint8Array;
  readonly digest: string;
}

/** What pictures need to know of a workflow. */
export interface InfoBytes {
  readonly bytes: Uint8Array;
  readonly digest: string;
}

const infos = new WeakMap<WorkflowInfo, InfoBytes>();

export function infoBytes(info: WorkflowInfo): InfoBytes {
  let known = infos.get(info);
  if (known === undefined) {
    const bytes = new TextEncoder().encode(JSON.stringify({ name: info.name, steps: info.steps }));
    known = { bytes, digest: digestOfBytes(bytes) };
    infos.set(info, known);
  }
  return known;
}

const known = new WeakMap<Blueprint, GraphDescription>();

/** Linear in steps and dependencies; worked out once. */
export function describeGraph(blueprint: Blueprint): GraphDescription {
  let description = known.get(blueprint);
  if (description === undefined) {
    const steps = blueprint.steps.map((_, step) => describeStep(blueprint, step));
    const bytes = new TextEncoder().encode(JSON.stringify(steps));
    description = { steps, bytes, digest: digestOfBytes(bytes) };
    known.set(blueprint, description);
  }
  return description;
}

function describeStep({ steps, sources, inputs, marks, graph }: Blueprint, step: number): StepDescription {
  const { id, inputNames, settings } = steps[step] as Blueprint['steps'][number];
  const { join, kind, version, within } = settings;
  const start = sources.starts[step] as number;
  const needs = inputNames.map((name, at) => {
    const source = sources.values[start + at] as number;
    const from =
      source >= 0 ? `step '${graph.ids[source] ?? ''}'` : `input '${inputs[-1 - source]?.name ?? ''}'`;
    const mark = marks.get(start + at);
    return `${name}: ${from}${mark === undefined ? '' : ` (${String(mark.kind)})`}`;
  });
  return {
    id,
    kind:
      join === undefined
        ? kind
        : join.kind === 'choose'
          ? `choose ${[...join.branches.keys()].join()}`
          : join.kind,
    needs,
    version: version ?? null,
    within: within instanceof KnownGraph ? describeGraph(within.blueprint).digest : null,
  };
}

/** A step that isn't what it was, and in what. */
export interface GraphDifference {
  readonly stepId: string;
  readonly what: string;
}

/** How a graph differs from what it was, step by step. */
export function differencesOf(
  before: readonly StepDescription[],
  now: readonly StepDescription[],
): GraphDifference[] {
  const earlier = new Map(before.map((step) => [step.id, step]));
  const later = new Set(now.map(({ id }) => id));
  const differences: GraphDifference[] = [];
  for (const step of now) {
    const old = earlier.get(step.id);
    if (old === undefined) differences.push({ stepId: step.id, what: 'is new' });
    else for (const what of changesOf(old, step)) differences.push({ stepId: step.id, what });
  }
  for (const { id } of before) if (!later.has(id)) differences.push({ stepId: id, what: 'is gone' });
  return differences;
}

function changesOf(old: StepDescription, step: StepDescription): string[] {
  const changes: string[] = [];
  if (old.kind !== step.kind) changes.push(`was a ${old.kind} and is a ${step.kind}`);
  if (old.version !== step.version)
    changes.push(`had version ${shown(old.version)} and has ${shown(step.version)}`);
  const gone = old.needs.filter((need) => !step.needs.includes(need));
  const come = step.needs.filter((need) => !old.needs.includes(need));
  if (gone.length > 0) changes.push(`no longer needs ${gone.join(', ')}`);
  if (come.length > 0) changes.push(`needs ${come.join(', ')} as well`);
  if (old.within !== step.within) changes.push('brings other steps');
  return changes;
}

function shown(version: string | number | null): string {
  return version === null ? 'none' : JSON.stringify(version);
}
