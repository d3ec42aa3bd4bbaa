import { OptionChecker } from '../base/option-checker.ts';
import { MissingOverflowError, StreamOverflowError } from '../channel/stream-errors.ts';

/** A class of errors; what its constructor takes is no concern here, as it isn't called. */
export type ErrorClass = abstract new (...args: never[]) => Error;

/** The classes that errors from another thread may become instances of, by name. */
class ErrorClasses {
  readonly #byName = new Map<string, ErrorClass>();

  constructor(types: readonly (readonly [name: string, type: ErrorClass])[]) {
    this.#byName = new Map(types);
  }

  /** The class of the first of these names that is known. */
  nearest(names: readonly string[]): ErrorClass | undefined {
    const name = names.find((each) => this.#byName.has(each));
    return name === undefined ? undefined : this.#byName.get(name);
  }

  /** Adds a class; gives the one that has the name already where that is another. */
  add(name: string, type: ErrorClass): ErrorClass | undefined {
    const known = this.#byName.get(name);
    if (known === undefined) this.#byName.set(name, type);
    return known === type ? undefined : known;
  }
}

// By literal names: minified classes have others.
/** @internal */
export const errorClasses = new ErrorClasses([
  ['MissingOverflowError', MissingOverflowError],
  ['StreamOverflowError', StreamOverflowError],
]);

const standard: readonly ErrorClass[] = [
  Error,
  AggregateError,
  DOMException,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
];

/**
 * Lets errors of a class, and of classes derived from it, cross threads as its instances: `instanceof` holds on the
 * side that has called this. Every pool of that side knows the class from then on.
 *
 * An error is recognised by the names of its class and of those above it, and by its own `name`: bundlers rename
 * classes, so give each a literal `name`, and register each that you ask for. It is rebuilt without calling the constructor: message, stack, cause and own fields are those that were sent, methods and
 * getters those of the class; private fields (`#field`) don't exist in it.
 *
 * @param name - what the class is called where the errors are thrown; the class's own name by default
 * @throws InvalidOptionsError where it is no class of errors, a standard one, or the name is another class's already
 * @example
 * ```ts
 * import { registerError } from 'millrace/workers';
 *
 * class FlightError extends Error {
 *   override readonly name = 'FlightError';
 * }
 * registerError(FlightError);
 * pool.run('delaysByAirport', table).subscribe({
 *   error: (error) => {
 *     if (error instanceof FlightError) console.error(error.message);
 *   },
 * });
 * ```
 */
export function registerError(type: ErrorClass, name?: string): void {
  const checker = new OptionChecker();
  if (typeof type !== 'function' || !(type.prototype instanceof Error) || standard.includes(type)) {
    checker.fail('the class', 'a class of your own that extends Error', type);
  }
  const key = checker.text('name', name) ?? (type as ErrorClass | undefined)?.name;
  if (key === undefined || key === '') checker.fail('name', 'a name, as the class has none', name);
  if (standard.some((each) => each.name === key)) checker.fail('name', 'no standard class’s', key);
  checker.throwIfAny('registerError');
  if (key === undefined) return;
  if (errorClasses.add(key, type) !== undefined) {
    checker.fail('name', 'one that no other registered class has', key);
    checker.throwIfAny('registerError');
  }
}
