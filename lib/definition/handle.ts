import type { Schema } from './schema.ts';

/** An input that a step reaches: its name and the type of its value. */
export type Need = readonly [name: string, value: unknown];

declare const types: unique symbol;

/** What a step may depend on: something with a value of type `Out` that needs the inputs `Needs`. */
export interface Handle<out Out = unknown, out Needs extends Need = Need> {
  /** Only for the type checker: never there at run time. @hidden */
  readonly [types]?: { readonly out: Out; readonly needs: Needs };
}

/**
 * An immutable, typed handle on a step. Make one with `step`; use it in any number of workflows.
 *
 * `Step<Out>` alone stands for a step whose inputs are checked at run time only.
 */
export interface Step<out Out = unknown, out Needs extends Need = Need> extends Handle<Out, Needs> {
  /** What kind of handle this is. */
  readonly kind: 'step';
  /** The id, unique within a workflow. */
  readonly id: string;
}

/** A typed parameter of the workflows that use it. Make one with `input`. */
export interface Input<Name extends string = string, out Value = unknown>
  extends Handle<Value, readonly [Name, Value]> {
  /** What kind of handle this is. */
  readonly kind: 'input';
  /** The name under which `run({ inputs })` gives its value. */
  readonly name: Name;
  /** What its value is checked against. */
  readonly schema: Schema<Value>;
}

/** The handles a step depends on, by the names its function knows them by. */
export type Dependencies = Readonly<Record<string, Handle>>;

/** The values of handles. */
export type OutputsOf<Handles extends Dependencies> = {
  readonly [Name in keyof Handles]: Handles[Name] extends Handle<infer Out> ? Out : never;
  // So that editors show the record, and not how it is made.
} & {};

/** The inputs that handles need, as a union of pairs. */
export type NeedsOf<Handles extends Dependencies> = Handles[keyof Handles] extends infer One
  ? One extends Handle<unknown, infer Needs>
    ? Needs
    : never
  : never;

/** A union of needs as the record that a run takes. */
export type InputsOf<Needs extends Need> = { readonly [One in Needs as One[0]]: One[1] } & {};
