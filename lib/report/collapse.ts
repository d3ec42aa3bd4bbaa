import type { PicturedStep } from './pictured-workflow.ts';

/** The steps that one node stands for. */
export interface Collapsed {
  /** What it is known by, where that isn't its name. */
  readonly key?: string | undefined;
  /** What they are called together; `undefined` where it is one step that stands for itself. */
  readonly name: string | undefined;
  readonly steps: readonly PicturedStep[];
}

/**
 * Gathers steps into nodes, one a group. Steps without a group stay themselves while there are no more than `most` nodes;
 * beyond that they are gathered by how deep they lie, so that the shape of the graph stays. Linear in steps + dependencies.
 */
export function collapse(steps: readonly PicturedStep[], most: number): readonly Collapsed[] {
  if (steps.length <= most) return steps.map((step) => ({ name: undefined, steps: [step] }));
  const groups = new Set(steps.flatMap(({ group }) => group ?? []));
  const single = steps.filter(({ group }) => group === undefined).length;
  const layerOf = groups.size + single <= most ? undefined : layersOf(steps, Math.max(1, most - groups.size));
  const nodes = new Map<unknown, { readonly group: string | undefined; readonly steps: PicturedStep[] }>();
  for (const step of steps) {
    const { group } = step;
    const key = group === undefined ? (layerOf?.(step) ?? step) : `group ${group}`;
    const node = nodes.get(key);
    if (node === undefined) nodes.set(key, { group, steps: [step] });
    else node.steps.push(step);
  }
  return [...nodes.values()].map(({ group, steps: gathered }) => ({
    name:
      group ?? (gathered.length === 1 ? undefined : `${nameOf(gathered[0])} … ${nameOf(gathered.at(-1))}`),
    steps: gathered,
  }));
}

function nameOf(step: PicturedStep | undefined): string {
  return step?.id ?? '';
}

/** Deep graphs have more layers than there is room for: some that follow each other are one. */
function layersOf(steps: readonly PicturedStep[], most: number): (step: PicturedStep) => number {
  const depths = depthsOf(steps);
  const single = steps.filter(({ group }) => group === undefined);
  const layers = [...new Set(single.map((step) => depths.get(step.id) ?? 0))].sort(
    (left, right) => left - right,
  );
  const share = Math.min(1, most / layers.length);
  const places = new Map(layers.map((depth, place) => [depth, Math.floor(place * share)]));
  return ({ id }) => places.get(depths.get(id) ?? 0) ?? 0;
}

/** How many steps lie before each, on the longest way. */
function depthsOf(steps: readonly PicturedStep[]): ReadonlyMap<string, number> {
  const depths = new Map<string, number>();
  const missing = new Map<string, number>();
  const dependents = new Map<string, string[]>(steps.map(({ id }) => [id, []]));
  for (const { id, dependsOn } of steps) {
    // Inputs of the workflow are no steps, and nobody waits for them.
    const needs = [...new Set(dependsOn)].filter((needed) => dependents.has(needed));
    missing.set(id, needs.length);
    for (const needed of needs) dependents.get(needed)?.push(id);
  }
  const ready = steps.flatMap(({ id }) => (missing.get(id) === 0 ? [id] : []));
  // An array goes on over what is added while it is walked.
  for (const id of ready) {
    const depth = depths.get(id) ?? 0;
    depths.set(id, depth);
    for (const dependent of dependents.get(id) ?? []) {
      depths.set(dependent, Math.max(depths.get(dependent) ?? 0, depth + 1));
      const left = (missing.get(dependent) ?? 0) - 1;
      missing.set(dependent, left);
      if (left === 0) ready.push(dependent);
    }
  }
  return depths;
}
