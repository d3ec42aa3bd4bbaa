import { type MergeOwner, MergeWithin } from '../../operators/merge-within.ts';
import type { Demand } from '../admission/demand.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import type { Step } from '../definition/handle.ts';
import type { Hostable } from '../definition/hosted.ts';
import type { Attempt } from './attempt.ts';
import type { RunningBody } from './body.ts';
import type { Candidate, Item, Scope } from './candidate.ts';
import { GuestUse } from './guest-use.ts';
import type { Host } from './host.ts';
import { LiveLimits } from './live-limits.ts';
import { Progress } from './progress.ts';
import { Reporter } from './reporter.ts';
import { lossError, openAdmission, type RunAdmission, usageOf } from './run-admission.ts';
import type { RunSettings } from './run-options.ts';
import type { RunState } from './run-state.ts';
import { TimeSlice } from './time-slice.ts';

/** Something that does the work of a step by steps of their own. */
export interface NestedScope extends RunningBody {
  launch(): void;
  /** What its steps demand, each with one of them. */
  demands(): readonly (readonly [demand: Demand, stepId: string])[];
}

/** Makes the scope of the steps that do a step's work. Throws where they can't. */
export type OpenScope = (work: Hostable | Step, host: Host) => NestedScope;

/** The graph that a run is of. */
export interface RootScope extends Scope {
  /** How many of its steps are not settled. */
  readonly unsettled: number;
  readonly blueprint: Blueprint;
  readonly state: RunState;
  /** Whether it isn't known yet if a step starts, or it starts together with others. */
  isUncertain(index: number): boolean;
  complete(): void;
  error(bug: unknown): void;
}

/**
 * What all the graphs of a run share: one budget, one loop, one stream of events, one time.
 *
 * 1. A step starts when it is admitted, whichever graph it belongs to; its demand is given back when its attempt is over.
 * 2. The run's own steps are numbers; those that came later, of a nested graph or a fan-out, are candidates.
 * 3. What abandoned bodies hold stays taken, and what can therefore never start fails.
 */
export class Executor implements MergeOwner<Item, Attempt> {
  readonly settings: RunSettings;
  readonly closed = false;
  readonly slice: TimeSlice;
  readonly progress: Progress;
  readonly report: Reporter;
  readonly budget: RunAdmission;
  /** What steps that came later have used. */
  readonly guests: GuestUse;
  /** What was changed of the budget. */
  readonly limits: LiveLimits;
  /** Makes the scope of steps that do the work of another. */
  readonly open: OpenScope;
  readonly #loop: MergeWithin<Item, Attempt>;
  readonly #root: RootScope;
  /** The nested scopes that aren't over. */
  readonly #nested = new Set<NestedScope>();
  readonly #abandoned = new Set<Attempt>();
  /** What was taken out of admission with others, before its scope has heard. */
  readonly #takenOut = new Set<Item>();
  #completions = 0;

  /** @throws ResourceLimitError where a step demands more than there can be */
  constructor(root: RootScope, settings: RunSettings, open: OpenScope) {
    this.settings = settings;
    this.open = open;
    this.#root = root;
    this.budget = openAdmission(root.blueprint, settings);
    this.guests = new GuestUse(this.budget);
    this.slice = new TimeSlice(settings.clock);
    this.progress = new Progress(settings.runId, this.slice);
    this.report = new Reporter(this.progress, this.slice);
    this.limits = new LiveLimits(this.budget, root.blueprint, root.state, settings.clock, {
      room: () => {
        this.slice.enter();
        this.budget.admission.onRoom?.();
      },
      nestedDemands: () => [...this.#nested].flatMap((scope) => scope.demands()),
    });
    const { turns } = this.budget;
    if (turns !== undefined) {
      turns.isGone = (index) => root.state.isSettled(index);
      turns.isUncertain = (index) => root.isUncertain(index);
    }
    this.#loop = new MergeWithin(this.budget.admission, this);
  }

  get abandoned(): number {
    return this.#abandoned.size;
  }

  /** What is taken of each resource class, and how much there is. */
  get resources(): Record<string, { readonly taken: number; readonly limit: number }> {
    return usageOf(this.budget);
  }

  /** Holds back all starts while several things change. */
  atOnce(work: () => void): void {
    this.budget.admission.pause();
    work();
    this.budget.admission.resume();
  }

  /** A nested scope is about to start its steps. */
  opened(scope: NestedScope): void {
    this.#nested.add(scope);
  }

  /** A nested scope is over. */
  ended(scope: NestedScope): void {
    this.#nested.delete(scope);
  }

  /** The place of a completion among those that may have to be undone. */
  nextOrder(): number {
    return ++this.#completions;
  }

  /** A step that waits will never start. */
  withdraw(item: Item): void {
    if (!this.#takenOut.delete(item)) this.budget.admission.remove(item);
  }

  /** Nothing that waits will ever start; the scopes of what came later are about to hear. */
  withdrawAll(): void {
    for (const item of this.budget.admission.clear()) if (typeof item !== 'number') this.#takenOut.add(item);
  }

  /** A step is ready. */
  offer(item: Item): void {
    this.#loop.offer(item);
  }

  /** An attempt is over. */
  over(item: Item, attempt: Attempt): void {
    this.#loop.deliverAndFinish(item, attempt);
  }

  /** What was admitted as one goes on as several. */
  split(item: Item, parts: readonly Item[]): void {
    this.budget.admission.split(item, parts);
    for (const part of parts) if (typeof part === 'number') this.budget.turns?.start(part);
    this.#loop.split(parts.length);
  }

  /** What was admitted with others will not start after all. */
  neverStarted(item: Item): void {
    this.#loop.finish(item);
  }

  seal(): void {
    this.#loop.seal();
  }

  /** Why an item can never start any more; `undefined` where it may. */
  hopelessFor(item: Item): number | undefined {
    return this.#abandoned.size === 0 ? undefined : this.budget.admission.neverFits(item);
  }

  /** What a step fails with that can never start any more, for want of the class at a place. */
  lossError(stepId: string, demand: Demand, place: number): Error {
    return lossError(this.budget, stepId, demand, place);
  }

  /** An attempt is given up: it keeps what it holds, and waiting steps may not be able to do without. */
  abandon(item: Item, attempt: Attempt): void {
    this.#abandoned.add(attempt);
    this.budget.admission.forfeit(item);
    this.report.abandoned(attempt, this.settings.gracePeriod);
  }

  recovered(item: Item, attempt: Attempt): void {
    if (this.#abandoned.delete(attempt)) this.budget.admission.recover(item);
  }

  /** Fails what can never start any more. */
  failHopeless(): void {
    const { admission } = this.budget;
    if (this.#abandoned.size === 0) return;
    const items = admission.removeHopeless();
    for (const item of items) this.#takenOut.add(item);
    for (const item of items) {
      // The failure of one may have been the end of another.
      if (!this.#takenOut.delete(item)) continue;
      const place = admission.neverFits(item) ?? 0;
      if (typeof item === 'number') this.#root.failHopeless(item, place);
      else item.scope.failHopeless(item.index, place);
    }
  }

  /** What an item has taken is another's from now on, who takes as much. */
  handOn(item: Item): void {
    this.budget.admission.handOn(item);
  }

  /** A step's body has handed its work to steps of its own: they need what it has taken. */
  giveBackEarly(item: Item): void {
    this.budget.admission.releaseEarly(item);
  }

  // What the loop asks for.

  start(item: Item): void {
    if (typeof item === 'number') this.#root.start(item);
    else this.#startCandidate(item);
  }

  next(attempt: Attempt): void {
    attempt.host.ended(attempt);
    if (this.#root.unsettled === 0) this.#loop.seal();
    else if (this.slice.isOver && this.slice.turn(this.#goOn)) this.budget.admission.pause();
  }

  complete(): void {
    this.#root.complete();
  }

  error(bug: unknown): void {
    this.#root.error(bug);
  }

  #startCandidate(candidate: Candidate): void {
    candidate.scope.start(candidate.index);
  }

  readonly #goOn = (): void => {
    this.budget.admission.resume();
  };
}
