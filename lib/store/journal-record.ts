/**
 * What a run writes down, a line a record: JSON arrays that begin with what they are. A line that this version doesn't know is passed over.
 *
 *     ["run", head]                   a process has taken the run: what it is a run of
 *     ["done", path, at, output]      a step has completed
 *     ["choice", path, choice]        a join has settled for an input, or a `when` has spoken
 *     ["block", path, fingerprint]    steps have taken over a step's work: what they are
 *     ["failed", path]                a step has failed, and nobody has dealt with that
 *     ["closed", path]                what a step has opened is no longer of use
 *     ["undone", path]                what a step has done was undone
 *     ["again", path]                 a step is done again, and all within
 *     ["again-within", path]          all within a step is done again
 *     ["key", path, key]              what a step's output is found by, and of what that was made
 *     ["end", outcome, at]            the run has come to its end
 */
import type { Choice } from '../engine/keeper.ts';

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
  /** It was found in the cache. */
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
  | readonly ['done', path: string, at: number, output: OutputRecord]
  | readonly ['choice', path: string, choice: Choice]
  | readonly ['block', path: string, fingerprint: string]
  | readonly ['failed' | 'closed' | 'undone' | 'again' | 'again-within', path: string]
  | readonly ['key', path: string, key: KeyRecord]
  | readonly ['end', outcome: string, at: number];

export function recordLine(record: JournalRecord): string {
  return JSON.stringify(record);
}

/** The line of an output whose JSON there is already. */
export function doneLine(
  path: string,
  at: number,
  json: string,
  rest: Omit<OutputRecord, 'j'> | undefined,
): string {
  const more = rest === undefined ? '' : JSON.stringify(rest).slice(1, -1);
  return `["done",${JSON.stringify(path)},${String(at)},{"j":${json}${more === '' ? '' : `,${more}`}}]`;
}

const lengths: Readonly<Record<string, number>> = {
  run: 2,
  done: 4,
  choice: 3,
  block: 3,
  failed: 2,
  closed: 2,
  undone: 2,
  again: 2,
  'again-within': 2,
  key: 3,
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
  const [kind, subject] = record as unknown[];
  if (typeof kind !== 'string' || !Object.hasOwn(lengths, kind) || record.length !== lengths[kind])
    return undefined;
  const isSound =
    kind === 'run'
      ? isObject(subject)
      : typeof subject === 'string' && (kind !== 'done' || isObject((record as unknown[])[3]));
  return isSound ? (record as unknown as JournalRecord) : undefined;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
