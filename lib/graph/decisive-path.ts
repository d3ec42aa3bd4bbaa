/**
 * The chain of steps that decided when the last one ended: each one after the step by which it became ready. Whether it is
 * of a run, of its events or of a simulation is a question of who answers `readyBy`.
 *
 * @param last - the step that ended last; `undefined` where there is none
 * @param readyBy - the step by whose end, or choice, a step became ready; `undefined` where it was the start
 */
export function decisivePath<Step>(
  last: Step | undefined,
  readyBy: (step: Step) => Step | undefined,
): Step[] {
  const path: Step[] = [];
  const seen = new Set<Step>();
  for (let step = last; step !== undefined && !seen.has(step); step = readyBy(step)) {
    seen.add(step);
    path.push(step);
  }
  return path.reverse();
}

/**
 * The step that ended last. Of several that ended at the same time, it is one by which none of the others became ready.
 *
 * @param endedAt - when a step ended; `undefined` or NaN for one that doesn't count
 */
export function lastToEnd<Step>(
  steps: Iterable<Step>,
  endedAt: (step: Step) => number | undefined,
  readyBy: (step: Step) => Step | undefined,
): Step | undefined {
  let latest = -Infinity;
  let last: Step[] = [];
  for (const step of steps) {
    const at = endedAt(step);
    if (at === undefined || !(at >= latest)) continue;
    if (at > latest) last = [];
    latest = at;
    last.push(step);
  }
  const before = new Set(last.map(readyBy));
  return last.find((step) => !before.has(step)) ?? last[0];
}
