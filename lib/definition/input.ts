import { InvalidOptionsError } from '../base/errors.ts';
import { inspectValue, messageOf } from '../base/inspect.ts';
import { nameFault } from '../base/name.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import type { Input } from './handle.ts';
import { InputHandle } from './input-handle.ts';
import { acceptsAnything, type Schema, type SchemaIssue } from './schema.ts';

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
  return new InputHandle(name, schema, readInput);
}

function readInput(
  checker: OptionChecker,
  { name, schema }: Input,
  values: Readonly<Record<string, unknown>>,
): unknown {
  const option = `inputs.${name}`;
  const isGiven = Object.hasOwn(values, name);
  const value = isGiven ? values[name] : undefined;
  if (!isGiven && acceptsAnything(schema)) return checker.fail(option, 'given', value);
  try {
    const result = schema['~standard'].validate(value);
    if (typeof result !== 'object' || (result as unknown) === null)
      return checker.fail(
        option,
        `described by a schema that answers as Standard Schema says, not with ${inspectValue(result)}`,
        value,
      );
    if ('then' in result) {
      // Its outcome is of no interest, nor is its rejection.
      Promise.resolve(result).catch(() => undefined);
      return checker.fail(option, 'described by a schema that validates synchronously', value);
    }
    if (result.issues === undefined) return result.value;
    if (!isGiven) return checker.fail(option, 'given', value);
    return checker.fail(option, `valid (${result.issues.map(describeIssue).join('; ')})`, value);
  } catch (error) {
    return checker.fail(option, `what its schema can check (it threw: ${messageOf(error)})`, value);
  }
}

function describeIssue({ message, path }: SchemaIssue): string {
  const where = path?.map((part) => String(typeof part === 'object' ? part.key : part)).join('.') ?? '';
  return where === '' ? message : `${where}: ${message}`;
}
