import type { CancelledError } from '../base/errors.ts';
import { renderProgress } from '../node/render-progress.ts';
import { type Dashboard, serveDashboard } from '../report/serve-dashboard.ts';
import type { Run } from '../run/run.ts';
import type { RunSettingsOptions } from '../run/run-options.ts';
import type { Store } from '../store/store.ts';
import type { StoredRunInfo } from '../store/stored-runs.ts';
import type { Workflow } from '../workflow.ts';
import { exitCodeOf, exitCodes, UsageError } from './exit.ts';
import { closePools, findWorkflow } from './find-workflow.ts';
import { onInterrupt } from './interrupts.ts';
import { loadModule, moduleUrl } from './load-module.ts';
import { makeStore } from './open-store.ts';
import { readInputs, readLimits } from './read-values.ts';
import { errorText, resultText, type Terminal, writeJson, writeLines } from './terminal.ts';

/** What `millrace run` is told. */
export interface RunCommandOptions {
  readonly workflow?: string | undefined;
  readonly input?: readonly string[] | undefined;
  readonly limit?: readonly string[] | undefined;
  readonly concurrency?: number | undefined;
  /** False where nothing is to be kept. */
  readonly store: string | false;
  readonly runId?: string | undefined;
  readonly resume?: true | 'same' | 'compatible' | undefined;
  readonly from?: readonly string[] | undefined;
  /** The port, or whichever is free. */
  readonly dashboard?: true | number | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

/** Runs the workflow of a module; gives the exit code. */
export async function runWorkflow(
  module: string,
  options: RunCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const exports = await loadModule(moduleUrl(module));
  try {
    const workflow = findWorkflow(module, exports, options.workflow);
    const store = options.store === false ? undefined : makeStore(options.store);
    try {
      const run = workflow.run(await settingsOf(workflow, options, store));
      return await watched(run, options, store, terminal);
    } finally {
      await store?.[Symbol.asyncDispose]();
    }
  } finally {
    await closePools(exports);
  }
}

async function settingsOf(
  workflow: Workflow,
  options: RunCommandOptions,
  store: Store | undefined,
): Promise<RunSettingsOptions & { readonly inputs: Readonly<Record<string, unknown>> }> {
  const { from = [], input = [], limit = [], resume, concurrency } = options;
  if (store === undefined && (resume !== undefined || from.length > 0))
    throw new UsageError('nothing can be gone on with under --no-store');
  const isResumed = resume !== undefined || from.length > 0;
  const runId =
    options.runId ??
    (isResumed && store !== undefined ? await lastRun(store, workflow.name, from) : undefined);
  return {
    inputs: readInputs(input, workflow.blueprint.inputs),
    limits: readLimits(limit),
    concurrency,
    store,
    runId,
    ...(store === undefined || !isResumed
      ? {}
      : { resume: from.length > 0 ? { from } : resume === true ? 'same' : resume }),
  };
}

/** The run that is gone on with where none is named. */
async function lastRun(store: Store, workflow: string, from: readonly string[]): Promise<string> {
  const canGoOn = ({ status }: StoredRunInfo): boolean =>
    status !== 'running' && (status !== 'completed' || from.length > 0);
  const last = (await store.runs()).find((run) => run.workflow === workflow && canGoOn(run));
  if (last !== undefined) return last.runId;
  throw new UsageError(
    `there is nothing to go on with: no run of workflow '${workflow}' in ${store.name} has stopped before its end`,
  );
}

async function watched(
  run: Run,
  options: RunCommandOptions,
  store: Store | undefined,
  terminal: Terminal,
): Promise<number> {
  const { json = false, quiet = false, verbose = false } = options;
  const { runId, workflow } = run;
  const interrupts = onInterrupt((reason) => {
    run.cancel(reason);
  });
  const dashboard = await serve(run, options, terminal);
  const shown = quiet ? undefined : renderProgress(run, { stream: terminal.err });
  const told = { runId, workflow: workflow.name };
  try {
    const outputs = await run.result();
    await shown?.done;
    if (json) writeJson(terminal, { ...told, status: 'completed', durationMs: tookMs(run), outputs });
    else writeLines(terminal.out, resultText(outputs));
    return exitCodes.done;
  } catch (error) {
    await shown?.done;
    const isCancelled = (error as Partial<CancelledError>).code === 'CANCELLED';
    const status = isCancelled ? 'cancelled' : 'failed';
    if (json) writeJson(terminal, { ...told, status, durationMs: tookMs(run), error });
    if (quiet || verbose || run.snapshot().startedAt === null || exitCodeOf(error) !== exitCodes.failed)
      writeLines(terminal.err, errorText(error, verbose));
    if (store !== undefined && exitCodeOf(error) === exitCodes.failed && !json)
      writeLines(terminal.err, `millrace: the same with --run-id ${runId} goes on where it stopped`);
    return isCancelled ? (interrupts.code ?? exitCodes.failed) : exitCodeOf(error);
  } finally {
    interrupts.leave();
    await dashboard?.close();
  }
}

function tookMs(run: Run): number {
  const { startedAt, endedAt } = run.snapshot();
  return (endedAt ?? 0) - (startedAt ?? 0);
}

async function serve(
  run: Run,
  { dashboard }: RunCommandOptions,
  { err }: Terminal,
): Promise<Dashboard | undefined> {
  if (dashboard === undefined) return undefined;
  const log = (url: string): void => {
    writeLines(err, `dashboard: ${url}`);
  };
  return serveDashboard(run, { port: dashboard === true ? 0 : dashboard, log });
}
