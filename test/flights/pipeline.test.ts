import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CancelledError, type ProgressEvent, StepFailedError } from 'millrace';
import { type ThreadPool, threadPool } from 'millrace/workers';
import { filter, take } from 'rxjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build } from '../../examples/flights/build.js';
import { dataset } from '../../examples/flights/datasets.ts';
import type { tasks } from '../../examples/flights/flights.worker.ts';
import { openFlightsFile } from '../../examples/flights/parquet/flights-file.ts';
import { flightsWorkflow } from '../../examples/flights/pipeline.ts';
import type { FlightsReport } from '../../examples/flights/report/flights-report.ts';
import { temporaryFolder, writeFlights } from './support/flights-parquet.ts';

let pool: ThreadPool<typeof tasks>;
beforeAll(async () => {
  pool = threadPool<typeof tasks>(new URL('flights.worker.js', await build()), { size: 2 });
}, 30_000);
afterAll(() => pool.close());

const folder = temporaryFolder();
const out = () => join(folder(), 'out');
const smallFile = () => writeFlights(join(folder(), 'small.parquet'), {}, { rowGroupSize: 1 });

async function workflowOf(path: string) {
  const { rowGroups } = await openFlightsFile(path);
  return flightsWorkflow({ rowGroups, pool, airports: dataset('airports.csv'), pageScript: 'draw()' });
}

async function runOf(path: string, options: { readonly concurrency?: number } = {}) {
  const flights = await workflowOf(path);
  return flights.run({ inputs: { path, out: out() }, ...options });
}

describe('flightsWorkflow', () => {
  test('has a step for each row group, which asks for a core and for memory', async () => {
    const { steps, graph } = await workflowOf(await smallFile());
    expect(graph.dependenciesOf('merge')).toEqual(['row-group-0', 'row-group-1', 'row-group-2']);
    expect(steps.get('row-group-1')?.demand).toEqual({
      'heavy-cpu': 1,
      memory: expect.toSatisfy((bytes: number) => bytes > 2 ** 20) as number,
    });
  });

  test('reports three million flights right to the row', { timeout: 60_000 }, async () => {
    const run = await runOf(fileURLToPath(dataset('flights-3m.parquet')));
    const { report, files } = await run.result();
    expect(JSON.parse(await readFile(files.json, 'utf8'))).toEqual(report);
    expect(report).toMatchObject({ flights: 3_000_000, airports: { length: 229 }, hours: { length: 24 } });
    expect(report.airports[0]).toMatchObject({ iata: 'ORD', departures: 166_341, p95Delay: 80 });
    expect(report.airports[0]?.meanDelay).toBeCloseTo(9.273_65, 5);
    expect(report.airports.slice(1, 3)).toMatchObject([
      { iata: 'DFW', departures: 157_162 },
      { iata: 'ATL', departures: 124_711 },
    ]);
  });

  test('writes the report as JSON and as a page, and nothing else', async () => {
    const run = await runOf(await smallFile());
    const { report, files } = await run.result();
    expect(report satisfies FlightsReport).toMatchObject({
      flights: 3,
      airports: [{ iata: 'ORD', departures: 2 }, { iata: 'ATL' }],
    });
    expect(await readdir(out())).toEqual(['flights.html', 'flights.json']);
    expect(await readFile(files.html, 'utf8')).toContain('draw()');
  });

  test('writes the same a step at a time', async () => {
    const path = await smallFile();
    const parallel = await (await runOf(path)).result();
    const before = await readFile(parallel.files.json);
    const sequential = await (await runOf(path, { concurrency: 1 })).result();
    expect(await readFile(sequential.files.json)).toEqual(before);
  });

  test('fails with the file and the column where a row group is corrupt', async () => {
    const path = await smallFile();
    const { rowGroups } = await openFlightsFile(path);
    const { offset = 0, byteLength = 0 } = rowGroups[1]?.columns.delay ?? {};
    await writeFile(path, (await readFile(path)).fill(0xff, offset, offset + byteLength));
    const error = await (await runOf(path)).result().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(StepFailedError);
    expect(error).toMatchObject({
      stepId: 'row-group-1',
      cause: { name: 'FlightsFileError', code: 'FLIGHTS_FILE', path },
    });
    expect(await readdir(out())).toEqual([]);
  });

  test('fails before the work where the reports can’t be written', async () => {
    await writeFile(out(), 'a file in the way');
    const error = await (await runOf(await smallFile())).result().catch((error: unknown) => error);
    expect(error).toMatchObject({ stepId: 'folder', cause: { code: 'EEXIST' } });
  });

  test.each([
    { when: 'a row group is being decoded', isMoment: ({ type }: ProgressEvent) => type === 'step-progress' },
    {
      when: 'the reports are being written',
      isMoment: (event: ProgressEvent) => event.type === 'step-started' && event.stepId === 'report',
    },
  ])('leaves no file behind when it is cancelled while $when', async ({ isMoment }) => {
    const run = await runOf(await smallFile());
    run.progress$.pipe(filter(isMoment), take(1)).subscribe({
      next: () => {
        run.cancel('enough');
      },
      error: expect.unreachable,
    });
    await expect(run.result()).rejects.toThrow(CancelledError);
    expect(await readdir(out())).toEqual([]);
  });
});
