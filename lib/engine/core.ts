import { composed } from '../attempt/around-hooks.ts';
import type { AttemptRun } from '../attempt/attempt-run.ts';
import type { Clock } from '../base/clock.ts';
import type { Around } from '../definition/around.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { Step } from '../definition/handle.ts';
import type { Hostable } from '../definition/hosted.ts';
import { fractionOf, type ProgressAmount } from '../definition/step-context.ts';
import { Progress } from '../observe/progress.ts';
import { Reporter } from '../observe/reporter.ts';
import { CallWatch } from './call-watch.ts';
import type { Keeping } from './keeping.ts';
import { Loop, type LoopOwner } from './loop.ts';
import type { RunBudget } from './run-budget.ts';
import type { RunListener } from './run-listener.ts';
import type { RunSettings } from './run-settings.ts';
import { RunningTime } from './running-time.ts';
import type { Scope, StepAttempt } from './scope.ts';
import { nobody, type Row, StepTable } from './step-table.ts';
import { TimeSlice } from './time-slice.ts';

/** What every part of the engine works with: the facts, the loop, the time, and those who are told. */
export abstract class EngineCore implements AttemptRun<StepAttempt>, LoopOwner {
  readonly blueprint: Blueprint;
  readonly settings: RunSettings;
  readonly table: StepTable;
  readonly slice: TimeSlice;
  readonly progress: Progress;
  readonly report: Reporter;
  abstract readonly budget: RunBudget;
  /** What keeps it, whether or not the store is open. */
  protected abstract readonly kept: Keeping | undefined;
  /** Told of every one of the run's own steps; absent where nobody follows them. */
  listener: RunListener | undefined;
  protected readonly loop: Loop;
  readonly runningTime = new RunningTime();
  readonly #calls = new CallWatch();
  /** The hooks around attempts, the outermost first. */
  #hooks: readonly Around[] = [];
  around: Around | undefined;
  /** The row that is dealt with just now. */
  protected current: Row = nobody;
  /** The attempts under way, by row. */
  readonly attempts: (StepAttempt | undefined)[];

  constructor(blueprint: Blueprint, settings: RunSettings) {
    const { size } = blueprint.graph;
    this.blueprint = blueprint;
    this.settings = settings;
    this.table = new StepTable(size);
    this.attempts = new Array<undefined>(size).fill(undefined);
    this.slice = new TimeSlice(settings.clock);
    this.progress = new Progress(settings.runId, this.slice);
    this.report = new Reporter(this.progress, this.slice);
    this.loop = new Loop(this, this.slice);
    if (settings.around !== undefined) this.addHook(settings.around);
  }

  /** Has a hook called around all attempts from now on, within those that are there; gives what takes it away. */
  addHook(hook: Around): () => void {
    // A function of its own, since one hook may be added twice.
    const added: Around = (attempt, next) => hook(attempt, next);
    this.#setHooks([...this.#hooks, added]);
    return () => {
      this.#setHooks(this.#hooks.filter((other) => other !== added));
    };
  }

  #setHooks(hooks: readonly Around[]): void {
    this.#hooks = hooks;
    this.around = composed(hooks);
  }

  get clock(): Clock {
    return this.settings.clock;
  }

  get runId(): string {
    return this.settings.runId;
  }

  get epoch(): number {
    return this.kept?.keeper.epoch ?? 1;
  }

  get life(): string | undefined {
    return this.kept?.keeper.life;
  }

  lifeStays(): Promise<void> | undefined {
    return this.kept?.keeper.lifeStays();
  }

  get gracePeriod(): number {
    return this.settings.gracePeriod;
  }

  /** The run's present: read from the clock once an event, not once a question. */
  get now(): number {
    return this.slice.now;
  }

  get observed(): boolean {
    return this.progress.observed;
  }

  get running(): number {
    return this.runningTime.count;
  }

  enter(): void {
    this.slice.enter();
  }

  within(work: () => void): void {
    this.loop.within(work);
  }

  wake(work: () => void): void {
    this.loop.wake(work);
  }

  goOn(): void {
    this.loop.goOn();
  }

  after(ms: number, work: () => void): () => void {
    const { clock } = this.settings;
    // The host's timers keep the async context they were set in.
    if (clock.live) return clock.after(ms, work);
    return clock.after(ms, () => {
      this.loop.within(work);
    });
  }

  review(scope: Scope): void {
    this.loop.review(scope);
  }

  // What attempts tell.

  returned(attempt: StepAttempt): void {
    this.slice.advance();
    if (!this.progress.observed) return;
    const blocked = this.#calls.end(this.now);
    if (blocked !== undefined) this.report.blocked(attempt, blocked.ms, blocked.isCertain);
  }

  /** A step's function is about to be called, all who are told of it have been. Virtual time says nothing of the event loop. */
  protected beforeCall(): void {
    if (this.progress.observed && this.clock.live) this.#calls.begin(this.clock);
    else this.#calls.skip();
  }

  reportProgress(attempt: StepAttempt, amount: ProgressAmount, message: string | undefined): void {
    this.loop.within(() => {
      if (attempt.scope.parent === undefined) {
        this.table.fractions.set(attempt.row, fractionOf(amount));
        this.changed(attempt.scope, attempt.row);
      }
      this.report.stepProgressed(attempt, amount, message);
    });
  }

  reportOffloaded(attempt: StepAttempt, thread: string | undefined): void {
    this.loop.within(() => {
      if (attempt.scope.parent === undefined) {
        this.table.offloadedAt.set(attempt.row, this.now);
        this.changed(attempt.scope, attempt.row);
      }
      if (thread !== undefined) this.report.stepOffloaded(attempt, thread);
    });
  }

  reportWaiting(attempt: StepAttempt, message: string): void {
    this.loop.within(() => {
      this.report.waitsElsewhere(attempt, message);
    });
  }

  reportLog(attempt: StepAttempt, message: string, data: unknown): void {
    this.loop.within(() => {
      this.report.logged(attempt, message, data);
    });
  }

  reportFinaliserError(attempt: StepAttempt, error: unknown): void {
    this.loop.within(() => {
      this.report.finaliserFailed(attempt, error);
    });
  }

  abstract handedOver(attempt: StepAttempt, work: Hostable | Step): void;
  abstract discarded(attempt: StepAttempt, output: unknown): void;
  abstract timedOut(attempt: StepAttempt, timeoutMs: number): void;
  abstract over(attempt: StepAttempt): void;
  abstract recovered(attempt: StepAttempt): void;

  // What the loop asks for.

  abstract settle(attempt: StepAttempt): void;
  abstract look(scope: Scope): void;
  abstract start(row: Row): void;
  abstract rest(): void;
  abstract fault(bug: unknown): void;

  admit(): Row | undefined {
    return this.budget.admission.admit();
  }

  /** One of the run's own steps has another status or fraction. */
  protected changed(scope: Scope, row: Row): void {
    if (this.listener !== undefined && scope.parent === undefined) this.listener.changed(row);
  }

  abstract scopeOf(row: Row): Scope;
}
