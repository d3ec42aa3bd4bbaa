/** What can be said of a step at any moment. */
export const stepStatuses = [
  'waiting',
  'ready',
  'running',
  'retrying',
  'completed',
  'failed',
  'cancelled',
  'skipped',
] as const;

/**
 * `waiting` for its dependencies; `ready`, waiting for resources; `running`; `retrying`, in a back-off; or settled,
 * as the other four say.
 */
export type StepStatus = (typeof stepStatuses)[number];
