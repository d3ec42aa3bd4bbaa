/**
 * Runs as traces.
 *
 * @module millrace/opentelemetry
 */
export { type TracedRun, type TraceRunOptions, traceRun } from './trace-run.ts';
