import type { Limits } from '../admission/limits.ts';
import { parseBytes } from '../base/bytes.ts';
import { hintOr } from '../base/nearest.ts';
import type { Input } from '../definition/handle.ts';
import { acceptsAnything } from '../definition/schema.ts';
import { UsageError } from './exit.ts';

/**
 * The values of inputs that were given as text, `name=text` each. Of what a text may stand for, the first is taken that the schema of the input
 * accepts: JSON, the text itself, a number, a big integer. Where it accepts none, what is wrong with it is found when the run is made.
 */
export function readInputs(
  given: readonly string[],
  inputs: readonly Input[],
): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const [name, text] of pairsOf('--input', given)) {
    const input = inputs.find((each) => each.name === name);
    if (input === undefined) throw unknownInput(name, inputs);
    const candidates = candidatesOf(text);
    values[name] = candidates.find((value) => accepts(input, value)) ?? candidates[0];
  }
  return values;
}

function unknownInput(name: string, inputs: readonly Input[]): UsageError {
  const names = inputs.map((input) => input.name);
  const has = names.length === 0 ? 'it has none' : `it has ${names.map((each) => `'${each}'`).join(', ')}`;
  return new UsageError(`the workflow has no input '${name}'; ${hintOr(has, name, names)}`);
}

function candidatesOf(text: string): unknown[] {
  const candidates: unknown[] = [];
  try {
    const value: unknown = JSON.parse(text);
    // A number that JavaScript can't hold is better taken for text, or for a big integer.
    if (!(Number.isInteger(value) && !Number.isSafeInteger(value))) candidates.push(value);
  } catch {
    // It is no JSON.
  }
  candidates.push(text);
  if (text.trim() !== '' && !Number.isNaN(Number(text))) candidates.push(Number(text));
  if (/^-?\d+$/.test(text)) candidates.push(BigInt(text));
  return candidates;
}

function accepts({ schema }: Input, value: unknown): boolean {
  if (acceptsAnything(schema)) return true;
  try {
    const result = schema['~standard'].validate(value);
    if ('then' in result) {
      // Of no interest: the run says that it can't be used.
      result.then(undefined, () => undefined);
      return true;
    }
    return result.issues === undefined;
  } catch {
    return false;
  }
}

/** Limits that were given as text, `class=amount` each: a number, an amount of memory, or a rate as JSON. */
export function readLimits(given: readonly string[]): Limits {
  const limits: Record<string, unknown> = {};
  for (const [name, text] of pairsOf('--limit', given)) limits[name] = limitOf(text);
  return limits as Limits;
}

function limitOf(text: string): unknown {
  if (/^[{[]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new UsageError(`expected the limit ${text} to be JSON`, { cause: error });
    }
  }
  const number = Number(text);
  if (text.trim() !== '' && !Number.isNaN(number)) return number;
  return parseBytes(text) === undefined ? text : text.trim();
}

function pairsOf(option: string, given: readonly string[]): readonly (readonly [string, string])[] {
  const seen = new Set<string>();
  return given.map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1) throw new UsageError(`expected ${option} to be name=value, got ${JSON.stringify(pair)}`);
    const name = pair.slice(0, at);
    if (seen.has(name)) throw new UsageError(`${option} ${name} is given twice`);
    seen.add(name);
    return [name, pair.slice(at + 1)] as const;
  });
}
