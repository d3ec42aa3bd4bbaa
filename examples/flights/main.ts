import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { renderProgress } from 'millrace/node';
import { htmlReport, record, serveDashboard, type WatchedRun } from 'millrace/report';
import { fileStore } from 'millrace/store';
import { threadPool } from 'millrace/workers';
import { firstValueFrom, reduce, Subject } from 'rxjs';
import { type CommandLine, parseCommandLine, usage } from './command-line.ts';
import { dataset } from './datasets.ts';
import type { tasks } from './flights.worker.ts';
import { type FlightsFile, openFlightsFile } from './parquet/flights-file.ts';
import { flightsWorkflow } from './pipeline.ts';
import { atomicFile } from './report/atomic-file.ts';
import { comparison } from './report/comparison.ts';
import { reportText } from './report/report-text.ts';
import { errorLine } from './terminal/error-line.ts';
import { Interruption } from './terminal/interruption.ts';

/*
 * The demo: the flights pipeline on every core, then a step at a time, and how they compare.
 *
 * The result goes to stdout, progress and errors to stderr. Exit codes: 0, 1 for an error, 2 for arguments that
 * can't be read, 128 + n for signal n.
 */

// The build puts these beside this file.
const workerUrl = new URL('./flights.worker.js', import.meta.url);
const pageScriptUrl = new URL('./page-script.js', import.meta.url);

/** Runs the demo and gives its exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const interruption = new Interruption();
  try {
    const options = parseCommandLine(args);
    if (options.help) process.stdout.write(usage);
    else if (options.dashboard) await demoWithDashboard(options, interruption.signal);
    else await demo(options, interruption.signal);
    return 0;
  } catch (error) {
    if (interruption.exitCode !== undefined) {
      process.stderr.write('interrupted\n');
      // A call of the system that never returns, as on a network drive that is gone, must not hold the process.
      setTimeout(() => process.exit(), 500).unref();
      return interruption.exitCode;
    }
    const isUsage =
      error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
    const line = isUsage ? error.message : errorLine(error);
    if (line === undefined) console.error(error);
    else process.stderr.write(`${styleText('red', 'error:', { stream: process.stderr })} ${line}\n`);
    return isUsage ? 2 : 1;
  }
}

/** The demo, its runs on a page that stays until Ctrl-C. */
async function demoWithDashboard(options: CommandLine, signal: AbortSignal): Promise<void> {
  const runs$ = new Subject<WatchedRun>();
  const { port } = options;
  const log = (url: string) => process.stderr.write(`the runs live: ${url}\n`);
  await using _dashboard = await serveDashboard(runs$, { port, log });
  await demo(options, signal, runs$);
  process.stderr.write('the page stays until Ctrl-C\n');
  if (!signal.aborted) await once(signal, 'abort');
}

async function demo(
  { file: path, out, remote, resume }: CommandLine,
  signal: AbortSignal,
  runs$ = new Subject<WatchedRun>(),
): Promise<void> {
  const file = await openFlightsFile(path);
  const pageScript = await readFile(pageScriptUrl, 'utf8');
  const parts = { file, pageScript, out, signal, runs$ };
  if (remote !== undefined) {
    await remoteRun(remote, parts);
    return;
  }
  if (resume) {
    await keptRun(parts);
    return;
  }
  const parallel = await timedRuns('on every core', undefined, parts);
  const runPage = atomicFile(join(out, 'run.html'));
  await runPage.write(parallel.runPage);
  await runPage.commit();
  const sequential = await timedRuns('a step at a time', 1, parts);
  const { report, files } = parallel;
  process.stdout.write(
    `${reportText(report)}\n${files.json}\n${files.html}\n${runPage.path}\n\n${comparison(parallel.wallMs, sequential.wallMs)}\n`,
  );
}

/** The pipeline once, on every core, and kept: what was done before isn't done again. */
async function keptRun({ file, pageScript, out, signal, runs$ }: RunParts): Promise<void> {
  await using pool = threadPool<typeof tasks>(workerUrl);
  await using store = fileStore(join(out, '.millrace'));
  const airports = dataset('airports.csv');
  const flights = flightsWorkflow({ rowGroups: file.rowGroups, pool, airports, pageScript });
  const run = flights.run({ inputs: { path: file.path, out }, signal, store, runId: 'flights' });
  const restored = run.progress$.pipe(
    reduce((count, event) => count + (event.type === 'step-completed' && event.restored === true ? 1 : 0), 0),
  );
  const counted = firstValueFrom(restored, { defaultValue: 0 });
  runs$.next(run);
  const display = renderProgress(run, { title: 'on every core' });
  const { report, files } = await run.result();
  await display.done;
  const steps = `${String(await counted)} of ${String(flights.steps.size)} steps were done before`;
  process.stdout.write(`${reportText(report)}\n${files.json}\n${files.html}\n\n${steps}\n`);
}

/** The pipeline once, its row groups decoded by other processes. */
async function remoteRun(
  connection: string,
  { file, pageScript, out, signal, runs$ }: RunParts,
): Promise<void> {
  const { startWorkers } = await import('./remote-workers.ts');
  await using workers = await startWorkers(connection);
  const airports = dataset('airports.csv');
  const { rowGroups, path } = file;
  const pool = workers.remote;
  const flights = flightsWorkflow({ rowGroups, pool, isRemote: true, airports, pageScript });
  const run = flights.run({ inputs: { path, out }, signal });
  const processes = new Set<string>();
  run.progress$.subscribe((event) => {
    if (event.type === 'step-offloaded') processes.add(event.thread.split('/')[0] ?? '');
  });
  runs$.next(run);
  const display = renderProgress(run, { title: 'on other processes' });
  const { report, files } = await run.result();
  await display.done;
  process.stdout.write(
    `${reportText(report)}\n${files.json}\n${files.html}\n\ndone by ${String(processes.size)} of ${String(workers.count)} worker processes\n`,
  );
}

interface RunParts {
  readonly file: FlightsFile;
  readonly pageScript: string;
  readonly out: string;
  readonly signal: AbortSignal;
  /** Hears of every run before it starts. */
  readonly runs$: Subject<WatchedRun>;
}

/**
 * The pipeline twice in a row, and what each run took from its start to its result.
 *
 * The threads are new, so that neither way of running finds code that the other has compiled; they are started
 * before the clock is.
 */
async function timedRuns(
  title: string,
  concurrency: number | undefined,
  { file, pageScript, out, signal, runs$ }: RunParts,
) {
  await using pool = threadPool<typeof tasks>(workerUrl, { size: concurrency });
  await pool.prewarm();
  const airports = dataset('airports.csv');
  const flights = flightsWorkflow({ rowGroups: file.rowGroups, pool, airports, pageScript });
  const timed = async (name: string) => {
    const run = flights.run({ inputs: { path: file.path, out }, concurrency, signal });
    const recorded = record(run);
    runs$.next(run);
    const display = renderProgress(run, { title: name });
    const started = performance.now();
    const outputs = await run.result();
    const wallMs = performance.now() - started;
    await display.done;
    return { ...outputs, wallMs, page: () => htmlReport(recorded) };
  };
  const { report, files, wallMs: first } = await timed(title);
  const { wallMs: again, page } = await timed(`${title}, again`);
  return { report, files, wallMs: { first, again }, runPage: page() };
}
