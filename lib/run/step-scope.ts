import type { Demand } from '../admission/demand.ts';
import type { Clock } from '../base/clock.ts';
import { markNotRetriable } from '../base/not-retriable.ts';
import type { Step } from '../definition/handle.ts';
import { type Hostable, HostedItems } from '../definition/hosted.ts';
import type { SharedInput } from '../definition/offloaded-body.ts';
import { fractionOf, type ProgressAmount } from '../definition/step-context.ts';
import type { Attempt, AttemptHost } from './attempt.ts';
import type { Item, Scope } from './candidate.ts';
import type { CleanUp } from './clean-up.ts';
import type { Executor, NestedScope } from './executor.ts';
import type { Host } from './host.ts';
import type { Outlet } from './outlet.ts';
import type { TimeSlice } from './time-slice.ts';

/** A completed step whose work is to be undone, and when it completed among all such of the run. */
export interface OrderedCleanUp extends CleanUp {
  readonly order: number;
}

/** What every scope does for the attempts of its steps, whatever the shape of the scope. */
export abstract class StepScope implements AttemptHost, Scope {
  abstract readonly executor: Executor;
  /** The executor's: kept here, since it is asked several times a step. */
  abstract readonly slice: TimeSlice;

  get clock(): Clock {
    return this.executor.settings.clock;
  }

  get gracePeriod(): number {
    return this.executor.settings.gracePeriod;
  }

  /** The run's present. */
  get now(): number {
    return this.slice.now;
  }

  abstract start(index: number): void;
  abstract ended(attempt: Attempt): void;
  abstract failHopeless(index: number, place: number): void;
  abstract inputsOf(index: number): Readonly<Record<string, unknown>>;
  abstract sharedInputsOf(index: number): readonly SharedInput[];
  abstract outletOf(index: number): Outlet | undefined;
  abstract handOver(attempt: Attempt, work: Hostable | Step): void;
  /** What admission knows a step as. */
  abstract itemOf(index: number): Item;
  /** When the last attempt of a step started. */
  protected abstract lastStartOf(index: number): number;
  /** A step said how far it is. */
  protected abstract tell(index: number, fraction: number): void;

  enter(): void {
    this.slice.enter();
  }

  returned(attempt: Attempt): void {
    this.slice.advance();
    if (!this.executor.progress.observed) return;
    const blockedMs = this.now - this.lastStartOf(attempt.index);
    if (blockedMs > longestBlock && this.clock.live) this.executor.report.blocked(attempt, blockedMs);
  }

  reportProgress(attempt: Attempt, amount: ProgressAmount, message: string | undefined): void {
    this.tell(attempt.index, fractionOf(amount));
    this.executor.report.stepProgressed(attempt, amount, message);
  }

  reportOffloaded(attempt: Attempt, thread: string): void {
    this.executor.report.stepOffloaded(attempt, thread);
  }

  reportLog(attempt: Attempt, message: string, data: unknown): void {
    this.executor.report.logged(attempt, message, data);
  }

  reportFinaliserError(attempt: Attempt, error: unknown): void {
    this.executor.report.finaliserFailed(attempt, error);
  }

  recovered(attempt: Attempt): void {
    this.executor.recovered(this.itemOf(attempt.index), attempt);
  }

  over(attempt: Attempt): void {
    this.executor.over(this.itemOf(attempt.index), attempt);
  }

  /** Opens the scope that does the work of a step, and lets its first steps compete for what the step gives back. */
  protected nest(work: Hostable | Step, host: Host): void {
    const { executor } = this;
    executor.atOnce(() => {
      if (!keepsDemand(work)) executor.giveBackEarly(this.itemOf(host.attempt.index));
      let nested: NestedScope;
      try {
        nested = executor.open(work, host);
      } catch (error) {
        // What is wrong with it is wrong the next time too.
        host.attempt.failed(markNotRetriable(error));
        return;
      }
      executor.opened(nested);
      host.attempt.running(nested);
      if (!host.attempt.isStopping) nested.launch();
    });
  }

  protected lossError(id: string, demand: Demand, place: number): Error {
    return this.executor.lossError(id, demand, place);
  }
}

/** Whether a step that hands its work over keeps what it has taken. */
export function keepsDemand(work: Hostable | Step): boolean {
  return work instanceof HostedItems && work.plan.isLive;
}

/** A step that keeps the event loop for longer than this, in ms, is worth a warning. */
const longestBlock = 50;
