import type { ProgressEvent } from '../observe/progress-event.ts';

/** What attempts have cost that came to nothing. */
export interface CostOfRetries {
  /** How many attempts were followed by another. */
  readonly attempts: number;
  /** How long these took, in ms. */
  readonly lostMs: number;
  /** How long was waited until the next, in ms. */
  readonly backOffMs: number;
}

/**
 * What a run has spent its time on, over all steps and what came of them: folded from its events, each in constant time.
 *
 * An attempt counts from its start until it ends, or its work is handed over to steps of its own.
 */
export class RunCosts {
  /** How many attempts there were, those of what came of the steps included. */
  attempts = 0;
  /** Where outputs came from that no attempt has made, in numbers. */
  readonly origins = new Map<string, number>();
  readonly #retries = { attempts: 0, lostMs: 0, backOffMs: 0 };
  readonly #startOf = new Map<string, number>();
  #busyMs = 0;

  get retries(): CostOfRetries {
    return this.#retries;
  }

  /** Attempts × ms, up to now. */
  busyMs(now: number): number {
    let sum = this.#busyMs;
    for (const start of this.#startOf.values()) sum += now - start;
    return sum;
  }

  add(event: ProgressEvent): void {
    switch (event.type) {
      case 'step-started':
        this.attempts++;
        this.#startOf.set(event.stepId, event.at);
        break;
      case 'step-added':
        this.#stop(event.parentId, event.at);
        break;
      case 'holds-changed':
        if (event.abandoned !== true && Object.keys(event.holds).length === 0)
          this.#stop(event.stepId, event.at);
        break;
      case 'step-retrying':
        this.#retries.attempts++;
        this.#retries.lostMs += this.#stop(event.stepId, event.at);
        this.#retries.backOffMs += event.delayMs;
        break;
      case 'step-completed': {
        this.#stop(event.stepId, event.at);
        const origin = event.cached === true ? 'cached' : event.restored === true ? 'restored' : undefined;
        if (origin !== undefined) this.origins.set(origin, (this.origins.get(origin) ?? 0) + 1);
        break;
      }
      case 'step-failed':
      case 'step-cancelled':
        this.#stop(event.stepId, event.at);
        break;
      default:
    }
  }

  #stop(id: string, at: number): number {
    const start = this.#startOf.get(id);
    if (start === undefined) return 0;
    this.#startOf.delete(id);
    this.#busyMs += at - start;
    return at - start;
  }
}
