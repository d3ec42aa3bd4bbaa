/**
 * What a pool is doing at a moment, and what it has done.
 *
 * @example
 * ```ts
 * const { running, queued } = pool.stats();
 * ```
 */
export interface ThreadPoolStats {
  /** How many threads there are at most. */
  readonly size: number;
  /** How many threads there are, those that start or end included. */
  readonly threads: number;
  /** How many of them have no call. */
  readonly idle: number;
  /** How many of them are loading their module. */
  readonly starting: number;
  /** How many calls are in a thread, those that are being stopped included. */
  readonly running: number;
  /** How many calls wait for a thread. */
  readonly queued: number;
  /** How many threads have been started in all. */
  readonly started: number;
  /** How many threads have ended without being told to. */
  readonly crashed: number;
}
