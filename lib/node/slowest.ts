import type { ProgressEvent } from '../observe/progress-event.ts';

/** A step, and how long it took. */
export interface SlowStep {
  readonly id: string;
  readonly ms: number;
}

const most = 5;

/**
 * The steps whose last attempts took longest, those that came of others included: a fold over events. A step whose work others have done took as
 * long as these, so that it is of interest only where none of them is.
 */
export class Slowest {
  readonly #found: SlowStep[] = [];
  /** Whose work others do, until it is over. */
  readonly #hosts = new Set<string>();

  /** The slowest first. */
  get steps(): readonly SlowStep[] {
    return this.#found;
  }

  add(event: ProgressEvent): void {
    switch (event.type) {
      case 'step-added':
        this.#hosts.add(event.parentId);
        break;
      case 'step-completed':
      case 'step-failed':
      case 'step-cancelled':
        if (!this.#hosts.delete(event.stepId) && event.attempt > 0)
          this.#insert(event.stepId, event.durationMs);
        break;
      default:
        break;
    }
  }

  #insert(id: string, ms: number): void {
    const place = this.#found.findIndex((other) => other.ms < ms);
    if (place < 0 && this.#found.length >= most) return;
    this.#found.splice(place < 0 ? this.#found.length : place, 0, { id, ms });
    if (this.#found.length > most) this.#found.pop();
  }
}
