// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- who compiles a snippet of the docs has no other way to it
/// <reference path="./page-module.d.ts" />
import { version } from 'millrace:report-page';
import { picturedRun } from './pictured-run.ts';
import { plainLog, reportPage } from './report-page.ts';
import type { ReportedRun } from './reported-run.ts';
import type { PicturedRun } from './timeline-of.ts';
import { whatWouldHaveHelped } from './what-would-have-helped.ts';

/**
 * A run as one HTML file that needs nothing else. First what anybody asks: how it ended, what decided how long it took, what would have
 * helped, and what it cost; then errors, the attempts over time, the graph, what was taken of each class, and all steps.
 *
 * What users wrote (ids, messages, errors) is text there, never markup, and the page loads nothing from anywhere.
 * The file has about 220 kB and, with it, the events, deflated where they are long: some 3 MB of 50,000 steps, which open in a second
 * or two. A run that completed is simulated some six times with other limits, unless it has more than 20,000 steps.
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
  return reportPage(`${log.workflow.name}: report of a run`, {
    logs: [plainLog(log)],
    improvements: whatWouldHaveHelped(log),
    version,
  });
}
