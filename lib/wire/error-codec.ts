/**
 * How what was thrown crosses to another thread.
 *
 * 1. An Error keeps its message, name, stack, cause, AggregateError's errors and own fields, cyclic or not. It
 *    arrives as an instance of the nearest class that this side knows: one registered with `registerError`, the
 *    errors of millrace that are thrown in workers, a DOMException, or a standard class.
 * 2. Anything else arrives as it was thrown, `undefined` included.
 * 3. Encoding never fails: a part that can't be cloned arrives as a short description of itself, and so does the
 *    cause at the end of a chain of 100, as long ones are too deep for the stack of whoever reads them.
 */
import { blankError, type ErrorField, partsOfError, setField } from '../base/error-parts.ts';
import { inspectValue, messageOf } from '../base/inspect.ts';
import { isError } from '../base/is-error.ts';
import { errorClasses } from './error-classes.ts';

/** A thrown value, or a part of one, as it can be cloned. */
export type Encoded =
  | readonly [kind: 'value', value: unknown]
  | readonly [kind: 'list', items: readonly Encoded[]]
  | readonly [kind: 'error', error: EncodedError];

/** The parts of an Error as they can be cloned. Mutable while it is made, as a cause may lead back to it. */
interface EncodedError {
  readonly base: string;
  readonly kinds: readonly string[];
  readonly fields: ErrorField<Encoded>[];
}

/** Makes a thrown value fit to be posted. Never throws. */
export function encodeThrown(thrown: unknown): Encoded {
  return encode(thrown, new Map(), 0);
}

/** The thrown value again. */
export function decodeThrown(encoded: Encoded): unknown {
  return decode(encoded, new Map());
}

const deepest = 100;

function encode(value: unknown, seen: Map<Error, EncodedError>, depth: number): Encoded {
  if (isError(value)) {
    return depth < deepest ? ['error', encodeError(value, seen, depth)] : ['value', messageOf(value)];
  }
  return isListOfErrors(value)
    ? ['list', value.map((item) => encode(item, seen, depth))]
    : ['value', clonable(value)];
}

function encodeError(error: Error, seen: Map<Error, EncodedError>, depth: number): EncodedError {
  const known = seen.get(error);
  if (known !== undefined) return known;
  const { base, kinds, fields } = partsOfError(error);
  const encoded: EncodedError = { base, kinds, fields: [] };
  seen.set(error, encoded);
  for (const [key, value, isEnumerable] of fields)
    encoded.fields.push([key, encode(value, seen, depth + 1), isEnumerable]);
  return encoded;
}

function isListOfErrors(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value) && value.some(isError);
  } catch {
    // A Proxy that was revoked.
    return false;
  }
}

function clonable(value: unknown): unknown {
  if (
    (typeof value !== 'object' || value === null) &&
    typeof value !== 'function' &&
    typeof value !== 'symbol'
  ) {
    return value;
  }
  try {
    // The clone is what is sent: a getter may give something else when it is asked again.
    return structuredClone(value);
  } catch {
    return inspectValue(value);
  }
}

function decode(encoded: Encoded, seen: Map<EncodedError, Error>): unknown {
  switch (encoded[0]) {
    case 'value':
      return encoded[1];
    case 'list':
      return encoded[1].map((item) => decode(item, seen));
    case 'error':
      return decodeError(encoded[1], seen);
  }
}

function decodeError(encoded: EncodedError, seen: Map<EncodedError, Error>): Error {
  const known = seen.get(encoded);
  if (known !== undefined) return known;
  const error = blank(encoded);
  seen.set(encoded, error);
  for (const [key, value, isEnumerable] of encoded.fields)
    setField(error, key, decode(value, seen), isEnumerable);
  return error;
}

/** An Error of the right class, with nothing in it yet. */
function blank({ base, kinds, fields }: EncodedError): Error {
  const part = (field: string): unknown => {
    const value = fields.find(([key]) => key === field)?.[1];
    return value?.[0] === 'value' ? value[1] : undefined;
  };
  const error = blankError(base, part('message'), part('name'));
  const known = errorClasses.nearest(kinds);
  // Its constructor isn't called: it may want arguments that nobody knows, or do more than make an error.
  return known === undefined ? error : (Object.setPrototypeOf(error, known.prototype as object) as Error);
}
