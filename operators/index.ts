/**
 * The engine's own operators, for any RxJS pipeline.
 *
 * @module millrace/operators
 */
export type { Budget } from '../lib/admission/budget.ts';
export type { Duration } from '../lib/base/durations.ts';
export type { Retry, RetryOptions } from '../lib/base/retry-policy.ts';
export {
  type Estimate,
  type EstimatedRun,
  type EstimateOptions,
  estimate,
} from './estimate.ts';
export { mergeMapWithin } from './merge-map-within.ts';
export { type OffloadOptions, offload } from './offload.ts';
export type { Interval } from './outlook.ts';
export { type RetryWithBackoffOptions, retryWithBackoff } from './retry-with-backoff.ts';
export { takeUntilCancelled } from './take-until-cancelled.ts';
