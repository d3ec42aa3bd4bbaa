import type { StoreBackend, StoredRun } from './backend.ts';
import type { Head } from './journal-record.ts';
import type { JournalState } from './journal-state.ts';
import { findJournal, lastGo } from './stored-journal.ts';

/** A run in a store. */
export interface StoredRunInfo {
  /** Its id. */
  readonly runId: string;
  /** The name of its workflow. */
  readonly workflow: string;
  /** How it ended; `'running'` while a process is at it; `'interrupted'` where it stopped without an end, as when its process was killed. */
  readonly status: 'completed' | 'failed' | 'cancelled' | 'running' | 'interrupted';
  /** Who is at it, in words; absent where nobody is. */
  readonly heldBy?: string;
  /** When the last process took it, in ms since 1970. */
  readonly startedAt: number;
  /** When something was last written of it. */
  readonly changedAt: number;
  /** How many steps have completed, those within others included. */
  readonly completed: number;
  /** What it takes, in bytes, large outputs apart. */
  readonly size: number;
}

/** The runs in a store, the one that changed last first. */
export async function runsIn(backend: StoreBackend): Promise<readonly StoredRunInfo[]> {
  const infos: StoredRunInfo[] = [];
  for (const stored of await backend.listRuns()) {
    const journal = await findJournal(backend, stored.runId);
    if (journal !== undefined) infos.push(infoOf(stored, journal.state, lastGo(journal).head));
  }
  return infos.sort((left, right) => right.changedAt - left.changedAt);
}

/** What is told of a run first. */
export function infoOf(
  { runId, heldBy, size, changedAt }: StoredRun,
  state: JournalState,
  head: Head,
): StoredRunInfo {
  return {
    runId,
    workflow: head.workflow,
    status: heldBy === undefined ? statusOf(state.outcome) : 'running',
    ...(heldBy === undefined ? {} : { heldBy }),
    startedAt: head.startedAt,
    changedAt,
    completed: [...state.paths()].length,
    size,
  };
}

function statusOf(outcome: string | undefined): StoredRunInfo['status'] {
  return outcome === 'completed' || outcome === 'failed' || outcome === 'cancelled' ? outcome : 'interrupted';
}
