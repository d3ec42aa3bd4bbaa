import type { WorkflowFault } from '../../lib/index.ts';

/** Definitions, as far as the graph goes. */
export type Edges = readonly { readonly id: string; readonly dependsOn: readonly string[] }[];

/** What is wrong with definitions, by the letter: every fault but the cycles, and the knots in which these lie. */
export function faultsOf(definitions: Edges): {
  readonly faults: WorkflowFault[];
  readonly knots: ReadonlySet<string>[];
} {
  const faults: WorkflowFault[] = definitions.length === 0 ? [{ kind: 'empty' }] : [];
  const ids = definitions.map(({ id }) => id);
  for (const stepId of new Set(ids)) {
    if (ids.filter((id) => id === stepId).length > 1) faults.push({ kind: 'duplicate-step', stepId });
  }
  for (const { id, dependsOn } of definitions) {
    for (const dependency of new Set(dependsOn)) {
      if (dependency === id) faults.push({ kind: 'self-dependency', stepId: id });
      else if (!ids.includes(dependency))
        faults.push({ kind: 'unknown-dependency', stepId: id, dependency, nearest: undefined });
    }
  }
  return { faults, knots: knotsOf(definitions) };
}

/** The sets of steps that need each other. */
function knotsOf(definitions: Edges): Set<string>[] {
  const reach = new Map<string, Set<string>>();
  // The first of several definitions with one id is the one that others need.
  for (const { id, dependsOn } of definitions)
    if (!reach.has(id)) reach.set(id, new Set(dependsOn.filter((other) => other !== id)));
  for (let round = 0; round < definitions.length; round++) {
    for (const reached of reach.values()) {
      for (const other of [...reached]) for (const further of reach.get(other) ?? []) reached.add(further);
    }
  }
  const knots: Set<string>[] = [];
  for (const [id, reached] of reach) {
    const knot = new Set([...reached].filter((other) => reach.get(other)?.has(id)));
    if (knot.size > 1 && !knots.some((known) => known.has(id))) knots.push(knot);
  }
  return knots;
}

/** Whether a path leads through a knot back to where it began, each step of it needed by the next. */
export function isCycleOf(definitions: Edges, knot: ReadonlySet<string>, path: readonly string[]): boolean {
  const steps = path.slice(0, -1);
  const isClosed = path.length > 2 && path[0] === path.at(-1) && new Set(steps).size === steps.length;
  const inner = path.every((id) => knot.has(id));
  const isLinked = steps.every((id, place) => {
    const next = definitions.find((definition) => definition.id === path[place + 1]);
    return next?.dependsOn.includes(id) === true;
  });
  return isClosed && inner && isLinked;
}
