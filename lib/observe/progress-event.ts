// Long because it is one list: every event there is, each with what it tells.
import type { Demand } from '../admission/demand.ts';
import type { Waited } from './wait-reason.ts';

interface Common {
  /** What happened. */
  readonly type: string;
  /** Counts the events of a run, from 1; without gaps for one who has listened from the start. */
  readonly seq: number;
  /** When it happened, in ms of the run's clock (epoch time unless the run has another scheduler). */
  readonly at: number;
  /** The run it belongs to. */
  readonly runId: string;
}

interface OfStep extends Common {
  /** The id of the step. */
  readonly stepId: string;
}

interface OfAttempt extends OfStep {
  /** Which attempt, from 1; 0 where none was made. */
  readonly attempt: number;
}

/** The run was started, and waits until others are over with which it shares how many may be under way; `run-started` comes when it begins. */
export interface RunWaiting extends Common {
  readonly type: 'run-waiting';
  /** The name of the workflow. */
  readonly workflow: string;
  /** How many steps it has. */
  readonly steps: number;
  /** How many runs wait so, this one included. */
  readonly waiting: number;
}

/** The run has started; its steps are about to. */
export interface RunStarted extends Common {
  readonly type: 'run-started';
  /** The name of the workflow. */
  readonly workflow: string;
  /** How many steps it has. */
  readonly steps: number;
  /** Whether it goes on where an earlier run of the same `runId` stopped; absent otherwise. */
  readonly resumed?: true;
}

/**
 * A step has come while the run was under way: a child of a fan-out, or a step of a nested workflow. What happens to it is
 * told as of any other. The step that it came of ends when all have whose work is needed.
 */
export interface StepAdded extends OfStep {
  readonly type: 'step-added';
  /** The step that it came of. */
  readonly parentId: string;
  /** The ids of the steps it needs. */
  readonly dependsOn: readonly string[];
  /** What it takes of each resource class. */
  readonly demand: Demand;
}

/** An attempt has started: its resources are taken and its function is about to be called. */
export interface StepStarted extends OfAttempt {
  readonly type: 'step-started';
  /** What it holds of each resource class from now on: its demand, or nothing where it runs in what another one holds. */
  readonly holds: Demand;
  /** The id of the step by whose end, or choice, it became ready; absent where that was the start of the run, or of what it is part of. */
  readonly readyBy?: string;
  /** How long it has waited since all that it needs was there, and for what; absent where it started at once. */
  readonly waited?: Waited;
}

/**
 * What an attempt holds has changed otherwise than by its start or its end: steps of its own have taken over its work, a body that
 * had been given up has stopped after all, or what a fan-out kept for its children is kept by one of them.
 */
export interface HoldsChanged extends OfAttempt {
  readonly type: 'holds-changed';
  /** Whether it is an attempt that had been given up; absent otherwise. */
  readonly abandoned?: true;
  /** What it holds of each resource class from now on. */
  readonly holds: Demand;
}

/** An attempt is over. It has given back what it held, unless it is said that it still holds something. */
interface EndOfAttempt extends OfAttempt {
  /** What it holds from now on, as its body had to be given up and goes on; absent where that is nothing. */
  readonly holds?: Demand;
}

/** A thread has taken on the work of an attempt. Not told of bodies that run here. */
export interface StepOffloaded extends OfAttempt {
  readonly type: 'step-offloaded';
  /** Which thread: the pool's name and a number that no other thread of the process has. */
  readonly thread: string;
}

/** A step told how far it is. */
export interface StepProgressed extends OfAttempt {
  readonly type: 'step-progress';
  /** From 0 to 1. */
  readonly fraction: number;
  /** How many are done, where the step said so. */
  readonly done?: number;
  /** Of how many, where the step said so. */
  readonly total?: number;
  /** What the step said. */
  readonly message?: string;
}

/** An attempt failed, and there will be another. */
export interface StepRetrying extends EndOfAttempt {
  readonly type: 'step-retrying';
  /** Why it failed. */
  readonly error: unknown;
  /** How long until the next attempt is ready, in ms. */
  readonly delayMs: number;
}

/**
 * Where an output comes from that no attempt of this run has made: it was `given` to the run, `restored` from what an earlier run of the
 * same `runId` had done, or `cached`, the result of another run.
 */
export type Origin = 'given' | 'restored' | 'cached';

/** Where the output of a step comes from that has completed; `undefined` where an attempt has made it. */
export function originIn({ given, restored, cached }: StepCompleted): Origin | undefined {
  if (given === true) return 'given';
  if (restored === true) return 'restored';
  return cached === true ? 'cached' : undefined;
}

/** A step has completed; what it held is given back. */
export interface StepCompleted extends EndOfAttempt {
  readonly type: 'step-completed';
  /** Whether its output was given to the run, so that it didn't run; absent otherwise. */
  readonly given?: true;
  /** Whether it had completed in an earlier run of the same `runId`, so that it didn't run; absent otherwise. */
  readonly restored?: true;
  /** Whether its output was that of an earlier run with the same inputs, so that it didn't run; absent otherwise. */
  readonly cached?: true;
  /** How long the attempt took. */
  readonly durationMs: number;
}

/** A step has failed for good. */
export interface StepFailed extends EndOfAttempt {
  readonly type: 'step-failed';
  /** How long the last attempt took; 0 where none was made. */
  readonly durationMs: number;
  /** A `StepFailedError`. */
  readonly error: unknown;
}

/** A step will not run, or was stopped while it ran, because the run was cancelled or failed, or because nothing needs it any more. */
export interface StepCancelled extends EndOfAttempt {
  readonly type: 'step-cancelled';
  /** The id of the step that needed it and no longer does; absent where the run, or what the step is part of, was stopped. */
  readonly because?: string;
  /** How long the last attempt took; 0 where none was made. */
  readonly durationMs: number;
}

/**
 * Why a step will not run: one that it needs has `failed`; its own `when`, or that of one that it needs, said no; a `choose` or a
 * `fallback` took another `branch`; or nothing needs it any more.
 */
export type SkipReason = 'failed' | 'when' | 'branch' | 'not-needed';

/** A step will not run. */
export interface StepSkipped extends OfStep {
  readonly type: 'step-skipped';
  /** The id of the step that is to blame: that failed, whose `when` said no, or that took another branch. */
  readonly because: string;
  /** Why. */
  readonly reason: SkipReason;
  /** The id of the step by whose end, or choice, it was decided; absent where it was from the start. */
  readonly readyBy?: string | undefined;
}

/** A step had something to say. */
export interface StepLogged extends OfAttempt {
  readonly type: 'log';
  /** What it said. */
  readonly message: string;
  /** And what it gave with it. */
  readonly data?: unknown;
}

/** Something deserves attention but fails nothing. */
export interface Warned extends Common {
  readonly type: 'warning';
  /**
   * What it is about: a step `blocked` the event loop; a body was `abandoned`; steps `waiting` can't start beside abandoned
   * bodies; a `finaliser`, a `cleanup` or a `release` failed, or one of the last two hasn't ended in time; a `retry`'s `when`,
   * `delay` or chance failed; `limits` have a name that is probably meant otherwise; the `store` could not keep something; a `channel` had to grow, or everyone at its ends would have waited for ever;
   * a run is `nested` in a step of another that it shares limits with, so that each may wait for the other;
   * no `remote` worker can do a step's work;
   * events were `dropped`, as whoever reads `run.events()` is slower than the run: that one stands in their place, and nowhere else.
   */
  readonly topic:
    | 'blocked'
    | 'abandoned'
    | 'waiting'
    | 'finaliser'
    | 'cleanup'
    | 'release'
    | 'retry'
    | 'limits'
    | 'channel'
    | 'store'
    | 'nested'
    | 'remote'
    | 'dropped';
  /** What happened and what to do about it. */
  readonly message: string;
  /** The step it is about; empty where it is about none. Of events that were dropped, that of the last. */
  readonly stepId: string;
  /** Which attempt; 0 where it is about none. */
  readonly attempt: number;
  /** How many events it stands for, where they were dropped. `seq` and `at` are those of the last. */
  readonly count?: number;
  /** How long it lasted, where that is the point. */
  readonly durationMs?: number;
  /** What was thrown, where something was. */
  readonly error?: unknown;
}

/** The run has completed, and all that it had told to stop has stopped, or was given up. */
export interface RunCompleted extends Common {
  readonly type: 'run-completed';
  /** How long it took. */
  readonly durationMs: number;
}

/** From here on nothing starts, or nothing that demands the resource named. What runs goes on. */
export interface RunPaused extends Common {
  readonly type: 'run-paused';
  /** The resource class; absent where all is held back. */
  readonly resource?: string;
}

/** What a pause held back may start again. */
export interface RunResumed extends Common {
  readonly type: 'run-resumed';
  /** The resource class; absent where all was held back. */
  readonly resource?: string;
}

/** There is more or less of some resource classes from here on. */
export interface LimitsChanged extends Common {
  readonly type: 'limits-changed';
  /** The new capacity of each class that changed. */
  readonly limits: Readonly<Record<string, number>>;
}

/** The run has failed, clean-ups included. */
export interface RunFailed extends Common {
  readonly type: 'run-failed';
  /** How long it took. */
  readonly durationMs: number;
  /** What `result$` is about to error with. */
  readonly error: unknown;
}

/** The run was cancelled, clean-ups included. */
export interface RunCancelled extends Common {
  readonly type: 'run-cancelled';
  /** How long it took. */
  readonly durationMs: number;
  /** What was given to `cancel`. */
  readonly reason: unknown;
}

/**
 * What happens in a run, told apart by `type`. Plain data but for errors and the data of logs.
 *
 * @example
 * ```ts
 * run.progress$.subscribe((event) => {
 *   if (event.type === 'step-completed') console.log(event.stepId, event.durationMs);
 * });
 * ```
 */
export type ProgressEvent =
  | RunWaiting
  | RunStarted
  | StepAdded
  | StepStarted
  | HoldsChanged
  | StepOffloaded
  | StepProgressed
  | StepRetrying
  | StepCompleted
  | StepFailed
  | StepCancelled
  | StepSkipped
  | StepLogged
  | Warned
  | RunPaused
  | RunResumed
  | LimitsChanged
  | RunCompleted
  | RunFailed
  | RunCancelled;

type WithoutCommon<Event> = Event extends unknown ? Omit<Event, Exclude<keyof Common, 'type'>> : never;

/** An event before the run has stamped it. */
export type ProgressNews = WithoutCommon<ProgressEvent>;
