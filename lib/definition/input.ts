import { InvalidOptionsError } from '../base/errors.ts';
import { nameFault } from '../base/name.ts';
import type { Input } from './handle.ts';
import type { Schema } from './schema.ts';

class InputHandle<Name extends string, Value> implements Input<Name, Value> {
  readonly kind = 'input';
  readonly name: Name;
  readonly schema: Schema<Value>;

  constructor(name: Name, schema: Schema<Value>) {
    this.name = name;
    this.schema = schema;
    Object.freeze(this);
  }
}

/**
 * A typed parameter of a workflow, given by `run({ inputs })` and checked before anything runs.
 *
 * Share the handle: two handles of one name in a workflow are a fault.
 *
 * @param schema - a Standard Schema (zod, valibot, arktype …) with synchronous validation, or `type<T>()`
 * @throws InvalidOptionsError where the name is empty or the schema isn't one
 * @example
 * ```ts
 * const path = input('path', type<string>());
 * const table = step('table', { path }, ({ path }) => readFile(path, 'utf8'));
 * ```
 */
export function input<const Name extends string, Value>(
  name: Name,
  schema: Schema<Value>,
): Input<Name, Value> {
  const expected = nameFault(name);
  if (expected !== undefined)
    throw new InvalidOptionsError('input', [{ option: 'name', expected, value: name }]);
  if (typeof (schema as Schema | undefined)?.['~standard']?.validate !== 'function') {
    throw new InvalidOptionsError(`input('${name}')`, [
      { option: 'schema', expected: 'a Standard Schema, or type<T>() to accept anything', value: schema },
    ]);
  }
  return new InputHandle(name, schema);
}

/** Whether a value is an input handle. */
export function isInput(value: unknown): value is Input {
  return value instanceof InputHandle;
}
