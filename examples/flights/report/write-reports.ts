import { access, constants, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { StepContext } from 'millrace';
import { atomicFile } from './atomic-file.ts';
import type { FlightsReport } from './flights-report.ts';
import { htmlPage } from './page/html-page.ts';

/** The files that were written. */
interface ReportFiles {
  readonly json: string;
  readonly html: string;
}

/** Makes the folder for the reports where there is none, and fails where nothing can be written to it. */
export async function prepareFolder(out: string): Promise<string> {
  await mkdir(out, { recursive: true });
  await access(out, constants.W_OK);
  return out;
}

/** Where reports are written, and of what. */
interface ReportTarget {
  readonly folder: string;
  /** The flights file, for the page to name. */
  readonly path: string;
  /** The bundled script of the page. */
  readonly pageScript: string;
}

/**
 * Writes `flights.json` and `flights.html`.
 *
 * Neither appears before both are complete on disk; a cancel or an error in between leaves the folder as it was.
 */
export async function writeReports(
  report: FlightsReport,
  { folder, path, pageScript }: ReportTarget,
  ctx: Pick<StepContext, 'signal' | 'token' | 'defer'>,
): Promise<ReportFiles> {
  const json = atomicFile(join(folder, 'flights.json'));
  const html = atomicFile(join(folder, 'flights.html'));
  // Run whatever the outcome, after the last write has stopped: temporary files never outlive the step.
  ctx.defer(() => Promise.all([json.discard(), html.discard()]));

  await json.write(`${JSON.stringify(report, undefined, 2)}\n`, ctx.signal);
  await html.write(htmlPage(report, { source: basename(path), script: pageScript }), ctx.signal);
  ctx.token.throwIfCancelled();
  await json.commit();
  await html.commit();
  return { json: json.path, html: html.path };
}
