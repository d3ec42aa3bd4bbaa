import { decodeBytes, decodeJson, type Encoded, fromBase64, toBase64 } from './codec.ts';
import { digestOfBytes } from './digest.ts';
import type { OutputRecord } from './journal-record.ts';

/** What is longer, in bytes, is an object of its own. */
export const longestInline = 16 * 1024;

/** Whether an output is short enough for the line that tells of it. */
export function isShort({ json, bytes }: Encoded): boolean {
  return (json?.length ?? bytes?.length ?? 0) <= longestInline;
}

/** A short output, as it is written. */
export function inlineRecord({ json, bytes }: Encoded): OutputRecord {
  return json === undefined ? { b: toBase64(bytes as Uint8Array) } : { j: JSON.parse(json) as unknown };
}

/** A long one: the object that it is, by its name, and how it is told of. */
export function objectRecord(encoded: Encoded): {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly record: OutputRecord;
} {
  const form = encoded.json === undefined ? formOfBytes : formOfJson;
  const content = encoded.bytes ?? new TextEncoder().encode(encoded.json);
  const bytes = new Uint8Array(content.length + 1);
  bytes[0] = form;
  bytes.set(content, 1);
  const name = digestOfBytes(bytes);
  return { name, bytes, record: { o: name, n: content.length } };
}

/** Whether an output was written at all. */
export function isWritten({ j, b, o }: OutputRecord): boolean {
  return j !== undefined || b !== undefined || o !== undefined;
}

/**
 * An output that was an object of its own.
 *
 * @throws Damaged where the object isn't what was written
 */
export function outputOfObject(name: string, bytes: Uint8Array): unknown {
  if (digestOfBytes(bytes) !== name) throw new Damaged(name);
  const content = bytes.subarray(1);
  return bytes[0] === formOfJson ? decodeJson(new TextDecoder().decode(content)) : decodeBytes(content);
}

/** An output that stands in the line that tells of it. */
export function inlineOutput({ j, b }: OutputRecord): unknown {
  return b === undefined ? j : decodeBytes(fromBase64(b));
}

/** Something that was written is no longer what it was. */
class Damaged extends Error {
  constructor(name: string) {
    super(`'${name}' is damaged`);
  }
}

const formOfJson = 0x6a;
const formOfBytes = 0x76;
