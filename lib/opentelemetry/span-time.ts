import type { HrTime } from '@opentelemetry/api';

/** Before this, in ms, no clock that tells the time of day can be: it counts from 0, as virtual time does. */
const earliest = 1e12;

/**
 * From the times of a run to those of spans. A clock that counts from 0 is taken to have been set going when the first
 * event came; the others tell the time of day already, be it yesterday's.
 */
export class SpanTime {
  readonly #offset: number;

  constructor(firstAt: number, now: number) {
    this.#offset = firstAt < earliest ? now - firstAt : 0;
  }

  /** As seconds and nanoseconds: a bare number of ms is taken for something else where it is before the process began. */
  of(at: number): HrTime {
    const ms = at + this.#offset;
    const seconds = Math.floor(ms / 1000);
    return [seconds, Math.floor((ms - seconds * 1000) * 1e6)];
  }
}
