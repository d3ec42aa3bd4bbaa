/**
 * How any value becomes plain JSON: what was thrown, a reason, the data of a log.
 *
 * 1. Never throws and always ends: what can't be kept becomes a short text, and what is too deep, too wide or too much is
 *    cut, with a `…` in its place. What leads back to itself is `[circular]`.
 * 2. What JSON has no word for is the form's to say: one that is to be read again marks it, one that is to be looked at
 *    gives a text.
 */
import { type ErrorField, type ErrorParts, fieldOf, partsOfError } from './error-parts.ts';
import { inspectValue } from './inspect.ts';
import { isError } from './is-error.ts';

/** What JSON has no word for. */
type OddKind = 'undefined' | 'number' | 'bigint' | 'date' | 'map' | 'set';

/** A record's fields, encoded. */
export type Entries = readonly (readonly [key: string, value: unknown])[];

/** What becomes of values. Every part it is given is encoded already. */
export interface JsonForm {
  /** How deep values may lie in values. */
  readonly deepest: number;
  /** How many items of a list, or fields of a record, are kept. */
  readonly widest: number;
  /** How many values are kept in all: a table that is logged by mistake must cost neither the run nor the disk. */
  readonly most: number;
  /** Which fields of an error are kept. */
  readonly isKept?: (key: string) => boolean;
  /** What stands for what JSON lacks: a number in ms of a date, the items of a set, the pairs of a map. */
  odd(kind: OddKind, value: unknown): unknown;
  record(entries: Entries): unknown;
  error(parts: ErrorParts): unknown;
}

const longestText = 1_000_000;

/** A value as plain JSON. */
export function encodeJson(value: unknown, form: JsonForm): unknown {
  return new JsonEncoder(form).encode(value, 0);
}

class JsonEncoder {
  readonly #form: JsonForm;
  /** What leads to the value that is being encoded. */
  readonly #path = new Set<object>();
  #left: number;

  constructor(form: JsonForm) {
    this.#form = form;
    this.#left = form.most;
  }

  encode(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        return value.length <= longestText ? value : `${value.slice(0, longestText)}…`;
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0) ? value : this.#form.odd('number', value);
      case 'undefined':
      case 'bigint':
        return this.#form.odd(typeof value as 'undefined' | 'bigint', value);
      case 'object':
        return value === null ? null : this.#object(value, depth);
      default:
        return inspectValue(value);
    }
  }

  #object(value: object, depth: number): unknown {
    if (this.#path.has(value)) return '[circular]';
    if (depth >= this.#form.deepest || this.#left <= 0) return '…';
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
    if (isError(value)) return this.#error(value, depth);
    if (Array.isArray(value)) return this.#list(value, depth);
    if (value instanceof Date) return this.#form.odd('date', value.getTime());
    if (value instanceof Map) return this.#form.odd('map', this.#list(value.entries(), depth));
    if (value instanceof Set) return this.#form.odd('set', this.#list(value, depth));
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
      return `${inspectValue(value)}, ${String(value.byteLength)} bytes`;
    const { toJSON } = value as { readonly toJSON?: unknown };
    // As `JSON.stringify` would: a URL has no fields of its own, but says what it is.
    if (typeof toJSON === 'function') return this.encode(toJSON.call(value), depth);
    return this.#form.record(this.#entries(value, Object.keys(value), depth));
  }

  #list(items: Iterable<unknown>, depth: number): unknown[] {
    const encoded: unknown[] = [];
    for (const item of items) {
      if (encoded.length >= this.#form.widest || this.#left-- <= 0) {
        encoded.push('…');
        break;
      }
      encoded.push(this.encode(item, depth));
    }
    return encoded;
  }

  #error(error: Error, depth: number): unknown {
    const parts = partsOfError(error, this.#form.isKept);
    const fields: ErrorField[] = [];
    for (const [key, value, isEnumerable] of parts.fields) {
      if (this.#left-- <= 0) {
        fields.push(['…', '…', true]);
        break;
      }
      fields.push([key, this.encode(value, depth), isEnumerable]);
    }
    return this.#form.error({ ...parts, fields });
  }

  #entries(value: object, keys: readonly string[], depth: number): Entries {
    const entries: [string, unknown][] = [];
    for (const key of keys) {
      if (entries.length >= this.#form.widest || this.#left-- <= 0) {
        entries.push(['…', '…']);
        break;
      }
      entries.push([key, this.encode(fieldOf(value, key), depth)]);
    }
    return entries;
  }
}
