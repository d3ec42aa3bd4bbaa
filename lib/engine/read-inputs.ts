import { inspectValue, messageOf } from '../base/inspect.ts';
import { nearestName } from '../base/nearest.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import type { Input } from '../definition/handle.ts';
import { acceptsAnything, type SchemaIssue } from '../definition/schema.ts';

/** The value of each input, checked against its schema; what is wrong is noted with the checker. */
export function readInputs(checker: OptionChecker, inputs: readonly Input[], given: unknown): unknown[] {
  if (given !== undefined && !checker.record('inputs', given, 'a record of values by name')) return [];
  const values: Readonly<Record<string, unknown>> = (given ?? {}) as Readonly<Record<string, unknown>>;
  const names = inputs.map(({ name }) => name);
  for (const name of Object.keys(values)) {
    if (names.includes(name)) continue;
    const meant = nearestName(name, names);
    const known =
      names.length === 0 ? 'the workflow has none' : `it has ${names.map((each) => `'${each}'`).join(', ')}`;
    checker.fail(
      `inputs.${name}`,
      `absent (the workflow has no such input; ${meant === undefined ? known : `did you mean '${meant}'?`})`,
      values[name],
    );
  }
  return inputs.map((input) => readInput(checker, input, values));
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
