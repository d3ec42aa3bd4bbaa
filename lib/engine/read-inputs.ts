import { nearestName } from '../base/nearest.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import type { Input } from '../definition/handle.ts';
import type { ReadInput } from '../definition/input-handle.ts';

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
  return inputs.map((input) => (input as ReadInput).read(checker, input, values));
}
