import { decided } from '../base/decision.ts';
import { InvalidOptionsError } from '../base/errors.ts';
import { messageOf } from '../base/inspect.ts';
import type { AskedStep } from '../engine/keeper.ts';
import { digestOf, digestOfText, filesIn } from './digest.ts';
import { contentsOf, stampAt } from './file-contents.ts';
import type { OutputRecord } from './journal-record.ts';
import { Unstorable } from './unstorable.ts';

/** What a result is found by: a digest of its parts. */
export interface ResultKey {
  readonly digest: string;
  /** Each thing that counts, with its digest. */
  readonly parts: Readonly<Record<string, string>>;
  readonly identity: string;
  /** The files that were read for it, with what shows whether they have been written to since. */
  readonly stamps: ReadonlyMap<string, string>;
}

/** A result of an earlier run. */
export interface CachedResult {
  readonly output: OutputRecord;
  /** When it was made, in ms of epoch time. */
  readonly at: number;
}

/**
 * What the result of a step is found by. Reads the files that it says count, whole.
 *
 * Rejects with `Unstorable` where an input can't be told apart from others, with an `InvalidOptionsError` where what the step says of its
 * cache can't be used, and with what its functions throw.
 */
export async function keyOf(
  { path, definition, terms, inputs }: AskedStep,
  workflow: string,
): Promise<ResultKey> {
  const owner = `step '${path}'`;
  const stamps = new Map<string, string>();
  const digests = new Map<string, string>();
  const counted =
    terms.key === undefined
      ? inputs
      : decided(() => owner, 'what its cache.key gives', 'a value', terms.key(inputs as never));
  for (const { path: named } of filesIn(counted)) {
    try {
      digests.set(named, (await contentsOf(named)).digest);
    } catch (error) {
      throw new Unstorable([], undefined, `the file '${named}', which can't be read (${messageOf(error)})`);
    }
  }
  const parts: Record<string, string> = {
    version: digestOf(terms.version),
    ...partsOf(counted, terms.key !== undefined, (named) => digests.get(named.path) ?? ''),
  };
  for (const [at, named] of namesOf(owner, terms.files?.(inputs as never)).entries()) {
    try {
      const contents = await contentsOf(named);
      parts[`file ${named}`] = contents.digest;
      stamps.set(named, contents.stamp);
    } catch (error) {
      throw new InvalidOptionsError(
        owner,
        [
          {
            option: `cache.files[${String(at)}]`,
            expected: `a file or folder that can be read (${messageOf(error)})`,
            value: named,
          },
        ],
        { cause: error },
      );
    }
  }
  for (const name of terms.env) parts[`env ${name}`] = digestOf(process.env[name]);
  const own = identityOf(path, definition.id);
  const identity = terms.name ?? `${workflow}: ${own}`;
  // Names may have anything in them: two that look alike together are still two.
  const digest = digestOf({ identity: terms.name ?? [workflow, own], parts });
  return { digest, parts, identity, stamps };
}

/** Whether nobody has written meanwhile to the files that a key was made of. */
export async function isStill({ stamps }: ResultKey): Promise<boolean> {
  for (const [path, stamp] of stamps) {
    try {
      if ((await stampAt(path)) !== stamp) return false;
    } catch {
      return false;
    }
  }
  return true;
}

/** What all children of a fan-out share is that they are its children: their keys may be mere places. */
function identityOf(path: string, id: string): string {
  // The run's own steps are written as they are, and may be called anything.
  return path === id ? path : path.replaceAll(/\[[^\]]*\]/g, '[]');
}

/** The inputs one by one, so that it can be said which of them differs. */
function partsOf(
  counted: unknown,
  isKey: boolean,
  fileDigest: Parameters<typeof digestOf>[1],
): Record<string, string> {
  if (isKey) return { key: digestOf(counted, fileDigest) };
  const parts: Record<string, string> = {};
  for (const [name, value] of Object.entries(counted as Readonly<Record<string, unknown>>))
    parts[`input ${name}`] =
      name === 'inputs' ? sharedDigest(value, fileDigest) : digestOf(value, fileDigest);
  return parts;
}

/** What all children of a fan-out get is one record, and there may be a million of them. */
const sharedDigests = new WeakMap<object, string>();

function sharedDigest(value: unknown, fileDigest: Parameters<typeof digestOf>[1]): string {
  if (typeof value !== 'object' || value === null) return digestOf(value, fileDigest);
  let digest = sharedDigests.get(value);
  if (digest === undefined) {
    digest = digestOf(value, fileDigest);
    sharedDigests.set(value, digest);
  }
  return digest;
}

function namesOf(owner: string, said: unknown): readonly string[] {
  const expected = 'a list of paths';
  const names = decided(() => owner, 'what its cache.files gives', expected, said);
  if (names === undefined) return [];
  if (Array.isArray(names) && names.every((name) => typeof name === 'string'))
    return [...new Set(names)].sort();
  throw new InvalidOptionsError(owner, [{ option: 'what its cache.files gives', expected, value: names }]);
}

/** A result as an object of the store: a checksum, then what it is. */
export function resultBytes(key: ResultKey, result: CachedResult): Uint8Array {
  const text = JSON.stringify({ format: 1, identity: key.identity, parts: key.parts, ...result });
  return new TextEncoder().encode(`${digestOfText(text)} ${text}`);
}

/** What an object of the store says; `undefined` where it is damaged, or of a later version. */
export function readResult(bytes: Uint8Array): CachedResult | undefined {
  const whole = new TextDecoder().decode(bytes);
  const text = whole.slice(65);
  if (whole.slice(0, 65) !== `${digestOfText(text)} `) return undefined;
  const read = JSON.parse(text) as { readonly format: number } & CachedResult;
  return read.format === 1 ? read : undefined;
}

/** The objects that a result has beside it. */
export function objectsOf(bytes: Uint8Array): readonly string[] {
  const object = readResult(bytes)?.output.o;
  return object === undefined ? [] : [object];
}
