import type { StoreBackend } from './backend.ts';
import type { Head, KeyRecord } from './journal-record.ts';
import { findJournal, lastGo, type StoredJournal } from './stored-journal.ts';

/** A time at which a step was looked for in the cache. */
export interface KeyUse {
  readonly runId: string;
  /** What the process that did so said of the run. */
  readonly head: Head;
  readonly key: KeyRecord;
  /** Whether it was in the run that is asked about. */
  readonly isOwn: boolean;
  /** Whether the step came to an output after that. */
  readonly hasCompleted: boolean;
}

/**
 * All times at which a step was looked for, up to the last one of the run that is asked about, in the order of time. Reads every journal
 * of the workflow.
 */
export async function keyUsesIn(
  backend: StoreBackend,
  run: StoredJournal,
  stepId: string,
): Promise<readonly KeyUse[]> {
  const { head } = lastGo(run);
  const uses = usesOf(run, stepId, true);
  for (const { runId } of await backend.listRuns()) {
    if (runId === run.runId) continue;
    const other = await findJournal(backend, runId);
    if (other !== undefined && lastGo(other).head.workflow === head.workflow)
      uses.push(...usesOf(other, stepId, false));
  }
  return uses
    .filter((use) => use.head.startedAt <= head.startedAt)
    .sort((left, right) => left.head.startedAt - right.head.startedAt);
}

function usesOf({ runId, goes }: StoredJournal, stepId: string, isOwn: boolean): KeyUse[] {
  return goes.flatMap(({ head, records }) => {
    const at = records.findLastIndex((record) => record[0] === 'key' && record[1] === stepId);
    const record = records[at];
    if (record?.[0] !== 'key') return [];
    const hasCompleted = records.slice(at).some((later) => later[0] === 'done' && later[1] === stepId);
    return [{ runId, head, key: record[2], isOwn, hasCompleted }];
  });
}

/** Something that a result is found by, and how it differs from what it was. */
export interface DifferingPart {
  readonly ingredient: string;
  readonly change: 'different' | 'new' | 'gone';
}

/** The parts of two keys that differ. */
export function differingParts(
  before: KeyRecord['parts'],
  now: KeyRecord['parts'],
): readonly DifferingPart[] {
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].flatMap(
    (ingredient): DifferingPart[] => {
      const [was, is] = [before[ingredient], now[ingredient]];
      if (was === is) return [];
      return [{ ingredient, change: was === undefined ? 'new' : is === undefined ? 'gone' : 'different' }];
    },
  );
}
