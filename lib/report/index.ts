/**
 * Pictures of workflows and runs: diagrams, traces, a page of one file, a live dashboard.
 *
 * @module millrace/report
 */
export type { RunAbout } from './about-run.ts';
export { DashboardError } from './dashboard-error.ts';
export type { WatchedRun } from './dashboard-run.ts';
export type { DiagramOptions } from './diagram.ts';
export { htmlReport } from './html-report.ts';
export type { PicturedSnapshot } from './pictured-snapshot.ts';
export type { PicturedStep, PicturedWorkflow } from './pictured-workflow.ts';
export { type RecordedRun, type RecordOptions, record } from './record.ts';
export type { ReportedRun } from './reported-run.ts';
export { type Dashboard, type DashboardOptions, serveDashboard } from './serve-dashboard.ts';
export type { PicturedRun } from './timeline-of.ts';
export { type ChromeTrace, type TraceEvent, toChromeTrace } from './to-chrome-trace.ts';
export { toDot } from './to-dot.ts';
export { toMermaid } from './to-mermaid.ts';
