import type { StoreBackend } from './backend.ts';
import { parseRecord } from './journal-record.ts';
import { JournalState } from './journal-state.ts';

/** A run in a store. */
export interface StoredRunInfo {
  readonly runId: string;
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
  const stored = await backend.listRuns();
  const infos: StoredRunInfo[] = [];
  for (const { runId, heldBy, size, changedAt } of stored) {
    const state = stateOf((await backend.readLines(runId)) ?? []);
    const { head } = state;
    if (head === undefined) continue;
    infos.push({
      runId,
      workflow: head.workflow,
      status: heldBy === undefined ? statusOf(state.outcome) : 'running',
      ...(heldBy === undefined ? {} : { heldBy }),
      startedAt: head.startedAt,
      changedAt,
      completed: [...state.paths()].length,
      size,
    });
  }
  return infos.sort((left, right) => right.changedAt - left.changedAt);
}

/** What the lines of a run come to. */
export function stateOf(lines: readonly string[]): JournalState {
  const state = new JournalState();
  for (const line of lines) {
    const record = parseRecord(line);
    if (record !== undefined) state.apply(record);
  }
  return state;
}

function statusOf(outcome: string | undefined): StoredRunInfo['status'] {
  return outcome === 'completed' || outcome === 'failed' || outcome === 'cancelled' ? outcome : 'interrupted';
}
