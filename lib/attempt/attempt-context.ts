import type { SchedulerLike } from 'rxjs';
import type { CancellationToken } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import { liveScheduler } from '../base/live-scheduler.ts';
import { type OffloadHost, offloadHost } from '../definition/offloaded-body.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { ProgressAmount, StepContext } from '../definition/step-context.ts';

/** What a context tells of its attempt. */
export interface ContextSource extends OffloadHost {
  readonly runId: string;
  readonly stepId: string;
  readonly number: number;
  readonly definition: StepDefinition;
  readonly clock: Clock;
  readonly gracePeriod: number;
  readonly token: CancellationToken;
  reportProgress(amount: ProgressAmount, message: string | undefined): void;
  reportLog(message: string, data: unknown): void;
  defer(finaliser: () => unknown): void;
}

/** What a step's function sees of its attempt. Functions are bound, so that they survive destructuring. */
export class AttemptContext implements StepContext {
  readonly #attempt: ContextSource;

  constructor(attempt: ContextSource) {
    this.#attempt = attempt;
  }

  get stepId(): string {
    return this.#attempt.stepId;
  }

  get attempt(): number {
    return this.#attempt.number;
  }

  get idempotencyKey(): string {
    return `${escapedPart(this.#attempt.runId)}/${escapedPart(this.#attempt.stepId)}`;
  }

  /** Of a child of a fan-out, which one it is. */
  get key(): string | undefined {
    return this.#attempt.definition.key;
  }

  get index(): number | undefined {
    return this.#attempt.definition.place;
  }

  get scheduler(): SchedulerLike {
    return this.#attempt.clock.scheduler ?? liveScheduler;
  }

  get token(): CancellationToken {
    return this.#attempt.token;
  }

  get signal(): AbortSignal {
    return this.#attempt.token.signal;
  }

  get gracePeriod(): number {
    return this.#attempt.gracePeriod;
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

/** Safe in a header and in an address, and no two texts alike. */
function escapedPart(text: string): string {
  return text.replaceAll(/\p{Surrogate}|[^\p{Surrogate}]+/gu, (part) =>
    // Half of a pair, which no address can have.
    /^\p{Surrogate}/u.test(part)
      ? `%u${part.charCodeAt(0).toString(16).toUpperCase()}`
      : encodeURIComponent(part),
  );
}
