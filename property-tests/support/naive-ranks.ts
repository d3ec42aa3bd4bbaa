import type { Scenario, StepPlan } from './scenario.ts';

/** The longest path from a step's start to the end of the graph, by plain recursion: for small graphs. */
function remainingPath(scenario: Scenario, step: StepPlan, known = new Map<string, number>()): number {
  let length = known.get(step.id);
  if (length === undefined) {
    const after = scenario
      .dependentsOf(step.id)
      .map((dependent) => remainingPath(scenario, dependent, known));
    length = (step.estimate ?? 1) + Math.max(0, ...after);
    known.set(step.id, length);
  }
  return length;
}

/** The ids in the order in which they would start, were they all ready and only one could run at once. */
export function byRank(scenario: Scenario): string[] {
  const known = new Map<string, number>();
  const remaining = (step: StepPlan): number => remainingPath(scenario, step, known);
  // Sorting is stable, so that ties stay in the order of definition.
  return [...scenario.steps]
    .sort((left, right) => right.priority - left.priority || remaining(right) - remaining(left))
    .map(({ id }) => id);
}
