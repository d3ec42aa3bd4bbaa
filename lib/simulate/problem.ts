import { ownOf } from '../base/record.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { Rows } from '../graph/rows.ts';
import type { RunSettings } from '../run/run-options.ts';

/** A workflow as a scheduling problem, in columns. Classes without an end of capacity are left out. */
export interface Problem {
  readonly size: number;
  readonly durations: Float64Array;
  readonly dependencies: Rows;
  readonly dependents: Rows;
  /** The place of each step in the graph's topological order. */
  readonly placeOf: Uint32Array;
  /** How many classes there are, and how much of each may be taken. */
  readonly classes: number;
  readonly ceilings: Float64Array;
  /** What step `i` takes of class `c`, at `i * classes + c`. */
  readonly amounts: Float64Array;
}

/** The problem that a run with these settings and durations has to solve. */
export function problemOf(
  { graph, demands }: Blueprint,
  { limits, concurrency }: RunSettings,
  durations: Float64Array,
): Problem {
  const capacities = [...limits, ['concurrency', concurrency ?? Infinity] as const].filter(
    ([, capacity]) => capacity < Infinity,
  );
  const classes = capacities.length;
  const amounts = new Float64Array(graph.size * classes);
  const rows = demands.distinct.map((demand) =>
    capacities.map(([name]) => (name === 'concurrency' ? 1 : (ownOf(demand, name) ?? 0))),
  );
  const placeOf = new Uint32Array(graph.size);
  for (let place = 0; place < graph.size; place++) placeOf[graph.order[place] as number] = place;
  for (let index = 0; index < graph.size; index++) {
    amounts.set(rows[demands.places[index] as number] ?? [], index * classes);
  }
  return {
    size: graph.size,
    durations,
    dependencies: graph.dependencies,
    dependents: graph.dependents,
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
    placeOf: problem.placeOf.map((place) => last - place),
  };
}
