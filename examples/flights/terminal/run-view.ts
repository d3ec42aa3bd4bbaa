import type { ProgressEvent } from 'millrace';

/** A run as its observer sees it: a fold over its events. */
export interface RunView {
  /** How many steps there are; 0 before the run has started. */
  readonly steps: number;
  readonly completed: number;
  /** How far the running steps are, from 0 to 1, by id and in the order of their start. */
  readonly running: ReadonlyMap<string, number>;
  /** What deserves attention, in a line each. */
  readonly notes: readonly string[];
}

/** A run of which nothing has been heard. */
export const unstarted: RunView = { steps: 0, completed: 0, running: new Map(), notes: [] };

/** The view after one more event. */
export function advance(view: RunView, event: ProgressEvent): RunView {
  switch (event.type) {
    case 'run-started':
      return { ...view, steps: event.steps };
    case 'step-started':
      return { ...view, running: new Map(view.running).set(event.stepId, 0) };
    case 'step-progress':
      return { ...view, running: new Map(view.running).set(event.stepId, event.fraction) };
    case 'step-completed':
      return { ...view, completed: view.completed + 1, running: without(view.running, event.stepId) };
    case 'step-failed':
    case 'step-cancelled':
      return { ...view, running: without(view.running, event.stepId) };
    case 'step-retrying':
      return {
        ...view,
        running: without(view.running, event.stepId),
        notes: [...view.notes, `${event.stepId} failed and is tried again: ${String(event.error)}`],
      };
    case 'warning':
      return { ...view, notes: [...view.notes, `${event.stepId}: ${event.message}`] };
    default:
      return view;
  }
}

/** How much of the run is done, from 0 to 1: every step counts the same. */
export function fractionDone({ steps, completed, running }: RunView): number {
  if (steps === 0) return 0;
  return [...running.values()].reduce((done, fraction) => done + fraction, completed) / steps;
}

function without(running: ReadonlyMap<string, number>, stepId: string): ReadonlyMap<string, number> {
  const left = new Map(running);
  left.delete(stepId);
  return left;
}
