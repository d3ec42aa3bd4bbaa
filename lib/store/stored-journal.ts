import type { StoreBackend } from './backend.ts';
import { type Head, parseRecord, type SingleRecord, singly } from './journal-record.ts';
import { JournalState } from './journal-state.ts';
import { UnknownRunError } from './unknown-names.ts';

/** What one process has written of a run: from when it took it until it let go of it, or died. */
export interface JournalGo {
  readonly head: Head;
  readonly records: readonly SingleRecord[];
}

/** A run as its journal has it. */
export interface StoredJournal {
  readonly runId: string;
  /** In the order in which they were; at least one. */
  readonly goes: readonly [JournalGo, ...JournalGo[]];
  /** What all of it comes to. */
  readonly state: JournalState;
  /** How many bytes its lines have. */
  readonly size: number;
}

/**
 * Reads the journal of a run without taking it.
 *
 * Rejects with an `UnknownRunError` where there is no such run.
 */
export async function journalOf(backend: StoreBackend, runId: string): Promise<StoredJournal> {
  const journal = await findJournal(backend, runId);
  if (journal !== undefined) return journal;
  const known = (await backend.listRuns()).map((run) => run.runId);
  throw new UnknownRunError(backend.name, runId, known);
}

/** The same; `undefined` where there is no such run, or none that has got as far as to say what it is of. */
export async function findJournal(backend: StoreBackend, runId: string): Promise<StoredJournal | undefined> {
  if (runId === '') return undefined;
  const lines = await backend.readLines(runId);
  const state = new JournalState();
  const goes: { readonly head: Head; readonly records: SingleRecord[] }[] = [];
  let size = 0;
  for (const line of lines ?? []) {
    size += line.length + 1;
    const record = parseRecord(line);
    if (record === undefined) continue;
    state.apply(record);
    if (record[0] === 'run') goes.push({ head: record[1], records: renewalAfter(goes.at(-1)?.records) });
    else goes.at(-1)?.records.push(...singly([record]));
  }
  const [first, ...further] = goes;
  return first === undefined ? undefined : { runId, goes: [first, ...further], state, size };
}

/** What a process forgets it writes before it says what the run is of: it is taken from what the one before has written. */
function renewalAfter(records: SingleRecord[] = []): SingleRecord[] {
  let at = records.length;
  while (at > 0 && renewals.has(records[at - 1]?.[0] ?? '')) at--;
  return records.splice(at);
}

const renewals: ReadonlySet<string> = new Set(['again', 'closed']);

/** What the last process that took the run has written. */
export function lastGo({ goes }: StoredJournal): JournalGo {
  return goes[goes.length - 1] ?? goes[0];
}

/** The objects that a journal names. */
export function objectsNamed({ goes }: StoredJournal): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { head, records } of goes) {
    names.add(head.graph).add(head.info);
    for (const record of records)
      if (record[0] === 'done' && record[2].o !== undefined) names.add(record[2].o);
  }
  return names;
}
