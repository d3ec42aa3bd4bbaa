import type { OptionChecker } from '../base/option-checker.ts';
import type { Input } from './handle.ts';
import type { Schema } from './schema.ts';

/** Reads the value of an input, among those that are given by name; what is wrong is noted with the checker. */
export type InputReader = (
  checker: OptionChecker,
  input: Input,
  values: Readonly<Record<string, unknown>>,
) => unknown;

/** An input as the engine knows it. */
export interface ReadInput extends Input {
  readonly read: InputReader;
}

/** The class behind {@link Input}. It brings what reads its value. */
export class InputHandle<Name extends string, Value> implements Input<Name, Value>, ReadInput {
  readonly kind = 'input';
  readonly name: Name;
  readonly schema: Schema<Value>;
  readonly read: InputReader;

  constructor(name: Name, schema: Schema<Value>, read: InputReader) {
    this.name = name;
    this.schema = schema;
    this.read = read;
    Object.freeze(this);
  }
}

/** Whether a value is an input handle. */
export function isInput(value: unknown): value is Input {
  return value instanceof InputHandle;
}
