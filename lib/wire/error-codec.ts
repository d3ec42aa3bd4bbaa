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
import { CancelledError } from '../base/errors.ts';
import { inspectValue, messageOf } from '../base/inspect.ts';
import { errorClasses } from './error-classes.ts';

/** A thrown value, or a part of one, as it can be cloned. */
export type Encoded =
  | readonly [kind: 'value', value: unknown]
  | readonly [kind: 'list', items: readonly Encoded[]]
  | readonly [kind: 'error', error: EncodedError];

/** An Error as it can be cloned. Mutable while it is made, as a cause may lead back to it. */
interface EncodedError {
  readonly base: string;
  /** What its own class and those above it are called, the most special first, then what it calls itself. */
  readonly kinds: readonly string[];
  readonly fields: (readonly [key: string, value: Encoded, isEnumerable: boolean])[];
}

/** What an Error of a standard class is made with on the other side, the most special first. */
const bases: readonly (readonly [
  name: string,
  type: abstract new () => Error,
  make: (message: string, name: string) => Error,
])[] = [
  ['CancelledError', CancelledError, () => new CancelledError()],
  ['AggregateError', AggregateError as unknown as new () => Error, () => new AggregateError([])],
  ['DOMException', DOMException, (message, name) => new DOMException(message, name)],
  ...[TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map(
    (type) => [type.name, type, () => new type()] as const,
  ),
];

/** Makes a thrown value fit to be posted. */
export function encodeThrown(thrown: unknown): Encoded {
  try {
    return encode(thrown, new Map(), 0);
  } catch {
    // A Proxy, for one, may throw whatever it is asked.
    return ['value', inspectValue(thrown)];
  }
}

/** The thrown value again. */
export function decodeThrown(encoded: Encoded): unknown {
  return decode(encoded, new Map());
}

const deepest = 100;

function encode(value: unknown, seen: Map<Error, EncodedError>, depth: number): Encoded {
  if (value instanceof Error) {
    return depth < deepest ? ['error', encodeError(value, seen, depth)] : ['value', messageOf(value)];
  }
  if (Array.isArray(value) && value.some((item) => item instanceof Error)) {
    return ['list', value.map((item) => encode(item, seen, depth))];
  }
  return ['value', clonable(value)];
}

function encodeError(error: Error, seen: Map<Error, EncodedError>, depth: number): EncodedError {
  const known = seen.get(error);
  if (known !== undefined) return known;
  const base = bases.find(([, type]) => error instanceof type)?.[0] ?? 'Error';
  const encoded: EncodedError = { base, kinds: kindsOf(error), fields: [] };
  seen.set(error, encoded);
  for (const key of Object.getOwnPropertyNames(error)) {
    const isEnumerable = Object.prototype.propertyIsEnumerable.call(error, key);
    encoded.fields.push([key, encode(read(error, key), seen, depth + 1), isEnumerable]);
  }
  // A DOMException keeps these on its prototype, as a class may its name.
  for (const key of ['name', 'message', 'stack', 'code']) {
    const value = read(error, key);
    if (!Object.hasOwn(error, key) && value !== undefined)
      encoded.fields.push([key, ['value', clonable(value)], false]);
  }
  return encoded;
}

function kindsOf(error: Error): readonly string[] {
  const kinds: string[] = [];
  for (
    let type: unknown = Object.getPrototypeOf(error);
    type instanceof Error;
    type = Object.getPrototypeOf(type)
  ) {
    const maker = read(type, 'constructor');
    if (typeof maker === 'function') kinds.push(maker.name);
  }
  const name = read(error, 'name');
  return typeof name === 'string' ? [...kinds, name] : kinds;
}

function read(error: Error, key: string): unknown {
  try {
    return (error as unknown as Readonly<Record<string, unknown>>)[key];
  } catch (failure) {
    return `(can't be read: ${messageOf(failure)})`;
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
  for (const [key, value, enumerable] of encoded.fields) {
    // A DOMException has them already, and says so itself.
    if (error instanceof DOMException && inDomException.has(key)) continue;
    Object.defineProperty(error, key, {
      value: decode(value, seen),
      enumerable,
      configurable: true,
      writable: true,
    });
  }
  return error;
}

const inDomException: ReadonlySet<string> = new Set(['message', 'name', 'code']);

/** An Error of the right class, with nothing in it yet. */
function blank({ base, kinds, fields }: EncodedError): Error {
  const text = (field: string): string => {
    const value = fields.find(([key]) => key === field)?.[1];
    return value?.[0] === 'value' && typeof value[1] === 'string' ? value[1] : '';
  };
  const error = bases.find(([name]) => name === base)?.[2](text('message'), text('name')) ?? new Error();
  const known = errorClasses.nearest(kinds);
  // Its constructor isn't called: it may want arguments that nobody knows, or do more than make an error.
  return known === undefined ? error : (Object.setPrototypeOf(error, known.prototype as object) as Error);
}
