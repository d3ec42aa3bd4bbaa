import type { Clock } from '../base/clock.ts';
import type { Around } from '../definition/around.ts';
import type { Step } from '../definition/handle.ts';
import type { Hostable } from '../definition/hosted.ts';
import type { SharedInput } from '../definition/offloaded-body.ts';
import type { StepDefinition } from '../definition/step.ts';
import type { ProgressAmount } from '../definition/step-context.ts';
import type { Outlet } from './outlet.ts';

/** What an attempt asks of its run. What it tells is dealt with later, never before the call returns. */
export interface AttemptRun<Attempt> {
  readonly clock: Clock;
  readonly runId: string;
  /** How many processes have had the run, this one included. */
  readonly epoch: number;
  /** Tells a run that is kept from others of its id; `undefined` where it isn't, so that no other process could go on with it. */
  readonly life: string | undefined;
  /** Settles once later holders will know that; `undefined` where that is so. */
  lifeStays(): Promise<void> | undefined;
  /** How long a body may go on after it was told to stop, in ms. */
  readonly gracePeriod: number;
  /** Calls bodies in its way; `undefined` where nobody wants that. */
  readonly around: Around | undefined;
  /** Control came back from outside: the present is another. */
  enter(): void;
  /** Runs what somebody else's call has brought about in the async context of the run. */
  within(work: () => void): void;
  /** As the clock's `after`; in the async context of the run. */
  after(ms: number, work: () => void): () => void;
  /** The step's function has returned, and what it returned was subscribed to: how long did that keep the event loop? */
  returned(attempt: Attempt): void;
  reportProgress(attempt: Attempt, amount: ProgressAmount, message: string | undefined): void;
  reportLog(attempt: Attempt, message: string, data: unknown): void;
  reportWaiting(attempt: Attempt, message: string): void;
  /** A worker has taken it on, in the thread of that name where it has one. */
  reportOffloaded(attempt: Attempt, thread: string | undefined): void;
  reportFinaliserError(attempt: Attempt, error: unknown): void;
  /** The body has handed its work to steps of their own: whoever does it tells the attempt how it ended. */
  handedOver(attempt: Attempt, work: Hostable | Step): void;
  /** An output came that nobody will get. */
  discarded(attempt: Attempt, output: unknown): void;
  /** Its time is up: it is to be stopped. */
  timedOut(attempt: Attempt, timeoutMs: number): void;
  /** The attempt is over. */
  over(attempt: Attempt): void;
  /** The body of an abandoned attempt has stopped after all. */
  recovered(attempt: Attempt): void;
}

/** What an attempt asks of those among whom its step is. */
export interface AttemptScope {
  /** The path of a step, unique in the run. */
  idOf(definition: StepDefinition): string;
  /** The values of a step's inputs, by name. */
  inputsOf(row: number): Readonly<Record<string, unknown>>;
  /** The inputs of a step that others may still need. */
  sharedInputsOf(row: number): readonly SharedInput[];
  /** Where what a step emits goes, when others read it. */
  outletOf(row: number): Outlet | undefined;
}
