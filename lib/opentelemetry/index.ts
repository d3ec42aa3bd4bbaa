export { type TracedRun, type TraceRunOptions, traceRun } from './trace-run.ts';
export { traceTasks } from './trace-tasks.ts';
