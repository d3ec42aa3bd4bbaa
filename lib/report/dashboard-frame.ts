import type { Interval } from '../../operators/outlook.ts';
import type { ChildCounts } from '../observe/child-counts.ts';
import type { ProgressEvent } from '../observe/progress-event.ts';
import type { RunStatus } from '../observe/run-view.ts';
import type { StepStatus } from '../observe/step-status.ts';
import type { WaitReason, Waits } from '../observe/wait-reason.ts';
import type { PicturedRun } from './timeline-of.ts';

/** What somebody with the token may ask of a run. */
export type Ability = 'cancel' | 'drain' | 'pause' | 'limits' | 'cancel-step';

/** A run in a few words: what the table of runs has of it. Times in ms of the run's clock. */
export interface RunLine {
  readonly runId: string;
  readonly workflow: string;
  /** `interrupted` where nothing more comes of it although it hasn't ended. */
  readonly status: RunStatus | 'interrupted';
  readonly isPaused: boolean;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** How many of its own steps are over, be it that they were skipped. */
  readonly done: number;
  readonly total: number;
  readonly running: number;
  readonly failed: number;
}

/** What a run is, once. */
export interface RunHead {
  readonly runId: string;
  readonly head: Omit<PicturedRun, 'events'>;
  readonly abilities: readonly Ability[];
  /** How long steps took in earlier runs, in ms, where that is known. */
  readonly measured: Readonly<Record<string, number>>;
}

/** Where a step stands: its place, its status, what it waits for, and how those fare that came of it. */
export type StepLine = readonly [
  place: number,
  status: StepStatus,
  more?: { readonly waitingFor?: WaitReason; readonly children?: ChildCounts },
];

/** What is new of a run: the first one after a head has all that is kept of it. */
export interface Frame {
  /** The time of the run's clock when it was sent, in ms. */
  readonly now: number;
  readonly status: RunLine['status'];
  readonly isPaused: boolean;
  readonly pausedResources: readonly string[];
  readonly resources: Readonly<Record<string, { readonly taken: number; readonly limit: number }>>;
  /** What steps wait for that are ready. */
  readonly waits: readonly Waits[];
  /** In the order of `seq`. */
  readonly events: readonly ProgressEvent[];
  readonly steps: readonly StepLine[];
  /** What was taken of each class, and from when on; a time that is known already is known better now. */
  readonly usage: Readonly<Record<string, readonly (readonly [at: number, taken: number])[]>>;
  /** How many messages aren't kept any more. */
  readonly forgotten: number;
  /** How many steps have ended in a second, lately. */
  readonly rate: number;
  /** The share that is done, weighted by how long steps take, from 0 to 1. */
  readonly fraction: number;
  /** How long it is going to go on, in ms from `now` on; absent where nobody can know. */
  readonly left?: Interval;
  /** How long the children of fan-outs take, in ms, by the path of the fan-out. */
  readonly pace: Readonly<Record<string, number>>;
}

/** What the page is sent, some times a second. */
export interface Sent {
  /** The runs there are, where `isAll`; else those that have changed. The latest is last. */
  readonly lines: readonly RunLine[];
  readonly isAll: boolean;
  /** The runs that are forgotten. */
  readonly gone: readonly string[];
  /** A run is shown from its beginning, in the place of what was shown. */
  readonly run?: RunHead;
  /** What is new of the run that is shown. */
  readonly frame?: Frame;
}
