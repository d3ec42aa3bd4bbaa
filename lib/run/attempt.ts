import { CancellationToken } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import { EmptyStepError } from '../base/empty-step-error.ts';
import { InvalidOptionsError } from '../base/errors.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { ProgressAmount } from '../definition/step-context.ts';
import { AttemptContext } from './attempt-context.ts';
import { type BodyListener, followBody, isPlain, type RunningBody } from './body.ts';
import { StepTimeoutError } from './failures.ts';

/** What an attempt asks of its run. */
export interface AttemptHost {
  readonly clock: Clock;
  /** How long a body may go on after it was told to stop, in ms. */
  readonly gracePeriod: number;
  /** The run's present: read from the clock once an event, not once a question. */
  readonly now: number;
  /** The values of a step's inputs, by name. */
  inputsOf(index: number): Readonly<Record<string, unknown>>;
  /** Control came back from outside: the present is another. */
  enter(): void;
  /** The step's function has returned, and what it returned was subscribed to: how long did that keep the event loop? */
  returned(attempt: Attempt): void;
  reportProgress(attempt: Attempt, amount: ProgressAmount, message: string | undefined): void;
  reportLog(attempt: Attempt, message: string, data: unknown): void;
  reportFinaliserError(attempt: Attempt, error: unknown): void;
  /** The body of an abandoned attempt has stopped after all. */
  recovered(attempt: Attempt): void;
  /** The attempt is over. */
  over(attempt: Attempt): void;
}

/** Where an attempt stands. The last three are how it ended. */
export type AttemptState = 'running' | 'completed' | 'failed' | 'cancelled';

/**
 * One attempt of one step, from the call of its function to the end of its last finaliser.
 *
 *     body runs ───────────────▶ finalisers run ───▶ over
 *         └── told to stop ──▶ ──┘                    ▲
 *                └── grace period over: abandoned ────┘
 *
 * 1. What comes first decides the outcome: the body's own end, the timeout, or a cancel.
 * 2. It is over when the body has stopped and every finaliser has ended; or when it is abandoned. An offloaded
 *    body is never abandoned, since it is sure to stop.
 * 3. Context, token, finalisers and timers cost nothing until they are used.
 */
export class Attempt implements BodyListener {
  readonly host: AttemptHost;
  readonly index: number;
  /** Which attempt of the step, from 1. */
  readonly number: number;
  readonly definition: StepDefinition;
  readonly startedAt: number;
  state: AttemptState = 'running';
  isAbandoned = false;
  /** The output, or what the attempt failed with. */
  result: unknown;
  #isStopping = false;
  #isFollowing = false;
  #hasBodyEnded = false;
  #isOver = false;
  #body: RunningBody | undefined;
  #token: CancellationToken | undefined;
  #finalisers: (() => unknown)[] | undefined;
  #clearTimeout: (() => void) | undefined;
  #clearGrace: (() => void) | undefined;

  constructor(host: AttemptHost, index: number, number: number, definition: StepDefinition) {
    this.host = host;
    this.index = index;
    this.number = number;
    this.definition = definition;
    this.startedAt = host.now;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get token(): CancellationToken {
    if (this.#token === undefined) {
      this.#token = new CancellationToken();
      if (this.#isStopping) this.#token.cancel(this.result);
    }
    return this.#token;
  }

  start(): void {
    const { host, definition } = this;
    // Someone cancelled on hearing that it starts.
    if (this.#isStopping) {
      this.#end(this.state, this.result);
      return;
    }
    const { timeout } = definition.settings;
    if (timeout !== undefined) {
      this.#clearTimeout = host.clock.after(timeout, () => {
        host.enter();
        this.stop('failed', new StepTimeoutError(definition.id, timeout));
      });
    }
    let returned: unknown;
    let hasThrown = false;
    try {
      returned = definition.body(host.inputsOf(this.index), new AttemptContext(this));
    } catch (error) {
      hasThrown = true;
      returned = error;
    }
    if (!hasThrown && !isPlain(returned)) {
      this.#follow(returned);
    } else {
      host.returned(this);
      this.#end(hasThrown ? 'failed' : 'completed', returned);
    }
  }

  /** Tells the body to stop; what it does from then on no longer matters. Only the first call has an effect. */
  stop(outcome: 'failed' | 'cancelled', reason: unknown): void {
    if (this.#isStopping || this.#isOver) return;
    this.#isStopping = true;
    this.state = outcome;
    this.result = reason;
    this.#token?.cancel(reason);
    this.#body?.stop();
    if (this.#isOver || this.definition.isOffloaded) return;
    this.#clearGrace = this.host.clock.after(this.host.gracePeriod, () => {
      this.host.enter();
      this.#abandon();
    });
  }

  defer(finaliser: () => unknown): void {
    if (typeof finaliser !== 'function') {
      throw new InvalidOptionsError(`ctx.defer of step '${this.definition.id}'`, [
        { option: 'the finaliser', expected: 'a function', value: finaliser },
      ]);
    }
    this.#finalisers ??= [];
    this.#finalisers.push(finaliser);
    // Whoever registers late, when all the others have run, isn't forgotten.
    if (this.#isOver) this.#finalise();
  }

  reportProgress(amount: ProgressAmount, message: string | undefined): void {
    if (!this.#isOver) this.host.reportProgress(this, amount, message);
  }

  reportLog(message: string, data: unknown): void {
    if (!this.#isOver) this.host.reportLog(this, message, data);
  }

  completed(output: unknown): void {
    this.#comeBack();
    this.#end('completed', output);
  }

  empty(): void {
    this.#comeBack();
    this.#end('failed', new EmptyStepError(this.definition.id));
  }

  failed(error: unknown): void {
    this.#comeBack();
    this.#end('failed', error);
  }

  stopped(): void {
    this.#comeBack();
    this.#end(this.state, this.result);
  }

  running(body: RunningBody): void {
    this.#body = body;
    if (this.#isStopping) body.stop();
  }

  #comeBack(): void {
    if (this.#isFollowing) this.host.returned(this);
    else this.host.enter();
  }

  #follow(returned: unknown): void {
    this.#isFollowing = true;
    followBody(returned, this);
    this.#isFollowing = false;
    if (!this.#hasBodyEnded) this.host.returned(this);
  }

  #end(state: AttemptState, result: unknown): void {
    this.#hasBodyEnded = true;
    this.#body = undefined;
    if (!this.#isStopping) {
      this.state = state;
      this.result = result;
    }
    if (this.#finalisers === undefined) this.#finish();
    else this.#finalise();
  }

  /** Runs the finalisers, the last one first, each after the one before has ended. */
  #finalise(): void {
    const finaliser = this.#finalisers?.pop();
    if (finaliser === undefined) {
      this.#finish();
      return;
    }
    const goOn = (): void => {
      this.host.enter();
      this.#finalise();
    };
    const report = (error: unknown): void => {
      this.host.reportFinaliserError(this, error);
      goOn();
    };
    try {
      followBody(finaliser(), { completed: goOn, empty: goOn, stopped: goOn, failed: report });
    } catch (error) {
      report(error);
    }
  }

  #abandon(): void {
    if (this.#isOver) return;
    this.isAbandoned = true;
    this.#settle();
  }

  #finish(): void {
    if (this.#isOver) {
      if (this.isAbandoned) this.host.recovered(this);
      this.isAbandoned = false;
      return;
    }
    this.#settle();
  }

  #settle(): void {
    this.#isOver = true;
    this.#clearTimeout?.();
    this.#clearGrace?.();
    this.host.over(this);
  }
}
