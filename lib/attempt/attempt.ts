// Long because a body's values, its end, its timeout, a stop and its finalisers may come in any order, and share one state.
import type { Demand } from '../admission/demand.ts';
import { captureContext, type EnterContext } from '../base/async-context.ts';
import { CancellationToken } from '../base/cancellation.ts';
import { EmptyStepError } from '../base/empty-step-error.ts';
import { CancelledError, InvalidOptionsError } from '../base/errors.ts';
import { thrownValue } from '../base/thrown-value.ts';
import type { Around } from '../definition/around.ts';
import type { Step } from '../definition/handle.ts';
import type { Hostable } from '../definition/hosted.ts';
import type { OffloadHost, SharedInput } from '../definition/offloaded-body.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { ProgressAmount } from '../definition/step-context.ts';
import { AroundContext } from './around-context.ts';
import { AttemptContext } from './attempt-context.ts';
import type { AttemptRun, AttemptScope } from './attempt-run.ts';
import { followBody } from './body.ts';
import type { BodyListener, RunningBody } from './body-listener.ts';
import { Finalisers } from './finalisers.ts';
import type { Outlet } from './outlet.ts';
import { isPlain } from './returned-work.ts';
import { StepTimeoutError } from './step-timeout-error.ts';

/** How an attempt ended, or will once it has stopped. */
export type AttemptOutcome = 'completed' | 'failed' | 'cancelled';

/** What few attempts need. */
class Extras {
  token: CancellationToken | undefined;
  finalisers: Finalisers | undefined;
  body: RunningBody | undefined;
  /** Whether the body has ended, so that the outcome is settled and only finalisers are left. */
  hasEnded = false;
  /** Whether steps of their own do the work, each of which is sure to stop or be given up. */
  isHosting = false;
  isCancelledWithin = false;
  /** Why nothing more may start of what it brings, once that is so. */
  drain: { readonly reason: unknown } | undefined;
  /** Why the attempt was told to stop. */
  stopReason: unknown;
  clearTimeout: (() => void) | undefined;
  clearGrace: (() => void) | undefined;
  /** Enters the async context in which a hook has called the body. */
  enter: EnterContext | undefined;
  /** What a hook gives along with work that is done elsewhere. */
  carrier: Readonly<Record<string, string>> | undefined;
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
 *
 * @typeParam Scope - who the step is among
 * @typeParam Holding - what admission has given for it
 */
export class Attempt<Scope extends AttemptScope = AttemptScope, Holding = unknown>
  implements BodyListener, OffloadHost
{
  readonly #run: AttemptRun<Attempt<Scope, Holding>>;
  readonly scope: Scope;
  /** Its row in the table. */
  readonly row: number;
  /** Which attempt of the step, from 1. */
  readonly number: number;
  readonly definition: StepDefinition;
  /** What it holds; `undefined` once that was given back. */
  holds: Holding | undefined;
  outcome: AttemptOutcome;
  /** The output, or what the attempt failed with. */
  result: unknown;
  isOver: boolean;
  isAbandoned: boolean;
  #isStopping: boolean;
  /** Whether control is still inside the call that started the body. */
  #isStarting: boolean;
  #extras: Extras | undefined;

  // All fields are set here, in one go: initialisers would double the cost of an attempt.
  constructor(
    run: AttemptRun<Attempt<Scope, Holding>>,
    scope: Scope,
    row: number,
    number: number,
    definition: StepDefinition,
    holds: Holding,
  ) {
    this.#run = run;
    this.scope = scope;
    this.row = row;
    this.number = number;
    this.definition = definition;
    this.holds = holds;
    this.outcome = 'completed';
    this.result = undefined;
    this.isOver = false;
    this.isAbandoned = false;
    this.#isStopping = false;
    this.#isStarting = true;
    this.#extras = undefined;
  }

  get stepId(): string {
    return this.scope.idOf(this.definition);
  }

  get token(): CancellationToken {
    const extras = this.#needExtras();
    if (extras.token === undefined) {
      extras.token = new CancellationToken();
      if (this.#isStopping) extras.token.cancel(extras.stopReason);
    }
    return extras.token;
  }

  /** The token, where somebody has asked for it. */
  get knownToken(): CancellationToken | undefined {
    return this.#extras?.token;
  }

  start(): void {
    // Someone may have cancelled on hearing that it starts.
    if (this.#isStopping) {
      this.#end(this.outcome, this.result);
      return;
    }
    const { definition } = this;
    if (definition.settings.timeout !== undefined && !definition.settings.isOffloaded) this.#armTimeout();
    const { around } = this.#run;
    let returned: unknown;
    let isOutput: boolean;
    try {
      returned =
        around === undefined
          ? definition.body(this.scope.inputsOf(this.row), new AttemptContext(this))
          : this.#callWithin(around);
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
    this.#run.returned(this);
  }

  /** Calls the body by way of the run's hooks. */
  #callWithin(around: Around): unknown {
    return around(new AroundContext(this), () => {
      // A hook that waits first may be told so meanwhile.
      if (this.#isStopping) throw new CancelledError(this.stopReason, `step '${this.stepId}'`);
      this.#needExtras().enter = captureContext();
      return this.definition.body(this.scope.inputsOf(this.row), new AttemptContext(this));
    });
  }

  /**
   * Tells the body to stop; what it does from then on no longer matters. Only the first call has an effect: false where
   * it comes too late.
   */
  stop(outcome: 'failed' | 'cancelled', reason: unknown): boolean {
    if (this.#isStopping || this.isOver) return false;
    const extras = this.#needExtras();
    this.#isStopping = true;
    extras.stopReason = reason;
    const isInTime = !extras.hasEnded;
    if (isInTime) {
      this.outcome = outcome;
      this.result = reason;
    }
    extras.token?.cancel(reason);
    extras.body?.stop(reason);
    if (this.#isOverNow() || this.#isSureToStop(extras)) return isInTime;
    extras.clearGrace = this.#run.after(this.#run.gracePeriod, () => {
      this.#run.enter();
      this.#abandon();
    });
    return isInTime;
  }

  /** One that is offloaded is, but for a hook that hasn't called it yet. */
  #isSureToStop({ isHosting, hasEnded, body }: Extras): boolean {
    return isHosting || (this.definition.settings.isOffloaded && (hasEnded || body !== undefined));
  }

  /** Where steps of their own do the work: those that run may finish, but nothing more starts. */
  drain(reason: unknown): void {
    const extras = this.#needExtras();
    extras.drain = { reason };
    extras.body?.drain?.(reason);
  }

  /** Whether steps of their own do its work. */
  get isHosting(): boolean {
    return this.#extras?.isHosting === true;
  }

  /** Whether it was told to stop. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** Why it was told to stop. */
  get stopReason(): unknown {
    return this.#extras?.stopReason;
  }

  defer(finaliser: () => unknown): void {
    if (typeof finaliser !== 'function') {
      throw new InvalidOptionsError(`ctx.defer of step '${this.stepId}'`, [
        { option: 'the finaliser', expected: 'a function', value: finaliser },
      ]);
    }
    const extras = this.#needExtras();
    extras.finalisers ??= new Finalisers();
    extras.finalisers.add(finaliser);
    // Whoever registers late, when all the others have run, isn't forgotten.
    if (this.isOver && !this.isAbandoned) this.#finalise(extras.finalisers);
  }

  reportProgress(amount: ProgressAmount, message: string | undefined): void {
    if (!this.isOver) this.#run.reportProgress(this, amount, message);
  }

  reportLog(message: string, data: unknown): void {
    if (!this.isOver) this.#run.reportLog(this, message, data);
  }

  // What its context tells.

  get runId(): string {
    return this.#run.runId;
  }

  get clock(): AttemptRun<unknown>['clock'] {
    return this.#run.clock;
  }

  get gracePeriod(): number {
    return this.#run.gracePeriod;
  }

  // What an offloaded body asks for.

  get run(): object {
    return this.#run;
  }

  get demand(): Demand {
    return this.definition.settings.demand;
  }

  get epoch(): number {
    return this.#run.epoch;
  }

  get life(): string | undefined {
    return this.#run.life;
  }

  lifeStays(): Promise<void> | undefined {
    return this.#run.lifeStays();
  }

  workWaits(message: string): void {
    if (!this.isOver) this.#run.reportWaiting(this, message);
  }

  workBegan(thread: string | undefined): void {
    this.#armTimeout();
    if (!this.isOver) this.#run.reportOffloaded(this, thread);
  }

  get carrier(): Readonly<Record<string, string>> | undefined {
    return this.#extras?.carrier;
  }

  carry(carrier: Readonly<Record<string, string>>): void {
    const extras = this.#needExtras();
    extras.carrier = { ...extras.carrier, ...carrier };
  }

  sharedInputs(): readonly SharedInput[] {
    return this.scope.sharedInputsOf(this.row);
  }

  // What the body tells.

  get outlet(): Outlet | undefined {
    return this.scope.outletOf(this.row);
  }

  get enterBody(): EnterContext | undefined {
    return this.#extras?.enter;
  }

  within(work: () => void): void {
    this.#run.within(work);
  }

  running(body: RunningBody): void {
    const extras = this.#needExtras();
    extras.body = body;
    if (this.#isStopping) body.stop(extras.stopReason);
    else if (extras.drain !== undefined) body.drain?.(extras.drain.reason);
  }

  completed(output: unknown): void {
    this.#comeBack();
    if (this.#isStopping) this.#run.discarded(this, output);
    this.#end('completed', output);
  }

  empty(): void {
    const { outlet } = this;
    if (outlet?.mayStayEmpty === true) {
      outlet.endEmpty();
      this.completed(undefined);
    } else {
      this.failed(new EmptyStepError(this.stepId));
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
      this.#end('failed', new CancelledError(extras.drain.reason, `step '${this.stepId}'`));
      return;
    }
    extras.isHosting = true;
    this.#run.handedOver(this, work);
  }

  tornDown(error: unknown): void {
    this.#run.reportFinaliserError(this, error);
  }

  /** The steps that did its work were cancelled by one of them: so is the run. */
  cancelledWithin(error: CancelledError): void {
    this.#needExtras().isCancelledWithin = true;
    this.failed(error);
  }

  /** Whether one of the steps that did its work cancelled the run. */
  get isCancelledWithin(): boolean {
    return this.#extras?.isCancelledWithin === true;
  }

  stopped(): void {
    this.#comeBack();
    this.#end(this.outcome, this.result);
  }

  #comeBack(): void {
    if (this.#isStarting) {
      this.#isStarting = false;
      this.#run.returned(this);
    } else {
      this.#run.enter();
    }
  }

  #end(outcome: AttemptOutcome, result: unknown): void {
    if (!this.#isStopping) {
      this.outcome = outcome;
      this.result = result;
    }
    const extras = this.#extras;
    if (extras === undefined) {
      this.isOver = true;
      this.#run.over(this);
      return;
    }
    extras.body = undefined;
    extras.hasEnded = true;
    if (extras.finalisers === undefined) this.#finish();
    else this.#finalise(extras.finalisers);
  }

  #finalise(finalisers: Finalisers): void {
    finalisers.run(
      (work) => {
        this.#run.within(() => {
          this.#run.enter();
          work();
        });
      },
      (error) => {
        this.#run.reportFinaliserError(this, error);
      },
      () => {
        this.#finish();
      },
    );
  }

  #abandon(): void {
    if (this.isOver) return;
    this.isAbandoned = true;
    if (this.result instanceof StepTimeoutError) this.result.abandoned = true;
    this.#settle();
  }

  /** The body has stopped and nothing is left to finalise. */
  #finish(): void {
    if (!this.isOver) {
      this.#settle();
    } else if (this.isAbandoned) {
      this.isAbandoned = false;
      this.#run.recovered(this);
    }
  }

  #settle(): void {
    this.isOver = true;
    this.#extras?.clearTimeout?.();
    this.#extras?.clearGrace?.();
    this.#run.over(this);
  }

  #armTimeout(): void {
    const { timeout } = this.definition.settings;
    const extras = this.#needExtras();
    if (timeout === undefined || this.isOver || extras.clearTimeout !== undefined) return;
    extras.clearTimeout = this.#run.after(timeout, () => {
      this.#run.enter();
      this.#run.timedOut(this, timeout);
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
