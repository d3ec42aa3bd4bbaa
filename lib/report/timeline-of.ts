import type { ProgressEvent } from '../observe/progress-event.ts';
import type { PicturedWorkflow } from './pictured-workflow.ts';
import { Timeline } from './timeline.ts';

/** A run as pictures take it: what it is of, what it was allowed, and what happened. */
export interface PicturedRun {
  /** The workflow, or what a log says of it. */
  readonly workflow: PicturedWorkflow;
  /** The capacity of each resource class at the start. */
  readonly limits: Readonly<Record<string, number>>;
  /** What happened, in the order of `seq`. */
  readonly events: readonly ProgressEvent[];
}

/** The timeline of a whole run, or of as much as there is. */
export function timelineOf({ workflow, limits, events }: PicturedRun): Timeline {
  const timeline = new Timeline(workflow, limits);
  for (const event of events) timeline.add(event);
  return timeline;
}
