/**
 * Runs as traces and metrics.
 *
 * @module millrace/opentelemetry
 */
export { type MeteredPool, meterPool } from './meter-pool.ts';
export { type MeteredRun, type MeterRunsOptions, meterRuns, type RunMeter } from './meter-runs.ts';
export { type TracedRun, type TraceRunOptions, traceRun } from './trace-run.ts';
export { traceTasks } from './trace-tasks.ts';
