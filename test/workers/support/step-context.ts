import { asyncScheduler } from 'rxjs';
import { CancellationToken } from '../../../lib/base/cancellation.ts';
import type { StepContext } from '../../../lib/definition/step-context.ts';

/** A step's context that writes down what is asked of it. */
export class RecordingContext implements StepContext {
  readonly idempotencyKey = 'run/step';
  readonly stepId = 'delays';
  readonly attempt = 2;
  readonly scheduler = asyncScheduler;
  readonly gracePeriod: number;
  readonly heard: unknown[] = [];
  readonly finalisers: (() => unknown)[] = [];
  #token: CancellationToken | undefined;

  constructor(gracePeriod = 60_000) {
    this.gracePeriod = gracePeriod;
  }

  /** Whether anyone has asked for the token. */
  get hasToken(): boolean {
    return this.#token !== undefined;
  }

  get token(): CancellationToken {
    this.#token ??= new CancellationToken();
    return this.#token;
  }

  get signal(): AbortSignal {
    return this.token.signal;
  }

  progress(...progress: unknown[]): void {
    this.heard.push(progress);
  }

  log(...log: unknown[]): void {
    this.heard.push(log);
  }

  defer(finaliser: () => unknown): void {
    this.finalisers.push(finaliser);
  }
}
