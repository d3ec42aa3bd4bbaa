import { plainLog, reportPage } from './report-page.ts';
import type { PicturedRun } from './timeline-of.ts';

/**
 * A run as one HTML file that needs nothing else: the graph, the attempts by resource class over time, what was
 * taken of each class, the critical path, a table of the steps, errors with the chains that led to them, the limits.
 *
 * What users wrote (ids, messages, errors) is text there, never markup, and the page loads nothing from anywhere.
 * The file has about 200 kB and, with it, the events; it opens with 5,000 steps.
 *
 * @example
 * ```ts
 * const events = await lastValueFrom(run.progress$.pipe(toArray()));
 * await writeFile('run.html', htmlReport({ workflow: run.workflow, limits: { 'heavy-cpu': 2 }, events }));
 * ```
 */
export function htmlReport(log: PicturedRun): string {
  return reportPage(`${log.workflow.name}: report of a run`, { logs: [plainLog(log)] });
}
