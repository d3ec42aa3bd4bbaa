import type { Limits } from '../admission/limits.ts';
import { InvalidOptionsError } from '../base/errors.ts';
import { type AnyWorkflow, blueprintOf } from './any-workflow.ts';
import { Rehearsal } from './rehearsal.ts';
import { type Rehearse, type SimulationReport, simulateWith } from './simulate.ts';
import type { SimulationOptions } from './simulation-options.ts';

/** What would be under certain limits. */
export interface Variant {
  /** The limits, as they were given. */
  readonly limits: Limits;
  /** What the simulation came to. */
  readonly report: SimulationReport;
}

/**
 * Simulates a workflow under each of several limits, in the order given; `options.limits` apply to all of them where a
 * variant says nothing.
 *
 * @throws InvalidOptionsError naming every option, limit and duration that can't be used
 * @throws ResourceLimitError where a step demands more than there can be
 * @example
 * ```ts
 * const [two, four] = whatIf(flights, [{ 'heavy-cpu': 2 }, { 'heavy-cpu': 4 }], { durations: run.metrics() });
 * console.log(two?.report.makespan, four?.report.makespan);
 * ```
 */
export function whatIf(
  workflow: AnyWorkflow,
  variants: readonly Limits[],
  options: SimulationOptions = {},
): Variant[] {
  const blueprint = blueprintOf('whatIf', workflow);
  const given: unknown = variants;
  if (!Array.isArray(given))
    throw new InvalidOptionsError(`whatIf(workflow '${blueprint.name}')`, [
      { option: 'the variants', expected: 'a list of records of limits', value: given },
    ]);
  let rehearsal: Rehearsal | undefined;
  const rehearse: Rehearse = (parts, fate) => {
    rehearsal ??= new Rehearsal(parts, fate);
    return rehearsal;
  };
  return variants.map((limits) => ({
    limits,
    report: simulateWith(rehearse, blueprint, { ...options, limits: { ...options.limits, ...limits } }),
  }));
}
