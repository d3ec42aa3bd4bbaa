import { isWatchable } from '../base/watchable.ts';
import type { Run } from '../run/run.ts';

/** What can be recorded, and reported of: a run. */
export type ReportedRun = Pick<
  Run<unknown>,
  'runId' | 'workflow' | 'limits' | 'progress$' | 'result$' | 'snapshot' | 'metrics'
> &
  Partial<Pick<Run<unknown>, 'inputs'>>;

/** Whether a value is a run as reports need it. */
export function isReportable(value: unknown): value is ReportedRun {
  return isWatchable(value) && typeof (value as { readonly metrics?: unknown }).metrics === 'function';
}
