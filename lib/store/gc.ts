import type { Bytes } from '../base/bytes.ts';
import type { Duration } from '../base/durations.ts';
import { OptionChecker } from '../base/option-checker.ts';
import type { StoreBackend } from './backend.ts';
import {
  type GcCached,
  type GcObject,
  type GcRun,
  type GcTerms,
  planGc,
  type StoreContents,
} from './gc-plan.ts';
import { objectsOf } from './result-cache.ts';
import { RunHeldError } from './store-errors.ts';
import { findJournal, objectsNamed } from './stored-journal.ts';

/** What is to go of a store. `undefined` is always absent. */
export interface GcOptions {
  /** Runs in which nothing has happened for longer go, and cached results that nobody has used for longer. @defaultValue none for its age */
  readonly olderThan?: Duration | undefined;
  /** What the store may take in all; beyond that the oldest go, runs first, then cached results. @defaultValue no limit */
  readonly maxBytes?: Bytes | undefined;
  /** How many of the latest runs stay in any case. @defaultValue 0 */
  readonly keep?: number | undefined;
  /** Whether it is only said what would go. @defaultValue false */
  readonly dryRun?: boolean | undefined;
}

/** What went, or would go. */
export interface GcReport {
  /** The ids of the runs. */
  readonly runs: readonly string[];
  /** How many cached results. */
  readonly cached: number;
  /** How many large values that nothing names any more. */
  readonly blobs: number;
  /** How many bytes all of that took. */
  readonly bytes: number;
  /** How many bytes the store takes now, or would. */
  readonly left: number;
}

/** What was put or used in the last ten minutes stays: a run that goes on may be about to name it. */
const graceMs = 10 * 60_000;

/**
 * Removes what is too old or too much, and what nothing names any more. A run that somebody holds stays, and so does whatever may be about to
 * be named by one.
 *
 * @param now - in ms of epoch time
 */
export async function gcOf(backend: StoreBackend, options: GcOptions, now: number): Promise<GcReport> {
  const terms = termsOf(options, now);
  const contents = await contentsOf(backend);
  const plan = planGc(contents, terms);
  const isDry = options.dryRun === true;
  const runs: GcRun[] = [];
  const named = new Set<string>();
  for (const run of plan.runs) {
    if (isDry || (await isRemoved(backend, run.runId))) runs.push(run);
    // Somebody has taken it meanwhile, who counts on what it names.
    else for (const name of run.blobs) named.add(name);
  }
  const blobs = await stillUnused(
    backend,
    plan.blobs.filter(({ name }) => !named.has(name)),
  );
  if (!isDry) {
    for (const { name } of plan.cached) await backend.removeObject('cached', name);
    for (const { name } of blobs) await backend.removeObject('blob', name);
  }
  const bytes = sizeOf([...runs, ...plan.cached, ...blobs]);
  const all = sizeOf([...contents.runs, ...contents.cached, ...contents.blobs]);
  return {
    runs: runs.map(({ runId }) => runId),
    cached: plan.cached.length,
    blobs: blobs.length,
    bytes,
    left: all - bytes,
  };
}

/** Those that nobody has put again since they were listed. */
async function stillUnused(backend: StoreBackend, blobs: readonly GcObject[]): Promise<readonly GcObject[]> {
  if (blobs.length === 0) return blobs;
  const usedAt = new Map((await backend.listObjects('blob')).map((object) => [object.name, object.usedAt]));
  return blobs.filter((blob) => usedAt.get(blob.name) === blob.usedAt);
}

function termsOf(options: GcOptions, now: number): GcTerms {
  const checker = new OptionChecker();
  if (checker.record('options', options))
    checker.knownKeys('', options, ['olderThan', 'maxBytes', 'keep', 'dryRun']);
  const terms: GcTerms = {
    now,
    olderThan: checker.duration('olderThan', options.olderThan) ?? Infinity,
    maxBytes: checker.bytes('maxBytes', options.maxBytes) ?? Infinity,
    keep: checker.count('keep', options.keep, 0) ?? 0,
    grace: graceMs,
  };
  checker.flag('dryRun', options.dryRun);
  checker.throwIfAny('gc');
  return terms;
}

/** Objects are listed before journals are read: what is put after that isn't among them. */
async function contentsOf(backend: StoreBackend): Promise<StoreContents> {
  const blobs = await backend.listObjects('blob');
  const cached: GcCached[] = [];
  for (const object of await backend.listObjects('cached')) {
    const bytes = await backend.getObject('cached', object.name, false);
    if (bytes !== undefined) cached.push({ ...object, blobs: objectsOf(bytes) });
  }
  const runs: GcRun[] = [];
  for (const { runId, heldBy, changedAt, size } of await backend.listRuns()) {
    const journal = await findJournal(backend, runId);
    const named = journal === undefined ? [] : objectsNamed(journal);
    runs.push({ runId, isHeld: heldBy !== undefined, changedAt, size, blobs: named });
  }
  return { runs, cached, blobs };
}

async function isRemoved(backend: StoreBackend, runId: string): Promise<boolean> {
  try {
    await backend.removeRun(runId);
    return true;
  } catch (error) {
    if (error instanceof RunHeldError) return false;
    throw error;
  }
}

function sizeOf(things: readonly { readonly size: number }[]): number {
  return things.reduce((sum, { size }) => sum + size, 0);
}
