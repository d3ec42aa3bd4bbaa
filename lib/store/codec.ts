/**
 * Values as text or bytes, and back: what structured clone keeps, and errors as they are.
 *
 * 1. A value comes back equal, or it is refused with the path to what can't be: a function, a socket, an instance of somebody's class,
 *    which would come back without its methods.
 * 2. What JSON says exactly is JSON: short, readable, and quick. All else is V8's serialisation, which every later Node reads.
 * 3. Files that a value names (`file(path)`) are found on the way, so that their contents can be kept by digest.
 */
import { Buffer } from 'node:buffer';
import { deserialize, serialize } from 'node:v8';
import { isError } from '../base/is-error.ts';
import { decodeThrown, type Encoded as EncodedThrown, encodeThrown } from '../wire/error-codec.ts';
import { isPlainRecord } from './plain-record.ts';
import { StoredFile } from './stored-file.ts';

import { Unstorable } from './unstorable.ts';

/** A value that can be written. */
export interface Encoded {
  /** As JSON, where that says it exactly. */
  readonly json: string | undefined;
  /** Else as bytes. */
  readonly bytes: Uint8Array | undefined;
  /** The files it names. */
  readonly files: readonly StoredFile[];
}

/** A value that JSON says exactly: what can't change is as good as its text, and cheaper to write together with others. */
export type ShortJson = number | boolean | null | string | JsonText;

/** A value as JSON. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A value as JSON, where that says it exactly. */
export function exactJson(value: unknown): ShortJson | undefined {
  if (!isExactJson(value, 0)) return undefined;
  return typeof value === 'object' && value !== null
    ? new JsonText(JSON.stringify(value))
    : (value as ShortJson);
}

/** How long it is as text, about. */
export function lengthOf(json: ShortJson): number {
  return json instanceof JsonText ? json.text.length : typeof json === 'string' ? json.length : shortLength;
}

const shortLength = 8;

export function textOf(json: ShortJson): string {
  return json instanceof JsonText ? json.text : JSON.stringify(json);
}

/** Many of them as a list. */
export function listOf(all: readonly ShortJson[]): string {
  return all.some((json) => json instanceof JsonText) ? `[${all.map(textOf).join()}]` : JSON.stringify(all);
}

/** @throws Unstorable with the path to what can't be stored */
export function encodeValue(value: unknown): Encoded {
  const json = exactJson(value);
  if (json !== undefined) return { json: textOf(json), bytes: undefined, files: noFiles };
  const files: StoredFile[] = [];
  const copied = new Map<object, unknown>();
  const storable = toStorable(value, [], files, copied);
  return { json: undefined, bytes: serialize(storable), files };
}

export function decodeJson(json: string): unknown {
  return JSON.parse(json) as unknown;
}

/** @throws where they are no value, as after damage */
export function decodeBytes(bytes: Uint8Array): unknown {
  return fromStorable(deserialize(bytes) as unknown, new Set());
}

const noFiles: readonly StoredFile[] = [];

/** Deeper than this, what a value is made of is left to V8. */
const deepestJson = 64;

/** Whether a value is the same after going through JSON. */
function isExactJson(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      if (value === null) return true;
      if (depth >= deepestJson) return false;
      return Array.isArray(value) ? isExactList(value, depth + 1) : isExactRecord(value, depth + 1);
    default:
      return false;
  }
}

function isExactList(list: readonly unknown[], depth: number): boolean {
  const { length } = list;
  for (let at = 0; at < length; at++) if (!isExactJson(list[at], depth)) return false;
  // Fields beside the items would be lost.
  return Object.keys(list).length === length;
}

function isExactRecord(value: object, depth: number): boolean {
  // One without a prototype would get one.
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  if (Object.getOwnPropertySymbols(value).length > 0 || 'toJSON' in value) return false;
  const record = value as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(record))
    if (key === '__proto__' || !isExactJson(record[key], depth)) return false;
  return true;
}

/** Under this key stands what V8 doesn't know. */
const markKey = '\u0000millrace';

/** A value that V8 keeps whole, in which errors and files are marked. Shares with the original whatever needs no mark. */
function toStorable(
  value: unknown,
  path: readonly string[],
  files: StoredFile[],
  copied: Map<object, unknown>,
): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw new Unstorable(path, value);
  if (typeof value !== 'object' || value === null) return value;
  const known = copied.get(value);
  if (known !== undefined) return known;
  if (value instanceof StoredFile) {
    files.push(value);
    return marked('file', value.path);
  }
  if (isError(value)) return marked('error', encodeThrown(value));
  const store = (part: unknown, name: string): unknown =>
    toStorable(part, path.length < longestPath ? [...path, name] : path, files, copied);
  if (Array.isArray(value)) {
    const list: unknown[] = [];
    copied.set(value, list);
    for (let at = 0; at < value.length; at++) list.push(store(value[at], `[${String(at)}]`));
    // Such as those of a match: they are kept beside the items.
    if (Object.keys(value).length > value.length)
      for (const [key, one] of Object.entries(value))
        if (!(Number(key) < value.length)) Object.assign(list, { [key]: store(one, `.${key}`) });
    return list;
  }
  if (value instanceof Map) {
    const map = new Map<unknown, unknown>();
    copied.set(value, map);
    for (const [key, one] of value) map.set(store(key, '.key'), store(one, `.get(${String(key)})`));
    return map;
  }
  if (value instanceof Set) {
    const set = new Set<unknown>();
    copied.set(value, set);
    for (const one of value) set.add(store(one, '.value'));
    return set;
  }
  if (isWhole(value)) return value;
  if (!isPlainRecord(value)) throw new Unstorable(path, value);
  const record: Record<string, unknown> = {};
  copied.set(value, record);
  for (const [key, one] of Object.entries(value))
    Object.defineProperty(record, key, {
      value: store(one, `.${key}`),
      configurable: true,
      enumerable: true,
      writable: true,
    });
  return Object.hasOwn(record, markKey) ? marked('record', record) : record;
}

/** Beyond this a path is long enough. */
const longestPath = 32;

/** What V8 keeps as it is. */
function isWhole(value: object): boolean {
  if (ArrayBuffer.isView(value))
    return !(typeof SharedArrayBuffer !== 'undefined' && value.buffer instanceof SharedArrayBuffer);
  return (
    value instanceof Date ||
    value instanceof RegExp ||
    value instanceof ArrayBuffer ||
    value instanceof Boolean ||
    value instanceof Number ||
    value instanceof String
  );
}

function marked(kind: string, content: unknown): object {
  return { [markKey]: kind, content };
}

/** What was marked is itself again, in place: what was read belongs to nobody else. */
function fromStorable(value: unknown, seen: Set<object>): unknown {
  if (typeof value !== 'object' || value === null || isWhole(value) || seen.has(value)) return value;
  const mark = (value as Record<string, unknown>)[markKey];
  if (typeof mark === 'string') return unmarked(mark, (value as { content: unknown }).content, seen);
  seen.add(value);
  if (Array.isArray(value)) {
    const list = value as unknown[] & Record<string, unknown>;
    for (const key of Object.keys(list)) list[key] = fromStorable(list[key], seen);
  } else if (value instanceof Map) {
    const entries = [...value].map(
      ([key, one]) => [fromStorable(key, seen), fromStorable(one, seen)] as const,
    );
    value.clear();
    for (const [key, one] of entries) value.set(key, one);
  } else if (value instanceof Set) {
    const all = [...value].map((one) => fromStorable(one, seen));
    value.clear();
    for (const one of all) value.add(one);
  } else {
    for (const [key, one] of Object.entries(value)) {
      const restored = fromStorable(one, seen);
      if (restored !== one)
        Object.defineProperty(value, key, {
          value: restored,
          configurable: true,
          enumerable: true,
          writable: true,
        });
    }
  }
  return value;
}

function unmarked(kind: string, content: unknown, seen: Set<object>): unknown {
  if (kind === 'file') return new StoredFile(content as string);
  if (kind === 'error') return decodeThrown(content as EncodedThrown);
  // A record of the user's that has such a key itself.
  const record = content as Record<string, unknown>;
  for (const [key, one] of Object.entries(record)) record[key] = fromStorable(one, seen);
  return record;
}

/** Bytes as text that fits in a line. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

export function fromBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64');
}
