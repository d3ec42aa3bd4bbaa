import type { HowLacking } from './lack.ts';

/** A class that is lacking, and what the limits are called that say so: one object for each class and way. */
export interface SharedLack {
  readonly resource: string;
  readonly how: HowLacking;
  readonly label: string;
}

/** A class of which there is too little for good. */
export interface SharedLoss {
  readonly name: string;
  readonly capacity: number;
  /** How much of it bodies hold that were given up, and go on. */
  readonly lost: number;
  /** How messages call the limits. */
  readonly label: string;
}

/** What one run asks of limits that it shares with others: a demand, beside that of its own limits. */
export interface SharedDemand {
  /** Whether it may be taken now. Where it may not, whoever asks waits in line for it from now on. */
  ask(): boolean;
  /** What was lacking when `ask` said no the last time. */
  readonly lacked: SharedLack | undefined;
  /** Takes it; only after `ask` has said that it may be. */
  take(): void;
  /** What was taken once comes back. */
  giveBack(): void;
  /** What was taken as one is from now on that of several. */
  split(parts: readonly (SharedDemand | undefined)[]): void;
  /** Gives up hope that what was taken comes back; and finds it again. */
  forfeit(): void;
  recover(): void;
  /** Whether more is demanded of a class than can ever be free again. */
  readonly isHopeless: boolean;
  /** What it lacks for good; `undefined` where it can be met some time. */
  readonly loss: SharedLoss | undefined;
  /** A body was given up that holds it, and is told by that name; or it has stopped after all. */
  noteGivenUp(holder: object, name: string): void;
  forgetGivenUp(holder: object): void;
}

/** Where a run asks for what it shares. */
export interface SharedAccess {
  /** It has asked for all that it could start, and starts one of them: whoever's turn it is may be served. */
  passed(): void;
  /** The same, but it starts nothing: the run waits only for what it has asked for since its last start. */
  settle(): void;
}
