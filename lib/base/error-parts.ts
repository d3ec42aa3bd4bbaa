/**
 * What an Error says, read so that nothing it does can throw: for those who write errors down, show them or send them.
 *
 * 1. Each part is read once. One that can't be read is a text that says so, and the others stay.
 * 2. It says nothing about what the parts are: a message may be a BigInt, a cause anything.
 */
import { CancelledError } from './errors.ts';
import { messageOf } from './inspect.ts';
import { isError } from './is-error.ts';

/** A field of an error, its own or one that its class gives it. */
export type ErrorField<Value = unknown> = readonly [key: string, value: Value, isEnumerable: boolean];

/** An error in its parts. */
export interface ErrorParts<Value = unknown> {
  /** The most special class that {@link blankError} can make one of. */
  readonly base: string;
  /** What its own class and those above it are called, the most special first, then what it calls itself. */
  readonly kinds: readonly string[];
  /** Its own fields, and its name, message, stack, code and cause where the class has them. */
  readonly fields: readonly ErrorField<Value>[];
}

/** What an error can be made of anywhere, the most special first. */
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

/** Beyond this what is above a class is no class: a Proxy may have no end of prototypes. */
const mostClasses = 100;

/** The parts of an error; only the fields that `isKept` says are read. Never throws. */
export function partsOfError(error: Error, isKept: (key: string) => boolean = () => true): ErrorParts {
  const fields: ErrorField[] = [];
  for (const key of attempt(() => Object.getOwnPropertyNames(error), []).filter(isKept)) {
    const isEnumerable = attempt(() => Object.prototype.propertyIsEnumerable.call(error, key), false);
    fields.push([key, fieldOf(error, key), isEnumerable]);
  }
  for (const key of ['name', 'message', 'stack', 'code', 'cause']) {
    if (!isKept(key) || fields.some(([own]) => own === key)) continue;
    const value = fieldOf(error, key);
    if (value !== undefined) fields.push([key, value, false]);
  }
  const base = bases.find(([, type]) => attempt(() => error instanceof type, false))?.[0] ?? 'Error';
  return { base, kinds: kindsOf(error), fields };
}

/** A field of an object, or a text that says that it can't be read. */
export function fieldOf(object: object, key: string): unknown {
  try {
    return (object as Readonly<Record<string, unknown>>)[key];
  } catch (failure) {
    return `(can't be read: ${messageOf(failure)})`;
  }
}

/** An error of a base class, which has its fields still to be set. */
export function blankError(base: string, message: unknown, name: unknown): Error {
  const text = (part: unknown): string => (typeof part === 'string' ? part : '');
  return bases.find(([known]) => known === base)?.[2](text(message), text(name)) ?? new Error();
}

/** Sets a field, be it one that its class only lets be read. */
export function setField(error: Error, key: string, value: unknown, enumerable: boolean): void {
  // A DOMException has them already, and says so itself.
  if (error instanceof DOMException && inDomException.has(key)) return;
  Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
}

const inDomException: ReadonlySet<string> = new Set(['message', 'name', 'code']);

function kindsOf(error: Error): readonly string[] {
  const kinds: string[] = [];
  let type = prototypeOf(error);
  for (; isError(type) && kinds.length < mostClasses; type = prototypeOf(type)) {
    const maker = fieldOf(type, 'constructor');
    const name = typeof maker === 'function' ? fieldOf(maker, 'name') : undefined;
    kinds.push(typeof name === 'string' ? name : '');
  }
  const name = fieldOf(error, 'name');
  return typeof name === 'string' ? [...kinds, name] : kinds;
}

function prototypeOf(object: object): unknown {
  return attempt(() => Object.getPrototypeOf(object) as unknown, undefined);
}

function attempt<Value>(work: () => Value, otherwise: Value): Value {
  try {
    return work();
  } catch {
    return otherwise;
  }
}
