import type { SchedulerLike } from 'rxjs';

/**
 * Where the engine takes its time from, and the only place that reads the host's clock.
 */
export interface Clock {
  /** Whether this is the host's own time; only then does the engine slice it. */
  readonly live: boolean;
  /** The scheduler this clock was made from; `undefined` where it is the host's. */
  readonly scheduler: SchedulerLike | undefined;
  /** The time in milliseconds; never goes back. */
  now(): number;
  /** Calls `work` once after `ms`; the returned function prevents it. */
  after(ms: number, work: () => void): () => void;
}

// Both read once: as globals and getters they cost more than the clock.
const hostTime = performance;
const { timeOrigin } = hostTime;

/** The host's time: epoch milliseconds that never go back, even where the wall clock is set. */
export function monotonicNow(): number {
  return timeOrigin + hostTime.now();
}

const liveClock: Clock = {
  live: true,
  scheduler: undefined,
  now: monotonicNow,
  after(ms, work) {
    const timer = setTimeout(work, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** The clock of a scheduler; the live one where there is none. */
export function clockOf(scheduler: SchedulerLike | undefined): Clock {
  if (scheduler === undefined || scheduler.now === monotonicNow) return liveClock;
  return {
    live: false,
    scheduler,
    now: () => scheduler.now(),
    after(ms, work) {
      const subscription = scheduler.schedule(() => {
        work();
      }, ms);
      return () => {
        subscription.unsubscribe();
      };
    },
  };
}

/** Whether a value can be used as an RxJS scheduler. */
export function isScheduler(value: unknown): value is SchedulerLike {
  const { schedule, now } = (value ?? {}) as Partial<SchedulerLike>;
  return typeof schedule === 'function' && typeof now === 'function';
}
