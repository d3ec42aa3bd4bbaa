import type { SchedulerLike } from 'rxjs';
import type { CancellationToken } from '../base/cancellation.ts';
import { liveScheduler } from '../base/live-scheduler.ts';
import { type OffloadHost, offloadHost } from '../definition/offloaded-body.ts';
import type { StepContext } from '../definition/step-context.ts';
import type { Attempt } from './attempt.ts';

/** What a step's function sees of its attempt. Functions are bound, so that they survive destructuring. */
export class AttemptContext implements StepContext {
  readonly #attempt: Attempt;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  get stepId(): string {
    return this.#attempt.definition.id;
  }

  get attempt(): number {
    return this.#attempt.number;
  }

  /** Of a child of a fan-out, which one it is. */
  get key(): string | undefined {
    return this.#attempt.definition.key;
  }

  get index(): number | undefined {
    return this.#attempt.definition.place;
  }

  get scheduler(): SchedulerLike {
    return this.#attempt.host.clock.scheduler ?? liveScheduler;
  }

  get token(): CancellationToken {
    return this.#attempt.token;
  }

  get signal(): AbortSignal {
    return this.#attempt.token.signal;
  }

  get gracePeriod(): number {
    return this.#attempt.host.gracePeriod;
  }

  get [offloadHost](): OffloadHost {
    return this.#attempt;
  }

  get progress(): StepContext['progress'] {
    return (amount, message) => {
      this.#attempt.reportProgress(amount, message);
    };
  }

  get log(): StepContext['log'] {
    return (message, data) => {
      this.#attempt.reportLog(message, data);
    };
  }

  get defer(): StepContext['defer'] {
    return (finaliser) => {
      this.#attempt.defer(finaliser);
    };
  }
}
