import type { RunSnapshot } from '../observe/snapshot.ts';

/** Freezes a snapshot and all that is in it, as far as it isn't frozen. */
export function frozen(snapshot: RunSnapshot): RunSnapshot {
  for (const part of [
    snapshot.counts,
    snapshot.pausedResources,
    ...Object.values(snapshot.resources),
    snapshot.resources,
  ])
    Object.freeze(part);
  for (const chunk of snapshot.steps) {
    if (Object.isFrozen(chunk)) continue;
    for (const step of chunk) Object.freeze(step);
    Object.freeze(chunk);
  }
  Object.freeze(snapshot.steps);
  return Object.freeze(snapshot);
}
