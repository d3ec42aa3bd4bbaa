import type { RunWatcher } from '../../../lib/store/backend.ts';

/** Who holds a run and doesn't care what happens to it. */
export const unwatched: RunWatcher = { cancelRequested: () => undefined, displaced: () => undefined };
