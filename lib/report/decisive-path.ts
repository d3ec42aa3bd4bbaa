import { stepsIn } from '../base/step-list.ts';
import type { StepSnapshot } from '../observe/snapshot.ts';
import type { PicturedWorkflow } from './pictured-workflow.ts';

/** The steps that decided how long it took, from the last back, each with the dependency before it on the path. */
export function decisivePath(
  workflow: PicturedWorkflow,
  snapshots: ReadonlyMap<string, StepSnapshot>,
): ReadonlyMap<string, string | undefined> {
  const steps = stepsIn(workflow.steps);
  const dependencies = new Map(steps.map(({ id, dependsOn }) => [id, dependsOn]));
  const path = new Map<string, string | undefined>();
  let current = latest(
    steps.map(({ id }) => id),
    snapshots,
  );
  while (current !== undefined) {
    const previous = latest(dependencies.get(current) ?? [], snapshots);
    path.set(current, previous);
    current = previous;
  }
  return path;
}

function latest(ids: readonly string[], snapshots: ReadonlyMap<string, StepSnapshot>): string | undefined {
  let last: StepSnapshot | undefined;
  for (const id of ids) {
    const step = snapshots.get(id);
    if (step?.status !== 'completed') continue;
    if (last === undefined || (step.endedAt ?? 0) > (last.endedAt ?? 0)) last = step;
  }
  return last?.id;
}
