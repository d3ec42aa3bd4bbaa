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

/** What the body of a step sees of an attempt that is another machine's. */
export class JobContext implements StepContext {
  readonly stepId: string;
  readonly attempt: number;
  readonly idempotencyKey: string;
  readonly scheduler: SchedulerLike;
  readonly gracePeriod: number;
  readonly token = new CancellationToken();
  readonly progress: StepContext['progress'];
  readonly log: StepContext['log'];
  readonly [offloadHost]: OffloadHost;
  readonly #finalisers: (() => unknown)[] = [];

  constructor(body: CallBody, taskName: string, clock: Clock, listener: JobListener) {
    const { stepId, attempt, runId, epoch, life, idempotencyKey, gracePeriod, isolation, carrier } = body;
    this.stepId = stepId ?? taskName;
    this.attempt = attempt;
    this.idempotencyKey = idempotencyKey;
    this.gracePeriod = gracePeriod;
    this.scheduler = clock.scheduler ?? liveScheduler;
    this.progress = (amount, message) => {
      listener.progress(amount, message);
    };
    this.log = (message, data) => {
      listener.log(message, data);
    };
    const memory = isolation?.memory;
    const demand: Demand = memory === undefined ? {} : { memory };
    this[offloadHost] = {
      // Nothing of its pool waits, but for a moment: so nobody needs turns.
      run: everyone,
      runId,
      epoch,
      life,
      // Whoever has sent it has waited for that.
      lifeStays: () => undefined,
      demand,
      carrier,
      workWaits: () => undefined,
      workBegan: (thread) => {
        listener.began(thread ?? 'main');
      },
      sharedInputs: () => [],
    };
  }

  get signal(): AbortSignal {
    return this.token.signal;
  }

  readonly defer = (finaliser: () => unknown): void => {
    this.#finalisers.push(finaliser);
  };

  /** Ends when all that was deferred is over. */
  async finished(): Promise<void> {
    await Promise.all(this.#finalisers.map((finaliser) => finaliser()));
  }
}

const everyone = {};
