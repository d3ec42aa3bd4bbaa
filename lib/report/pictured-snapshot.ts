import type { RunSnapshot, StepSnapshot } from '../observe/run-snapshot.ts';

/** Where a run stood, be it read from JSON: a `RunSnapshot` is one. */
export interface PicturedSnapshot extends Pick<RunSnapshot, 'runId' | 'status' | 'startedAt' | 'endedAt'> {
  /** When that was, in ms of the run's clock. @defaultValue the latest time in it */
  readonly at?: number | undefined;
  /** Where its steps stood. */
  readonly steps: Iterable<StepSnapshot>;
}
