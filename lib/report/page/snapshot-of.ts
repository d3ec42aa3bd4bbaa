import type { RunSnapshot } from '../../observe/snapshot.ts';
import type { Timeline } from '../timeline.ts';

/** The part of a snapshot that diagrams look at, of a timeline. */
export function snapshotOf(timeline: Timeline): RunSnapshot {
  return {
    runId: timeline.runId ?? '',
    workflow: timeline.workflow.name,
    status: timeline.status,
    startedAt: timeline.startedAt ?? null,
    endedAt: timeline.endedAt ?? null,
    counts: {
      waiting: 0,
      ready: 0,
      running: 0,
      retrying: 0,
      completed: 0,
      failed: 0,
      cancelled: 0,
      skipped: 0,
    },
    isPaused: false,
    pausedResources: [],
    resources: {},
    steps: [
      Array.from(timeline.steps, ([id, { status, attempts, startedAt, endedAt, fraction }]) => {
        const children = timeline.descent.countsOf(id);
        return {
          id,
          status,
          attempts,
          startedAt: startedAt ?? null,
          endedAt: endedAt ?? null,
          fraction: fraction ?? null,
          ...(children === undefined ? {} : { children }),
        };
      }),
    ],
  };
}
