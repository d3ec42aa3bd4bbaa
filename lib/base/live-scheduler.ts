import type { SchedulerAction, SchedulerLike } from 'rxjs';
import { type Clock, clockOf, monotonicNow } from './clock.ts';
import { Subscription } from './rxjs-parts.ts';

/**
 * The host's time as a scheduler: its `now()` never goes back, and its waits may have any length.
 *
 * What repeats itself keeps its beat, as under `asyncScheduler`: a timer that comes late doesn't make all later ones late.
 */
export const liveScheduler: SchedulerLike = {
  now: monotonicNow,
  schedule(work, delay, state) {
    // RxJS's types let `work` insist on a state; none is given only where it doesn't.
    return new ClockAction(clockOf(undefined), work as Work<typeof state>).schedule(state, delay);
  },
};

type Work<State> = (this: SchedulerAction<State>, state?: State) => void;

class ClockAction<State> extends Subscription implements SchedulerAction<State> {
  private readonly clock: Clock;
  private readonly work: Work<State>;
  private cancel: (() => void) | undefined;
  private due: number | undefined;

  constructor(clock: Clock, work: Work<State>) {
    super(() => this.cancel?.());
    this.clock = clock;
    this.work = work;
  }

  schedule(state?: State, delay = 0): Subscription {
    if (this.closed) return this;
    this.cancel?.();
    const now = this.clock.now();
    // While `work` runs, `due` is when it should have.
    const due = Math.max(now, (this.due ?? now) + delay);
    this.due = undefined;
    this.cancel = this.clock.after(due - now, () => {
      this.run(due, state);
    });
    return this;
  }

  private run(due: number, state: State | undefined): void {
    this.cancel = undefined;
    this.due = due;
    try {
      this.work(state);
    } catch (error) {
      this.unsubscribe();
      throw error;
    } finally {
      this.due = undefined;
    }
  }
}
