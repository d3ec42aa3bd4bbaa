import type { Demand } from '../admission/demand.ts';
import { ResourceLimitError } from '../admission/resource-limit-error.ts';
import type { Shape } from '../admission/shape.ts';
import type { Item } from './candidate.ts';
import type { Host } from './host.ts';

/**
 * The shape of a step that came of a host's work.
 *
 * @throws InvalidOptionsError where it demands a class that has no limit
 * @throws ResourceLimitError where it could never start, beside those that have to run while it does
 */
export function shapeWithin({ scope, reserved }: Host, demand: Demand, stepId: string): Shape<Item> {
  const { budget } = scope.executor;
  const shape = budget.shapeFor(demand, stepId);
  for (const [name, kept] of Object.entries(reserved?.() ?? {})) {
    const amount = demand[name] ?? 0;
    const limit = budget.admission.capacities[budget.resources.indexOf(name)] ?? Infinity;
    if (amount > 0 && amount + kept > limit) throw new ResourceLimitError(stepId, name, amount + kept, limit);
  }
  return shape;
}
