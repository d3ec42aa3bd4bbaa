import { picturedRun } from './pictured-run.ts';
import { plainLog, reportPage } from './report-page.ts';
import type { ReportedRun } from './reported-run.ts';
import type { PicturedRun } from './timeline-of.ts';

/**
 * A run as one HTML file that needs nothing else: the graph, the attempts by resource class over time, what was
 * taken of each class, the critical path, a table of the steps, errors with the chains that led to them, the limits.
 *
 * What users wrote (ids, messages, errors) is text there, never markup, and the page loads nothing from anywhere.
 * The file has about 200 kB and, with it, the events; it opens with 5,000 steps.
 *
 * @param run - a run, of which everything is there if `record(run)` was called before it started, else a bar a step; or what
 *   `record` or `readJsonLines` gives, or what has the same
 * @throws InvalidOptionsError where it is none of these
 * @example
 * ```ts
 * record(run);
 * await run.result();
 * await writeFile('run.html', htmlReport(run));
 * ```
 */
export function htmlReport(run: PicturedRun | ReportedRun): string {
  const log = picturedRun('htmlReport', run);
  return reportPage(`${log.workflow.name}: report of a run`, { logs: [plainLog(log)] });
}
