import type { Demand } from '../admission/demand.ts';
import { CancellationToken } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import { EmptyStepError } from '../base/empty-step-error.ts';
import { CancelledError, InvalidOptionsError } from '../base/errors.ts';
import { thrownValue } from '../base/thrown-value.ts';
import type { Step } from '../definition/handle.ts';
import type { Hostable } from '../definition/hosted.ts';
import type { OffloadHost, SharedInput } from '../definition/offloaded-body.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { ProgressAmount } from '../definition/step-context.ts';
import { AttemptContext } from './attempt-context.ts';
import { type BodyListener, followBody, isPlain, type RunningBody } from './body.ts';
import { StepTimeoutError } from './failures.ts';
import type { Outlet } from './outlet.ts';

/** What an attempt asks of its run. */
export interface AttemptHost {
  readonly clock: Clock;
  /** How long a body may go on after it was told to stop, in ms. */
  readonly gracePeriod: number;
  /** The run's present: read from the clock once an event, not once a question. */
  readonly now: number;
  /** The values of a step's inputs, by name. */
  inputsOf(index: number): Readonly<Record<string, unknown>>;
  /** The inputs of a step that others may still need. */
  sharedInputsOf(index: number): readonly SharedInput[];
  /** Control came back from outside: the present is another. */
  enter(): void;
  /** The step's function has returned, and what it returned was subscribed to: how long did that keep the event loop? */
  returned(attempt: Attempt): void;
  reportProgress(attempt: Attempt, amount: ProgressAmount, message: string | undefined): void;
  reportLog(attempt: Attempt, message: string, data: unknown): void;
  reportOffloaded(attempt: Attempt, thread: string): void;
  reportFinaliserError(attempt: Attempt, error: unknown): void;
  /** The body of an abandoned attempt has stopped after all. */
  recovered(attempt: Attempt): void;
  /** Where what a step emits goes, when others read it. */
  outletOf(index: number): Outlet | undefined;
  /** The body has handed its work to steps of their own: whoever does it tells the attempt how it ended. */
  handOver(attempt: Attempt, work: Hostable | Step): void;
  /** The attempt is over. */
  over(attempt: Attempt): void;
  /** What came of it is to be dealt with. */
  ended(attempt: Attempt): void;
}

/** How an attempt ended, or will once it has stopped. */
export type AttemptOutcome = 'completed' | 'failed' | 'cancelled';

/** What few attempts need. */
class Extras {
  token: CancellationToken | undefined;
  readonly finalisers: (() => unknown)[] = [];
  body: RunningBody | undefined;
  /** Whether the body has ended, so that the outcome is settled and only finalisers are left. */
  hasEnded = false;
  /** Whether steps of their own do the work, each of which is sure to stop or be given up. */
  isHosting = false;
  /** Why nothing more may start of what it brings, once that is so. */
  drain: { readonly reason: unknown } | undefined;
  /** Why the attempt was told to stop. */
  stopReason: unknown;
  clearTimeout: (() => void) | undefined;
  clearGrace: (() => void) | undefined;
}

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
export class Attempt implements BodyListener, OffloadHost {
  readonly host: AttemptHost;
  readonly index: number;
  /** Which attempt of the step, from 1. */
  readonly number: number;
  readonly definition: StepDefinition;
  outcome: AttemptOutcome;
  /** The output, or what the attempt failed with. */
  result: unknown;
  isOver: boolean;
  isAbandoned: boolean;
  /** Where the host keeps it among those that run. */
  place: number;
  #isStopping: boolean;
  /** Whether control is still inside the call that started the body. */
  #isStarting: boolean;
  #extras: Extras | undefined;

  // All fields are set here, in one go: initialisers would double the cost of an attempt.
  constructor(host: AttemptHost, index: number, number: number, definition: StepDefinition) {
    this.host = host;
    this.index = index;
    this.number = number;
    this.definition = definition;
    this.outcome = 'completed';
    this.result = undefined;
    this.isOver = false;
    this.isAbandoned = false;
    this.place = -1;
    this.#isStopping = false;
    this.#isStarting = true;
    this.#extras = undefined;
  }

  get token(): CancellationToken {
    const extras = this.#needExtras();
    if (extras.token === undefined) {
      extras.token = new CancellationToken();
      if (this.#isStopping) extras.token.cancel(extras.stopReason);
    }
    return extras.token;
  }

  start(): void {
    // Someone may have cancelled on hearing that it starts.
    if (this.#isStopping) {
      this.#end(this.outcome, this.result);
      return;
    }
    const { definition, host } = this;
    if (definition.settings.timeout !== undefined && !definition.settings.isOffloaded) this.#armTimeout();
    let returned: unknown;
    let isOutput: boolean;
    try {
      returned = definition.body(host.inputsOf(this.index), new AttemptContext(this));
      isOutput = isPlain(returned);
    } catch (error) {
      this.failed(error);
      return;
    }
    if (isOutput) {
      this.completed(returned);
      return;
    }
    followBody(returned, this);
    if (!this.#isStarting) return;
    this.#isStarting = false;
    host.returned(this);
  }

  /** Tells the body to stop; what it does from then on no longer matters. Only the first call has an effect. */
  stop(outcome: 'failed' | 'cancelled', reason: unknown): void {
    if (this.#isStopping || this.isOver) return;
    const extras = this.#needExtras();
    this.#isStopping = true;
    extras.stopReason = reason;
    if (!extras.hasEnded) {
      this.outcome = outcome;
      this.result = reason;
    }
    extras.token?.cancel(reason);
    extras.body?.stop(reason);
    if (this.#isOverNow() || this.definition.settings.isOffloaded || extras.isHosting) return;
    extras.clearGrace = this.host.clock.after(this.host.gracePeriod, () => {
      this.host.enter();
      this.#abandon();
    });
  }

  /** Where steps of their own do the work: those that run may finish, but nothing more starts. */
  drain(reason: unknown): void {
    const extras = this.#needExtras();
    extras.drain = { reason };
    extras.body?.drain?.(reason);
  }

  /** Whether it was told to stop. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  defer(finaliser: () => unknown): void {
    if (typeof finaliser !== 'function') {
      throw new InvalidOptionsError(`ctx.defer of step '${this.definition.id}'`, [
        { option: 'the finaliser', expected: 'a function', value: finaliser },
      ]);
    }
    this.#needExtras().finalisers.push(finaliser);
    // Whoever registers late, when all the others have run, isn't forgotten.
    if (this.isOver && !this.isAbandoned) this.#finalise();
  }

  reportProgress(amount: ProgressAmount, message: string | undefined): void {
    if (!this.isOver) this.host.reportProgress(this, amount, message);
  }

  reportLog(message: string, data: unknown): void {
    if (!this.isOver) this.host.reportLog(this, message, data);
  }

  // What an offloaded body asks for.

  get run(): object {
    return this.host;
  }

  get demand(): Demand {
    return this.definition.settings.demand;
  }

  workBegan(thread: string | undefined): void {
    this.#armTimeout();
    if (thread !== undefined && !this.isOver) this.host.reportOffloaded(this, thread);
  }

  sharedInputs(): readonly SharedInput[] {
    return this.host.sharedInputsOf(this.index);
  }

  // What the body tells.

  get outlet(): Outlet | undefined {
    return this.host.outletOf(this.index);
  }

  running(body: RunningBody): void {
    this.#needExtras().body = body;
    if (this.#isStopping) body.stop(this.#needExtras().stopReason);
  }

  completed(output: unknown): void {
    this.#comeBack();
    this.#end('completed', output);
  }

  empty(): void {
    const { outlet } = this;
    if (outlet?.mayStayEmpty === true) {
      outlet.endEmpty();
      this.completed(undefined);
    } else {
      this.failed(new EmptyStepError(this.definition.id));
    }
  }

  failed(error: unknown): void {
    this.#comeBack();
    this.#end('failed', thrownValue(error));
  }

  handedOver(work: Hostable | Step): void {
    this.#comeBack();
    if (this.#isStopping) {
      this.#end(this.outcome, this.result);
      return;
    }
    const extras = this.#needExtras();
    if (extras.drain !== undefined) {
      this.#end('failed', new CancelledError(extras.drain.reason, `step '${this.definition.id}'`));
      return;
    }
    extras.isHosting = true;
    this.host.handOver(this, work);
  }

  tornDown(error: unknown): void {
    this.host.reportFinaliserError(this, error);
  }

  stopped(): void {
    this.#comeBack();
    this.#end(this.outcome, this.result);
  }

  #comeBack(): void {
    if (this.#isStarting) {
      this.#isStarting = false;
      this.host.returned(this);
    } else {
      this.host.enter();
    }
  }

  #end(outcome: AttemptOutcome, result: unknown): void {
    if (!this.#isStopping) {
      this.outcome = outcome;
      this.result = result;
    }
    if (this.#extras === undefined) {
      this.#settle();
      return;
    }
    this.#extras.body = undefined;
    this.#extras.hasEnded = true;
    this.#finalise();
  }

  /** Runs the finalisers, the last one first, each after the one before has ended. */
  #finalise(): void {
    const finaliser = this.#extras?.finalisers.pop();
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
    let returned: unknown;
    try {
      returned = finaliser();
    } catch (error) {
      report(error);
      return;
    }
    followBody(returned, { completed: goOn, empty: goOn, stopped: goOn, failed: report });
  }

  #abandon(): void {
    if (this.isOver) return;
    this.isAbandoned = true;
    this.#settle();
  }

  /** The body has stopped and nothing is left to finalise. */
  #finish(): void {
    if (!this.isOver) {
      this.#settle();
    } else if (this.isAbandoned) {
      this.isAbandoned = false;
      this.host.recovered(this);
    }
  }

  #settle(): void {
    this.isOver = true;
    this.#extras?.clearTimeout?.();
    this.#extras?.clearGrace?.();
    this.host.over(this);
  }

  #armTimeout(): void {
    const { timeout } = this.definition.settings;
    const extras = this.#needExtras();
    if (timeout === undefined || this.isOver || extras.clearTimeout !== undefined) return;
    extras.clearTimeout = this.host.clock.after(timeout, () => {
      this.host.enter();
      this.stop('failed', new StepTimeoutError(this.definition.id, timeout));
    });
  }

  // A call, since the compiler takes a field for unchanged across calls that change it.
  #isOverNow(): boolean {
    return this.isOver;
  }

  #needExtras(): Extras {
    this.#extras ??= new Extras();
    return this.#extras;
  }
}
