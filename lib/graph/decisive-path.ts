/**
 * The chain of steps that decided when the last one completed: each one after the step by which it became ready. Whether
 * it is of a run, of its events, of a snapshot or of a simulation is a question of who answers.
 *
 * Of several steps that completed last at the same time, the last is one by which none of the others became ready.
 *
 * @param completedAt - when a step completed; `undefined` or NaN for one that didn't
 * @param readyBy - the step by whose end, or choice, a step became ready; `undefined` where it was the start
 */
export function decisivePath<Step>(
  steps: Iterable<Step>,
  completedAt: (step: Step) => number | undefined,
  readyBy: (step: Step) => Step | undefined,
): Step[] {
  const path: Step[] = [];
  const seen = new Set<Step>();
  for (
    let step = lastOf(steps, completedAt, readyBy);
    step !== undefined && !seen.has(step);
    step = readyBy(step)
  ) {
    seen.add(step);
    path.push(step);
  }
  return path.reverse();
}

function lastOf<Step>(
  steps: Iterable<Step>,
  completedAt: (step: Step) => number | undefined,
  readyBy: (step: Step) => Step | undefined,
): Step | undefined {
  let latest = -Infinity;
  let last: Step[] = [];
  for (const step of steps) {
    const at = completedAt(step);
    if (at === undefined || !(at >= latest)) continue;
    if (at > latest) last = [];
    latest = at;
    last.push(step);
  }
  const before = new Set(last.map(readyBy));
  return last.find((step) => !before.has(step)) ?? last[0];
}
