export { DashboardError } from './dashboard-error.ts';
export type { DiagramOptions } from './diagram.ts';
export { htmlReport } from './html-report.ts';
export { type Dashboard, type DashboardOptions, serveDashboard, type WatchedRun } from './serve-dashboard.ts';
export type { PicturedStep, PicturedWorkflow } from './timeline.ts';
export type { PicturedRun } from './timeline-of.ts';
export { type ChromeTrace, type TraceEvent, toChromeTrace } from './to-chrome-trace.ts';
export { toDot } from './to-dot.ts';
export { toMermaid } from './to-mermaid.ts';
