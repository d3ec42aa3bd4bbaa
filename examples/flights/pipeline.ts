import { readFile } from 'node:fs/promises';
import { input, memory, step, type, workflow } from 'millrace';
import type { RemoteTasks } from 'millrace/bullmq';
import type { tasks } from './flights.worker.ts';
import { memoryToDecode, type RowGroup } from './parquet/row-group.ts';
import { airportNames } from './report/airport-names.ts';
import { flightsReport } from './report/flights-report.ts';
import { prepareFolder, writeReports } from './report/write-reports.ts';

/** What the pipeline works with. */
interface PipelineParts {
  /** The row groups of the file: one step each. */
  readonly rowGroups: readonly RowGroup[];
  /** Where they are decoded: threads of this process, or processes elsewhere. */
  readonly pool: Pick<RemoteTasks<typeof tasks>, 'task'>;
  /** Whether that is elsewhere, so that this process's cores and memory aren't what it takes. */
  readonly isRemote?: boolean;
  /** The CSV with the airports' names. */
  readonly airports: URL;
  /** The bundled script of the report page. */
  readonly pageScript: string;
}

/**
 * The pipeline, from the flights file to the report.
 *
 * ```
 * row-group-0 ─┐
 * row-group-1 ─┼─▶ merge ────▶ airports ─▶ report
 *      ⋮       │                         ▲
 * row-group-n ─┘               folder ───┘
 *  heavy-cpu    heavy-cpu      light-io    light-io
 *  memory
 * ```
 */
export function flightsWorkflow({ rowGroups, pool, isRemote, airports, pageScript }: PipelineParts) {
  const path = input('path', type<string>());
  const out = input('out', type<string>());

  const folder = step('folder', { out }, ({ out }) => prepareFolder(out), {
    resource: 'light-io',
    // First, as there is no point in the rest where the result can't be kept.
    priority: 1,
    description: 'makes the folder of the reports',
  });
  const parts = rowGroups.map((rowGroup) =>
    step(
      `row-group-${String(rowGroup.index)}`,
      { path },
      pool.task('aggregate', ({ path }) => ({ path, rowGroup })),
      {
        resource: isRemote === true ? undefined : ['heavy-cpu', memory(memoryToDecode(rowGroup))],
        description: 'decodes and aggregates one row group in a thread',
        group: 'decode',
      },
    ),
  );
  const merged = step(
    'merge',
    Object.fromEntries(parts.map((part) => [part.id, part])),
    pool.task('merge', (aggregates) => Object.values(aggregates)),
    { description: 'adds the row groups up, in a thread as well' },
  );
  const report = step(
    'airports',
    { merged },
    async ({ merged }, { signal }) => {
      const csv = await readFile(airports, { encoding: 'utf8', signal });
      return flightsReport(merged, airportNames(csv));
    },
    { resource: 'light-io', description: 'joins the names of the airports' },
  );
  const files = step(
    'report',
    { report, folder, path },
    ({ report, folder, path }, ctx) => writeReports(report, { folder, path, pageScript }, ctx),
    { resource: 'light-io', description: 'writes the report as JSON and as a page' },
  );
  return workflow('flights', { report, files }, { description: 'delays by airport and by hour of day' });
}
