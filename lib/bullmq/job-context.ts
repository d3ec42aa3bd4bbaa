import type { SchedulerLike } from 'rxjs';
import type { Demand } from '../admission/demand.ts';
import { CancellationToken } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import { liveScheduler } from '../base/live-scheduler.ts';
import { type OffloadHost, offloadHost } from '../definition/offloaded-body.ts';
import type { ProgressAmount, StepContext } from '../definition/step-context.ts';
import type { CallBody } from './messages.ts';

/** Who hears what a call says of itself. */
export interface JobListener {
  began(thread: string): void;
  progress(amount: ProgressAmount, message: string | undefined): void;
  log(message: string, data: unknown): void;
}

/**
 * What the body of a step sees of an attempt that is another machine's, and what only an offloaded body does: most of it is made when it is
 * first asked for, as short tasks ask for next to nothing.
 */
export class JobContext implements StepContext, OffloadHost {
  readonly #body: CallBody;
  readonly #taskName: string;
  readonly #clock: Clock;
  readonly #listener: JobListener;
  #token: CancellationToken | undefined;
  #finalisers: (() => unknown)[] | undefined;

  constructor(body: CallBody, taskName: string, clock: Clock, listener: JobListener) {
    this.#body = body;
    this.#taskName = taskName;
    this.#clock = clock;
    this.#listener = listener;
  }

  get [offloadHost](): OffloadHost {
    return this;
  }

  get stepId(): string {
    return this.#body.stepId ?? this.#taskName;
  }

  get attempt(): number {
    return this.#body.attempt;
  }

  get idempotencyKey(): string {
    return this.#body.idempotencyKey;
  }

  get gracePeriod(): number {
    return this.#body.gracePeriod;
  }

  get scheduler(): SchedulerLike {
    return this.#clock.scheduler ?? liveScheduler;
  }

  get token(): CancellationToken {
    this.#token ??= new CancellationToken();
    return this.#token;
  }

  get signal(): AbortSignal {
    return this.token.signal;
  }

  get progress(): StepContext['progress'] {
    return (amount, message) => {
      this.#listener.progress(amount, message);
    };
  }

  get log(): StepContext['log'] {
    return (message, data) => {
      this.#listener.log(message, data);
    };
  }

  get defer(): StepContext['defer'] {
    return (finaliser) => {
      this.#finalisers ??= [];
      this.#finalisers.push(finaliser);
    };
  }

  /** Ends when all that was deferred is over. */
  async finished(): Promise<void> {
    await Promise.all((this.#finalisers ?? []).map((finaliser) => finaliser()));
  }

  // Of the host.

  /** Nothing of its pool waits, but for a moment: so nobody needs turns. */
  get run(): object {
    return everyone;
  }

  get runId(): string {
    return this.#body.runId;
  }

  get epoch(): number {
    return this.#body.epoch;
  }

  get life(): string | undefined {
    return this.#body.life;
  }

  lifeStays(): undefined {
    // Whoever has sent it has waited for that.
  }

  get demand(): Demand {
    const memory = this.#body.isolation?.memory;
    return memory === undefined ? {} : { memory };
  }

  get carrier(): OffloadHost['carrier'] {
    return this.#body.carrier;
  }

  workWaits(): void {
    // Nothing waits for long.
  }

  workBegan(thread: string | undefined): void {
    this.#listener.began(thread ?? 'main');
  }

  sharedInputs(): readonly [] {
    return [];
  }
}

const everyone = {};
