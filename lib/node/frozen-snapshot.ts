import type { RunSnapshot } from '../observe/run-snapshot.ts';

/** Freezes a snapshot and all that is in it; the steps are frozen already. */
export function frozen(snapshot: RunSnapshot): RunSnapshot {
  for (const part of [
    snapshot.counts,
    snapshot.pausedResources,
    ...Object.values(snapshot.resources),
    snapshot.resources,
  ])
    Object.freeze(part);
  return Object.freeze(snapshot);
}
