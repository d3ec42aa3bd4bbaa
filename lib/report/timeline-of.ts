import type { Limits } from '../admission/limits.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { RunAbout } from './about-run.ts';
import { capacitiesOf } from './capacities.ts';
import type { PicturedSnapshot } from './pictured-snapshot.ts';
import type { PicturedWorkflow } from './pictured-workflow.ts';
import { Timeline } from './timeline.ts';

/** A run as pictures take it: what it is of, what it was allowed, and what happened. */
export interface PicturedRun {
  /** The workflow, or what a log says of it. */
  readonly workflow: PicturedWorkflow;
  /** The capacity of each resource class at the start: `run.limits`, or what was given to the run. */
  readonly limits: Limits;
  /** What happened, in the order of `seq`. */
  readonly events: readonly ProgressEvent[];
  /** Where the run stood before the first of these events. @defaultValue before its start */
  readonly snapshot?: PicturedSnapshot | undefined;
  /** Where it was, and with what. @defaultValue nobody knows */
  readonly about?: RunAbout | undefined;
}

/** The timeline of a run of which no event has been told yet. */
export function newTimeline(
  { workflow, limits, snapshot }: Omit<PicturedRun, 'events'>,
  foretells = true,
): Timeline {
  const timeline = new Timeline(workflow, capacitiesOf(limits), foretells);
  if (snapshot !== undefined && snapshot.status !== 'idle') timeline.begin(snapshot);
  return timeline;
}

/** The timeline of a whole run, or of as much as there is. */
export function timelineOf(log: PicturedRun): Timeline {
  const last = log.events.at(-1)?.type;
  const isOver = last === 'run-completed' || last === 'run-failed' || last === 'run-cancelled';
  const timeline = newTimeline(log, !isOver);
  for (const event of log.events) timeline.add(event);
  return timeline;
}
