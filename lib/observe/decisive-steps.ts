import { decisivePath } from '../graph/decisive-path.ts';
import type { RunView } from './run-view.ts';
import type { StepSnapshot } from './snapshot.ts';

/** The steps that decided how long a run took, first to last, by place. */
export function decisiveSteps(
  run: Pick<RunView, 'blueprint' | 'statusOf' | 'endedAtOf' | 'readyByOf'>,
): number[] {
  return decisivePath(
    run.blueprint.graph.ids.keys(),
    (step) => (run.statusOf(step) === 'completed' ? run.endedAtOf(step) : undefined),
    (step) => run.readyByOf(step),
  );
}

/** The same, of where a run stood. */
export function decisiveStepsIn(steps: ReadonlyMap<string, StepSnapshot>): StepSnapshot[] {
  return decisivePath(
    steps.values(),
    ({ status, endedAt }) => (status === 'completed' ? (endedAt ?? undefined) : undefined),
    ({ readyBy }) => steps.get(readyBy ?? ''),
  );
}
