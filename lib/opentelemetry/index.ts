export { type TracedRun, type TraceRunOptions, traceRun } from './trace-run.ts';
