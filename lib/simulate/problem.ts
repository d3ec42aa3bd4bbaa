import type { Demand } from '../admission/demand.ts';
import { ownOf } from '../base/record.ts';
import type { RunSettings } from '../engine/run-settings.ts';
import type { Rows } from '../graph/rows.ts';
import type { Parts } from './parts.ts';
import { precedenceOf } from './precedence.ts';

/**
 * A workflow as a scheduling problem, in columns: a row for each part, and one for the end of each that is made of others. These take
 * nothing themselves. Classes without an end of capacity are left out.
 */
export interface Problem {
  readonly size: number;
  readonly durations: Float64Array;
  readonly dependencies: Rows;
  readonly dependents: Rows;
  /** The rows, dependencies before those that need them; and the place of each there. */
  readonly order: Uint32Array;
  readonly placeOf: Uint32Array;
  /** How many classes there are, and how much of each may be taken. */
  readonly classes: number;
  readonly ceilings: Float64Array;
  /** What row `i` takes of class `c`, at `i * classes + c`. */
  readonly amounts: Float64Array;
}

/** The problem that a run with these settings and durations has to solve. */
export function problemOf(
  parts: Parts,
  { limits, concurrency }: RunSettings,
  durations: Float64Array,
): Problem {
  const capacities = [...limits, ['concurrency', concurrency ?? Infinity] as const].filter(
    ([, capacity]) => capacity < Infinity,
  );
  const classes = capacities.length;
  const { size, dependencies, dependents, order } = precedenceOf(parts);
  const amounts = new Float64Array(size * classes);
  const lengths = new Float64Array(size);
  const known = new Map<Demand, readonly number[]>();
  for (const [part, { demand }] of parts.settings.entries()) {
    if (parts.inners.has(part)) continue;
    lengths[part] = durations[part] as number;
    let taken = known.get(demand);
    if (taken === undefined) {
      taken = capacities.map(([name]) => (name === 'concurrency' ? 1 : (ownOf(demand, name) ?? 0)));
      known.set(demand, taken);
    }
    amounts.set(taken, part * classes);
  }
  const placeOf = new Uint32Array(size);
  for (const [place, row] of order.entries()) placeOf[row] = place;
  return {
    size,
    durations: lengths,
    dependencies,
    dependents,
    order,
    placeOf,
    classes,
    // A hair above, as admission has it for the rounding of fractions.
    ceilings: Float64Array.from(capacities, ([, capacity]) => capacity + Math.min(capacity * 1e-9, 0.5)),
    amounts,
  };
}

/** The same problem with time running backwards. */
export function reversed(problem: Problem): Problem {
  const last = problem.size - 1;
  return {
    ...problem,
    dependencies: problem.dependents,
    dependents: problem.dependencies,
    order: problem.order.toReversed(),
    placeOf: problem.placeOf.map((place) => last - place),
  };
}
