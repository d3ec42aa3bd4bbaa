import { LinkedList, type ListNode } from '../base/linked-list.ts';

/** What claims ask of their run. */
export interface ClaimingRun {
  /** A claim was granted: something may start that couldn't. */
  served(): void;
  /** The time, in ms, as it was read last; `undefined` where that isn't the host's. */
  readonly liveNow: number | undefined;
}

/** Whose claims they are: the steps of a run, or the run as one that wants to begin. */
export class Claimant<Claim extends ListNode> {
  readonly priority: number;
  /** How often one that doesn't fit may be overtaken before others have to wait for it. */
  readonly maxOvertakes: number;
  readonly run: ClaimingRun;
  /** Counts its starts, and how often it had nothing more to start. */
  pass = 0;
  /** Its claims that wait, and those that were granted and haven't been used: none is both. */
  readonly inLine = new LinkedList<Claim>();
  readonly granted = new LinkedList<Claim>();

  constructor(priority: number, maxOvertakes: number, run: ClaimingRun) {
    this.priority = priority;
    this.maxOvertakes = maxOvertakes;
    this.run = run;
  }
}
