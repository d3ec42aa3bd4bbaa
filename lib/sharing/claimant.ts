/** What claims ask of their run. */
export interface ClaimingRun {
  /** A claim was granted: something may start that couldn't. */
  served(): void;
  /** The time, in ms, as it was read last; `undefined` where that isn't the host's. */
  readonly liveNow: number | undefined;
}

/** Whose claims they are: the steps of a run, or the run as one that wants to begin. */
export class Claimant<Claim> {
  readonly priority: number;
  /** How often one that doesn't fit may be overtaken before others have to wait for it. */
  readonly maxOvertakes: number;
  readonly run: ClaimingRun;
  /** Counts its starts, and how often it had nothing more to start. */
  pass = 0;
  /** Its claims that wait, and those that were granted and haven't been used. Most runs never have any. */
  inLine: ReadonlySet<Claim> = none as ReadonlySet<Claim>;
  granted: ReadonlySet<Claim> = none as ReadonlySet<Claim>;

  constructor(priority: number, maxOvertakes: number, run: ClaimingRun) {
    this.priority = priority;
    this.maxOvertakes = maxOvertakes;
    this.run = run;
  }

  entered(claim: Claim): void {
    if (this.inLine === none) this.inLine = new Set();
    (this.inLine as Set<Claim>).add(claim);
  }

  left(claim: Claim): void {
    (this.inLine as Set<Claim>).delete(claim);
  }

  wasGranted(claim: Claim): void {
    if (this.granted === none) this.granted = new Set();
    (this.granted as Set<Claim>).add(claim);
  }

  used(claim: Claim): void {
    (this.granted as Set<Claim>).delete(claim);
  }
}

const none: ReadonlySet<unknown> = new Set();
