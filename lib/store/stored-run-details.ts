import { textOf } from '../base/inspect.ts';
import type { Version } from '../definition/cache-option.ts';
import type { EventLog } from '../node/event-log.ts';
import type { StoreBackend } from './backend.ts';
import { eventsIn } from './stored-events.ts';
import { journalOf, lastGo, type StoredJournal } from './stored-journal.ts';
import { infoOf, type StoredRunInfo } from './stored-runs.ts';
import { type StoredStep, stepsOf } from './stored-steps.ts';

/** A run in a store, and how its steps stand. */
export interface StoredRunDetails extends StoredRunInfo {
  /** How many processes have been at it, one after the other. */
  readonly goes: number;
  /** The version of the workflow, as it was last. */
  readonly version?: Version | undefined;
  /** How long the last process was at it, in ms; absent where it stopped without an end, or hasn't yet. */
  readonly durationMs?: number | undefined;
  /** Why it failed or was cancelled, in words. */
  readonly because?: string | undefined;
  /** The steps, in the order of definition; those that came while the run was under way after them. */
  readonly steps: readonly StoredStep[];
}

/** All that is known of a run: its journal, its events, and what both come to. */
export interface KnownRun {
  readonly journal: StoredJournal;
  readonly logs: readonly EventLog[];
  readonly steps: ReadonlyMap<string, StoredStep>;
  readonly details: StoredRunDetails;
}

/** Reads a run. Rejects with an `UnknownRunError` where there is none of that id. */
export async function knownRun(backend: StoreBackend, runId: string): Promise<KnownRun> {
  const journal = await journalOf(backend, runId);
  const stored = (await backend.listRuns()).find((run) => run.runId === runId);
  const { head } = lastGo(journal);
  const logs = await eventsIn(backend, runId, head.workflow);
  const steps = stepsOf(logs, journal, stored?.heldBy !== undefined);
  const end = logs.at(-1)?.events.at(-1);
  const isEnd = end?.type === 'run-completed' || end?.type === 'run-failed' || end?.type === 'run-cancelled';
  const because =
    end?.type === 'run-failed'
      ? textOf(end.error)
      : end?.type === 'run-cancelled'
        ? reasonOf(end.reason)
        : undefined;
  const details: StoredRunDetails = {
    ...infoOf(stored ?? { runId, size: journal.size, changedAt: head.startedAt }, journal.state, head),
    goes: journal.goes.length,
    ...(head.workflowVersion === undefined ? {} : { version: head.workflowVersion }),
    ...(isEnd ? { durationMs: end.durationMs } : {}),
    ...(because === undefined ? {} : { because }),
    steps: [...steps.values()],
  };
  return { journal, logs, steps, details };
}

function reasonOf(reason: unknown): string | undefined {
  return reason === undefined || reason === null ? undefined : textOf(reason);
}
