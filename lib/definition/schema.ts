/**
 * What millrace needs of a Standard Schema (https://standardschema.dev): zod, valibot, arktype and others
 * make them. Only synchronous validation is accepted, since inputs are checked before anything runs.
 */
export interface Schema<Value = unknown> {
  /** The part that the standard prescribes. */
  readonly '~standard': {
    /** The version of the standard. */
    readonly version: 1;
    /** The library that made the schema. */
    readonly vendor: string;
    /** Checks a value and gives it back, perhaps transformed, or says what is wrong with it. */
    readonly validate: (value: unknown) => SchemaResult<Value> | Promise<SchemaResult<Value>>;
    /** Only for the type checker. */
    readonly types?:
      | {
          /** What it takes. */
          readonly input: unknown;
          /** What it gives. */
          readonly output: Value;
        }
      | undefined;
  };
}

/** What a schema says of a value. */
export type SchemaResult<Value> =
  | {
      /** The value, perhaps transformed. */
      readonly value: Value;
      /** Nothing is wrong with it. */
      readonly issues?: undefined;
    }
  | {
      /** Everything that is wrong with it. */
      readonly issues: readonly SchemaIssue[];
    };

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where in the value it is. */
  readonly path?:
    | readonly (
        | PropertyKey
        | {
            /** One step of the way there. */
            readonly key: PropertyKey;
          }
      )[]
    | undefined;
}

const anything: Schema<never> = {
  '~standard': { version: 1, vendor: 'millrace', validate: (value) => ({ value: value as never }) },
};

/**
 * A schema that accepts anything and says what type it is taken for.
 *
 * @example
 * ```ts
 * const path = input('path', type<string>());
 * ```
 */
export function type<Value>(): Schema<Value> {
  return anything;
}

/** Whether a schema was made by `type()`, so that it says nothing of a value that is missing. */
export function acceptsAnything(schema: Schema): boolean {
  return schema === anything;
}
