import { Admission } from '../admission/admission.ts';
import { ResourceLimitError } from '../admission/resource-limit-error.ts';
import { Shape } from '../admission/shape.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { RunSettings } from './run-options.ts';

/** A run's budget: its ready steps, by index, and the names behind the places of its classes. */
export interface RunAdmission {
  readonly admission: Admission<number>;
  readonly resources: readonly string[];
}

/**
 * Opens a run's budget: the classes that its steps demand, and `concurrency` where it is limited.
 *
 * @throws ResourceLimitError where a step demands more than there can be
 */
export function openAdmission(blueprint: Blueprint, settings: RunSettings): RunAdmission {
  const { distinct, places } = blueprint.demands;
  const { concurrency, maxOvertakes } = settings;
  const resources = [...settings.limits.keys()];
  const capacities = [...settings.limits.values()];
  if (concurrency !== undefined) {
    resources.push('concurrency');
    capacities.push(concurrency);
  }
  const { ranks } = blueprint;
  const before = (left: number, right: number): boolean => (ranks[left] as number) < (ranks[right] as number);
  const shapes = distinct.map((demand, place) => {
    const entries = Object.entries(demand);
    for (const [name, amount] of entries) {
      const limit = settings.limits.get(name) ?? 0;
      if (amount > limit) throw new ResourceLimitError(blueprint.graph.ids[places.indexOf(place)] ?? '', name, amount, limit);
    }
    if (concurrency !== undefined) entries.push(['concurrency', 1]);
    return new Shape<number>(
      entries.map(([name]) => resources.indexOf(name)),
      entries.map(([, amount]) => amount),
      before,
    );
  });
  const admission = new Admission<number>({
    capacities,
    shapeOf: (index) => shapes[places[index] as number] as Shape<number>,
    before,
    maxOvertakes: shapes.length > 1 ? maxOvertakes : undefined,
  });
  return { admission, resources };
}
