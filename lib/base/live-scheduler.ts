import type { SchedulerLike } from 'rxjs';
import { monotonicNow } from './clock.ts';
import { asyncScheduler } from './rxjs-run-parts.ts';

/** The host's time as a scheduler: waits as `asyncScheduler` does, but its `now()` never goes back. */
export const liveScheduler: SchedulerLike = {
  now: monotonicNow,
  schedule: asyncScheduler.schedule.bind(asyncScheduler),
};
