/**
 * What a run writes down, a line a record: JSON arrays that begin with what they are. A line that this version doesn't know is passed over.
 *
 *     ["run", head]                   a process has taken the run: what it is a run of
 *     ["done", path, output]          a step has completed
 *     ["all", paths, outputs, items?] many steps have, with nothing to be said beside their outputs; of children, what they were made of
 *     ["choice", path, choice]        a join has settled for an input, or a `when` has spoken
 *     ["block", path, fingerprint]    steps have taken over a step's work: what they are
 *     ["failed", path]                a step has failed, and nobody has dealt with that
 *     ["closed", path]                what a step has opened is no longer of use
 *     ["undone", path]                what a step has done was undone
 *     ["again", path]                 a step is done again, and all within
 *     ["again-within", path]          all within a step is done again
 *     ["keys", paths, digests, isFound, parts]                            what the outputs of steps are found by, and of what that was made
 *     ["end", outcome, at]            the run has come to its end
 */
import type { Choice } from '../engine/keeper.ts';
import { shortDigestLength } from './digest.ts';

/** What a run is of. */
export interface Head {
  readonly format: number;
  readonly runId: string;
  readonly workflow: string;
  readonly workflowVersion?: string | number | undefined;
  /** The digest of the graph's description, which is kept under it. */
  readonly graph: string;
  /** The object that says what the steps are, for pictures. */
  readonly info: string;
  /** The digest of each input, by name. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The digest of each output that was given, by path; `null` where it has none. */
  readonly given: Readonly<Record<string, string | null>>;
  readonly startedAt: number;
  readonly epoch: number;
  /** Tells the run from others of its id; absent where an earlier version wrote it. */
  readonly life?: string | undefined;
}

/** The format that this version writes, and the latest that it reads. */
export const journalFormat = 1;

/** An output, as it is written: in one of three forms, or not at all. */
export interface OutputRecord {
  /** As JSON. */
  readonly j?: unknown;
  /** As bytes. */
  readonly b?: string;
  /** By the name of the object that it is, and its length. */
  readonly o?: string;
  readonly n?: number;
  /** The files it names, each with the digest of what is in it. */
  readonly f?: readonly (readonly [path: string, digest: string])[];
  /** The digest of what a child was made of. */
  readonly i?: string;
  /** Steps within may have to be undone. */
  readonly u?: 1;
  /** It was found in the cache, so that the step's clean-up isn't called for it. Said only where the step has one. */
  readonly c?: 1;
}

/** What a cached result is found by, and of what that is made: each part by its name, with its digest. */
export interface KeyRecord {
  readonly digest: string;
  readonly isFound: boolean;
  readonly parts: Readonly<Record<string, string>>;
}

export type JournalRecord =
  | readonly ['run', Head]
  | readonly ['done', path: string, output: OutputRecord]
  | readonly ['all', paths: readonly string[], outputs: readonly unknown[], items?: string]
  | readonly ['choice', path: string, choice: Choice]
  | readonly ['block', path: string, fingerprint: string]
  | readonly ['failed' | 'closed' | 'undone' | 'again' | 'again-within', path: string]
  | readonly [
      'keys',
      paths: readonly string[],
      digests: readonly string[],
      isFound: Column<0 | 1>,
      parts: Readonly<Record<string, Column<string>>>,
    ]
  | readonly ['end', outcome: string, at: number];

/** What is the same of all, or that of each. */
type Column<Value> = Value | readonly Value[];

/** A record that is of one step at most. */
export type SingleRecord =
  | Exclude<JournalRecord, readonly ['all' | 'keys', ...unknown[]]>
  | readonly ['key', path: string, key: KeyRecord];

export function recordLine(record: JournalRecord): string {
  return JSON.stringify(record);
}

/** The same as records of one step each. */
export function* singly(records: Iterable<JournalRecord>): Iterable<SingleRecord> {
  for (const record of records) {
    if (record[0] === 'all') {
      const [, paths, outputs, items] = record;
      for (const [at, path] of paths.entries()) yield ['done', path, outputAt(outputs, items, at)];
    } else if (record[0] === 'keys') {
      const [, paths, digests, isFound, parts] = record;
      for (const [at, path] of paths.entries()) {
        const own = Object.entries(parts).map(([name, column]) => [name, cellAt(column, at)]);
        const key = { digest: digests[at] ?? '', isFound: cellAt(isFound, at) === 1 };
        yield ['key', path, { ...key, parts: Object.fromEntries(own) as KeyRecord['parts'] }];
      }
    } else {
      yield record;
    }
  }
}

function cellAt<Value>(column: Column<Value>, at: number): Value {
  return (Array.isArray(column) ? column[at] : column) as Value;
}

/** One of many outputs. */
export function outputAt(outputs: readonly unknown[], items: string | undefined, at: number): OutputRecord {
  if (items === undefined) return { j: outputs[at] };
  return { j: outputs[at], i: items.slice(at * shortDigestLength, (at + 1) * shortDigestLength) };
}

const lengths: Readonly<Record<string, number>> = {
  run: 2,
  done: 3,
  choice: 3,
  block: 3,
  failed: 2,
  closed: 2,
  undone: 2,
  again: 2,
  'again-within': 2,
  end: 3,
};

/** What a line says; `undefined` where this version doesn't know it. */
export function parseRecord(line: string): JournalRecord | undefined {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!Array.isArray(record)) return undefined;
  const [kind, subject, ...rest] = record as unknown[];
  if (kind === 'keys') return isKeys(subject, rest) ? (record as unknown as JournalRecord) : undefined;
  if (kind === 'all') return isAll(subject, rest) ? (record as unknown as JournalRecord) : undefined;
  if (typeof kind !== 'string' || !Object.hasOwn(lengths, kind) || record.length !== lengths[kind])
    return undefined;
  const isSound =
    kind === 'run'
      ? isObject(subject)
      : typeof subject === 'string' && (kind !== 'done' || isObject(rest[0]));
  return isSound ? (record as unknown as JournalRecord) : undefined;
}

function isAll(paths: unknown, [outputs, items, ...more]: readonly unknown[]): boolean {
  if (!areAlike(paths, outputs) || more.length > 0) return false;
  return (
    items === undefined || (typeof items === 'string' && items.length === paths.length * shortDigestLength)
  );
}

function areAlike(paths: unknown, column: unknown): paths is readonly unknown[] {
  return Array.isArray(paths) && Array.isArray(column) && column.length === paths.length;
}

function isKeys(paths: unknown, [digests, isFound, parts, ...more]: readonly unknown[]): boolean {
  return areAlike(paths, digests) && isFound !== undefined && isObject(parts) && more.length === 0;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
