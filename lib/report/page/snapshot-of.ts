import type { StepSnapshot } from '../../observe/run-snapshot.ts';
import type { Timeline } from '../timeline.ts';

/** The part of a snapshot that diagrams look at, of a timeline. */
export function snapshotOf(timeline: Timeline): { readonly steps: readonly StepSnapshot[] } {
  const steps = Array.from(timeline.steps, ([id, story]): StepSnapshot => {
    const { status, attempts, startedAt, endedAt, origin } = story;
    const children = timeline.descent.countsOf(id);
    return {
      id,
      status,
      attempts,
      startedAt: startedAt ?? null,
      endedAt: endedAt ?? null,
      readyBy: timeline.readyByOf(id) ?? null,
      fraction: timeline.fractionOf(story) ?? null,
      ...(origin === undefined ? {} : { origin }),
      ...(children === undefined ? {} : { children }),
    };
  });
  return { steps };
}
