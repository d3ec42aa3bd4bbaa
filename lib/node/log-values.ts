/**
 * How values get into the JSON of an event log and back: what was thrown, a reason, the data of a log.
 *
 * Errors come back as Errors with name, message, stack, cause and own fields; those of the standard classes, and
 * cancels, as their class. BigInts, dates, maps, sets, `undefined` and the numbers that JSON lacks come back as they were.
 * Instances of other classes come back as records of their fields; functions and symbols as text.
 */
import { blankError, type ErrorParts, setField } from '../base/error-parts.ts';
import { type Entries, encodeJson, type JsonForm } from '../base/json-encoder.ts';

/** Marks a record that stands for something else. */
const tag = '$millrace';

type Tagged = Readonly<Record<string, unknown>>;

const logForm: JsonForm = {
  deepest: 100,
  widest: Infinity,
  most: 10_000,
  odd(kind, value) {
    switch (kind) {
      case 'undefined':
        return { [tag]: kind };
      case 'number':
        return { [tag]: kind, value: Object.is(value, -0) ? '-0' : String(value) };
      case 'bigint':
        return { [tag]: kind, value: String(value) };
      default:
        // The time of an invalid date is no number, for which JSON has `null`.
        return { [tag]: kind, value };
    }
  },
  record: (entries) =>
    // One that looks like one of ours, or has the one name that a record can't hold.
    entries.some(([key]) => key === tag || key === '__proto__')
      ? { [tag]: 'record', value: entries }
      : Object.fromEntries(entries),
  error: taggedError,
};

/** A value as plain JSON. `most` is how many values it may have in it. */
export function encodeValue(value: unknown, most = logForm.most): unknown {
  return encodeJson(value, { ...logForm, most });
}

/** What has a place of its own in the log; the rest are fields. */
const named: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'code']);

function taggedError({ base, fields }: ErrorParts): Tagged {
  const parts = new Map(fields.map(([key, value]) => [key, value]));
  const part = (key: string): unknown => (parts.has(key) ? parts.get(key) : { [tag]: 'undefined' });
  return {
    [tag]: 'error',
    class: base,
    name: part('name'),
    message: part('message'),
    stack: part('stack'),
    // A class may have it on its prototype.
    ...(parts.has('code') ? { code: parts.get('code') } : {}),
    fields: fields.flatMap(([key, value]): Entries => (named.has(key) ? [] : [[key, value]])),
  };
}

/** The value again. */
export function decodeValue(encoded: unknown): unknown {
  if (typeof encoded !== 'object' || encoded === null) return encoded;
  if (Array.isArray(encoded)) return encoded.map(decodeValue);
  if (Object.hasOwn(encoded, tag)) return decodeTagged(encoded as Tagged);
  return record(Object.entries(encoded).map(([key, item]) => [key, decodeValue(item)]));
}

function decodeTagged(encoded: Tagged): unknown {
  const { [tag]: kind, value } = encoded;
  switch (kind) {
    case 'error':
      return decodeError(encoded);
    case 'undefined':
      return undefined;
    case 'number':
      return Number(value);
    case 'bigint':
      return BigInt(String(value));
    case 'date':
      // eslint-disable-next-line no-restricted-syntax -- a time that was logged, not one that is read
      return new Date(value === null ? Number.NaN : Number(value));
    case 'map':
      return new Map(pairs(value).map(([key, item]) => [decodeValue(key), decodeValue(item)]));
    case 'set':
      return new Set(list(value).map(decodeValue));
    case 'record':
      return record(pairs(value).map(([key, item]) => [String(key), decodeValue(item)]));
    default:
      // Of a later version: as it is.
      return encoded;
  }
}

function decodeError({ class: base, name, message, stack, code, fields }: Tagged): Error {
  const [text, kind] = [decodeValue(message), decodeValue(name)];
  const error = blankError(String(base), text, kind);
  setField(error, 'message', text, false);
  setField(error, 'stack', decodeValue(stack), false);
  if (kind !== error.name) setField(error, 'name', kind, false);
  if (code !== undefined) setField(error, 'code', decodeValue(code), true);
  for (const [key, value] of pairs(fields))
    setField(error, String(key), decodeValue(value), key !== 'cause' && key !== 'errors');
  return error;
}

function record(entries: readonly (readonly [string, unknown])[]): unknown {
  const made = {};
  for (const [key, value] of entries)
    Object.defineProperty(made, key, { value, enumerable: true, configurable: true, writable: true });
  return made;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function pairs(value: unknown): (readonly [unknown, unknown])[] {
  return list(value).flatMap((pair) => (Array.isArray(pair) ? [[pair[0], pair[1]] as const] : []));
}
