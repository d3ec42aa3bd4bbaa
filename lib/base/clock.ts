/**
 * Where the engine takes its time from, and the only place that reads the host's clock.
 *
 * 1. What tells the time and what waits are of the same side: both the host's own, taken once as this module is loaded,
 *    or both a test's fakes. Half a set of fakes (timers that stand still beside a clock that goes on) is taken for none.
 * 2. Who asks for a clock keeps the side that it got, whatever is faked or restored later.
 * 3. Fakes are no live time: as under any other scheduler the engine takes no slices of it.
 * 4. Any finite wait is waited for: where a timer can't take it, by several.
 */
import type { SchedulerLike } from 'rxjs';

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

// Read once: as globals and getters they cost more than the clock, and fakes come later.
const hostTime = performance;
const { timeOrigin } = hostTime;
const hostNow = hostTime.now.bind(hostTime);
const hostDate = Date;
const hostTimer = setTimeout;

/** The host's time, or its fakes': epoch milliseconds that never go back, even where the wall clock is set. */
export function monotonicNow(): number {
  return setTimeout === hostTimer ? timeOrigin + hostNow() : hostClock().now();
}

/** The clock of a scheduler; the host's where there is none. */
export function clockOf(scheduler: SchedulerLike | undefined): Clock {
  if (scheduler === undefined || scheduler.now === monotonicNow) return hostClock();
  const after = (ms: number, work: () => void): (() => void) => {
    const subscription = scheduler.schedule(() => {
      work();
    }, ms);
    return () => {
      subscription.unsubscribe();
    };
  };
  return { live: false, scheduler, now: () => scheduler.now(), after: inStages(after) };
}

/** Whether a value can be used as an RxJS scheduler. */
export function isScheduler(value: unknown): value is SchedulerLike {
  const { schedule, now } = (value ?? {}) as Partial<SchedulerLike>;
  return typeof schedule === 'function' && typeof now === 'function';
}

const liveClock: Clock = {
  live: true,
  scheduler: undefined,
  now: () => timeOrigin + hostNow(),
  after: timersOf(hostTimer, clearTimeout),
};

let faked: { readonly timer: unknown; readonly clock: Clock } | undefined;

/** The live clock, or that of the fakes which are installed just now. */
function hostClock(): Clock {
  const now = setTimeout === hostTimer ? undefined : fakeNow();
  if (now === undefined) return liveClock;
  if (faked?.timer !== setTimeout) {
    const after = timersOf(setTimeout, clearTimeout);
    faked = { timer: setTimeout, clock: { live: false, scheduler: undefined, now, after } };
  }
  return faked.clock;
}

/** What tells a fake time; `undefined` where nothing does. */
function fakeNow(): (() => number) | undefined {
  const time = performance;
  if (time !== hostTime) {
    // Not every fake has an origin.
    const origin = Number.isFinite(time.timeOrigin) ? time.timeOrigin : timeOrigin;
    return () => origin + time.now();
  }
  if (Date === hostDate) return undefined;
  const wall = Date;
  let latest = -Infinity;
  return () => {
    latest = Math.max(latest, wall.now());
    return latest;
  };
}

type After = Clock['after'];

function timersOf(start: typeof setTimeout, stop: typeof clearTimeout): After {
  return inStages((ms, work) => {
    const timer = start(work, ms);
    return () => {
      stop(timer);
    };
  });
}

/** The longest wait that a timer can take; a longer one would fire at once. */
const longestTimer = 2_147_483_647;

/** Makes a wait of any length of waits that timers can take. */
export function inStages(after: After): After {
  return (ms, work) => {
    if (ms <= longestTimer) return after(ms, work);
    let left = ms;
    let cancel = after(longestTimer, goOn);
    return () => {
      cancel();
    };

    function goOn(): void {
      left -= longestTimer;
      cancel = left <= longestTimer ? after(left, work) : after(longestTimer, goOn);
    }
  };
}
