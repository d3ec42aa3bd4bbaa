/**
 * How values get into JSON and back: what was thrown, a reason, the data of a log.
 *
 * 1. Encoding never throws and always ends: what can't be kept becomes a short text, and what is too deep or too much is
 *    cut, with a `…` in its place.
 * 2. Errors come back as Errors with name, message, stack, cause and own fields; those of the standard classes as their
 *    class. BigInts, dates, maps, sets, `undefined` and the numbers that JSON lacks come back as they were. Instances of
 *    other classes come back as records of their fields; functions and symbols as text.
 */
import { inspectValue } from '../base/inspect.ts';

/** Marks a record that stands for something else. */
const tag = '$millrace';
const deepest = 100;
/** The values that one event may have: a table that is logged by mistake must cost neither the run nor the disk. */
const mostValues = 10_000;
const longestText = 1_000_000;

type Tagged = Readonly<Record<string, unknown>>;

const standard = { AggregateError, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError };

/** A value as plain JSON. `most` is how many values it may have in it. */
export function encodeValue(value: unknown, most = mostValues): unknown {
  return new Encoder(most).encode(value, 0);
}

/** The value again. */
export function decodeValue(encoded: unknown): unknown {
  if (typeof encoded !== 'object' || encoded === null) return encoded;
  if (Array.isArray(encoded)) return encoded.map(decodeValue);
  if (Object.hasOwn(encoded, tag)) return decodeTagged(encoded as Tagged);
  return record(Object.entries(encoded).map(([key, item]) => [key, decodeValue(item)]));
}

class Encoder {
  /** What leads to the value that is being encoded. */
  readonly #path = new Set<object>();
  #left: number;

  constructor(most: number) {
    this.#left = most;
  }

  encode(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        return value.length <= longestText ? value : `${value.slice(0, longestText)}…`;
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0)
          ? value
          : { [tag]: 'number', value: Object.is(value, -0) ? '-0' : String(value) };
      case 'undefined':
        return { [tag]: 'undefined' };
      case 'bigint':
        return { [tag]: 'bigint', value: String(value) };
      case 'object':
        return value === null ? null : this.#object(value, depth);
      default:
        return inspectValue(value);
    }
  }

  #object(value: object, depth: number): unknown {
    if (this.#path.has(value)) return '[circular]';
    if (depth >= deepest || this.#left <= 0) return '…';
    this.#left--;
    this.#path.add(value);
    try {
      return this.#parts(value, depth + 1);
    } catch {
      // A getter or a proxy may throw whatever it is asked.
      return inspectValue(value);
    } finally {
      this.#path.delete(value);
    }
  }

  #parts(value: object, depth: number): unknown {
    if (value instanceof Error) return this.#error(value, depth);
    if (Array.isArray(value)) return this.#list(value, depth);
    if (value instanceof Date) return { [tag]: 'date', value: value.getTime() };
    if (value instanceof Map) return { [tag]: 'map', value: this.#list(value.entries(), depth) };
    if (value instanceof Set) return { [tag]: 'set', value: this.#list(value, depth) };
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
      return `${inspectValue(value)}, ${String(value.byteLength)} bytes`;
    const { toJSON } = value as { readonly toJSON?: unknown };
    // As `JSON.stringify` would: a URL has no fields of its own, but says what it is.
    if (typeof toJSON === 'function') return this.encode(toJSON.call(value), depth);
    return this.#fields(value, Object.keys(value), depth);
  }

  #list(items: Iterable<unknown>, depth: number): unknown[] {
    const encoded: unknown[] = [];
    for (const item of items) {
      if (this.#left-- <= 0) {
        encoded.push('…');
        break;
      }
      encoded.push(this.encode(item, depth));
    }
    return encoded;
  }

  #error(error: Error, depth: number): Tagged {
    const { name, message, stack } = error;
    const { code } = error as { readonly code?: unknown };
    const keys = Object.getOwnPropertyNames(error).filter(
      (key) => key !== 'stack' && key !== 'message' && key !== 'name' && key !== 'code',
    );
    return {
      [tag]: 'error',
      class: Object.entries(standard).find(([, type]) => error instanceof type)?.[0] ?? 'Error',
      name: this.encode(name, depth),
      message: this.encode(message, depth),
      stack: this.encode(stack, depth),
      // A class may have it on its prototype.
      ...(code === undefined ? {} : { code: this.encode(code, depth) }),
      fields: this.#entries(error, keys, depth),
    };
  }

  #fields(value: object, keys: readonly string[], depth: number): Tagged {
    const entries = this.#entries(value, keys, depth);
    // A record that looks like one of ours, or has the one name that a record can't hold.
    return keys.includes(tag) || keys.includes('__proto__')
      ? { [tag]: 'record', value: entries }
      : Object.fromEntries(entries);
  }

  #entries(value: object, keys: readonly string[], depth: number): [string, unknown][] {
    const entries: [string, unknown][] = [];
    for (const key of keys) {
      if (this.#left-- <= 0) {
        entries.push(['…', '…']);
        break;
      }
      entries.push([key, this.#field(value, key, depth)]);
    }
    return entries;
  }

  #field(value: object, key: string, depth: number): unknown {
    try {
      return this.encode((value as Tagged)[key], depth);
    } catch {
      return "(can't be read)";
    }
  }
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
      return new Date(Number(value));
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
  const type = Object.hasOwn(standard, String(base))
    ? standard[base as Exclude<keyof typeof standard, 'AggregateError'>]
    : Error;
  const error = base === 'AggregateError' ? new AggregateError([]) : new type();
  const define = (key: string, value: unknown, enumerable: boolean): void => {
    Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
  };
  define('message', decodeValue(message), false);
  define('stack', decodeValue(stack), false);
  if (decodeValue(name) !== error.name) define('name', decodeValue(name), false);
  if (code !== undefined) define('code', decodeValue(code), true);
  for (const [key, value] of pairs(fields))
    define(String(key), decodeValue(value), key !== 'cause' && key !== 'errors');
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
