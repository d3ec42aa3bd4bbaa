/** What remote tasks are doing, as this coordinator knows it. */
export interface RemoteStats {
  /** How many worker processes there are that will do. */
  readonly workers: number;
  /** How many tasks they do at once. */
  readonly slots: number;
  /** How many calls wait for a worker to begin. */
  readonly queued: number;
  /** How many calls workers are at, those included that were told to stop. */
  readonly running: number;
  /** For how long the call that has waited longest has done so, in ms. */
  readonly lag: number;
  /** How many calls are over, however they ended. */
  readonly completed: number;
  /** How many answers came too late: from workers that had been given up. */
  readonly dropped: number;
}
