import type { Observable } from 'rxjs';
import { isInterop, isObservable } from './base/interop-observable.ts';
import { OptionChecker } from './base/option-checker.ts';
import { StreamHandle } from './definition/edge-handle.ts';
import {
  type ChildResult,
  type ForEachOptions,
  type ForEachReduceOptions,
  readForEachOptions,
} from './definition/for-each-options.ts';
import type { Dependencies, Handle, NeedsOf, OutputsOf, Step } from './definition/handle.ts';
import { HostedItems } from './definition/hosted.ts';
import { offloadedMark } from './definition/offloaded-body.ts';
import type { Output } from './definition/output.ts';
import { checkShape, isHandle, isRecord, ownerOf } from './definition/step-arguments.ts';
import type { StepContext } from './definition/step-context.ts';
import type { StepBody } from './definition/step-definition.ts';
import { StepHandle } from './definition/step-handle.ts';
import { FanOutScope } from './engine/fan-out-scope.ts';
import { keptOnce } from './run/kept-run.ts';

/** Where items come from. */
export type ItemSource = Iterable<unknown> | AsyncIterable<unknown> | Observable<unknown>;

/** What the items of a fan-out may be: a list or a stream of them, a function that gives one, or a handle on one. */
export type Items = Handle | ItemSource | (() => ItemSource);

/** The type of one of them. */
export type ItemOf<Given> = SourceOf<Given> extends infer Source ? ItemIn<Source> : never;

type SourceOf<Given> = Given extends Handle<infer Out> ? Out : Given extends () => infer Made ? Made : Given;

type ItemIn<Source> = Source extends string
  ? never
  : Source extends Iterable<infer Item> | AsyncIterable<infer Item>
    ? Item
    : Source extends Observable<infer Item>
      ? Item
      : never;

/** Nothing where there are items; where there are none, what the compiler says about it. */
export type HasItems<Given> =
  IsSource<SourceOf<Given>> extends true
    ? unknown
    : {
        /** What is wrong. */
        readonly items: 'items are an iterable other than a string, an AsyncIterable, an Observable, a function that gives one of these, or a handle on one';
      };

/** Of a union, every member must be one. A string is a value, as everywhere; of `any` only the run knows. */
type IsSource<Source> = 0 extends 1 & Source
  ? true
  : [Source] extends [ItemSource]
    ? [Extract<Source, string>] extends [never]
      ? true
      : false
    : false;

/** The dependencies of a fan-out: its items, and what every child gets beside its own. */
export interface ForEachDependencies {
  /** The items: a list, an AsyncIterable, an Observable, a function that gives one, or a handle on one. */
  readonly items: Items;
  readonly [name: string]: Items;
}

/** What the children get beside their items. */
export type SharedOf<Deps extends ForEachDependencies> =
  Omit<Deps, 'items'> extends infer Shared extends Dependencies ? OutputsOf<Shared> : never;

/** The inputs that a fan-out needs. */
export type ForEachNeeds<Deps extends ForEachDependencies> = NeedsOf<{
  readonly [Name in keyof Deps as Deps[Name] extends Handle ? Name : never]: Deps[Name] extends Handle
    ? Deps[Name]
    : never;
}>;

/** What a child's function gets beside its item and the inputs: one object for each attempt. */
export interface ForEachContext extends StepContext {
  /** The child's key: it is `id[key]`. */
  readonly key: string;
  /** The place of its item, from 0. */
  readonly index: number;
}

/** The function of a fan-out: called once for each attempt of each child. */
export type ForEachBody<Deps extends ForEachDependencies, Returned> = (
  item: ItemOf<Deps['items']>,
  inputs: SharedOf<Deps>,
  ctx: ForEachContext,
) => Returned;

/**
 * Defines a fan-out: a step that brings one child step for each item, known only when it runs. Its output is the list of the
 * children's outputs, in the order of the items.
 *
 * Children are steps named `id[key]`: `resource`, `retry`, `timeout`, `priority`, `estimate`, `cleanup` and `release` are theirs,
 * while the fan-out itself takes nothing. They start as they fit, the earlier items first, and only so many are made as can soon
 * start: an AsyncIterable isn't read further than that, while what an Observable emits waits. Items are a list (a Set or any other
 * iterable too), an AsyncIterable, an Observable, a function that gives one of these, called anew for each run and attempt, or a
 * handle on a list. What can be read only once, as a generator, fails the second time. To fan out further, return a step from the
 * function.
 *
 * A child that fails fails the fan-out: at once under `'fail-fast'`, after the others under `'continue'`. A `DuplicateKeyError`, an
 * error of the items' own or of `key`, `reduce` or `onResult` fails it as well.
 *
 * @throws InvalidOptionsError at once, naming every option that can't be used
 * @example
 * ```ts
 * const urls = step('urls', () => ['https://example.org/a', 'https://example.org/b']);
 * const pages = forEachStep('pages', { items: urls }, (url, _, { signal }) => fetch(url, { signal }).then((page) => page.text()), {
 *   key: (url) => url,
 *   resource: 'light-io',
 *   retry: 2,
 * });
 * const bytes = forEachStep('bytes', { items: pages }, (page) => page.length, {
 *   reduce: (sum: number, length) => sum + length,
 *   initial: 0,
 * });
 * ```
 */
export function forEachStep<
  const Deps extends ForEachDependencies,
  Returned,
  Sum,
  const Settle extends boolean = false,
>(
  id: string,
  deps: Deps & HasItems<Deps['items']>,
  run: ForEachBody<Deps, Returned>,
  options: ForEachReduceOptions<ItemOf<Deps['items']>, Output<Returned>, Sum, Settle, ForEachInputs<Deps>>,
): Step<Sum, ForEachNeeds<Deps>>;
export function forEachStep<
  const Deps extends ForEachDependencies,
  Returned,
  const Settle extends boolean = false,
>(
  id: string,
  deps: Deps & HasItems<Deps['items']>,
  run: ForEachBody<Deps, Returned>,
  options?: ForEachOptions<ItemOf<Deps['items']>, Output<Returned>, Settle, ForEachInputs<Deps>>,
): Step<readonly ChildResult<Output<Returned>, Settle>[], ForEachNeeds<Deps>>;
export function forEachStep(
  id: string,
  deps: ForEachDependencies,
  run: AnyRun,
  options: object = {},
): Step<never, never> {
  const checker = new OptionChecker();
  const { items, ...shared } = (isRecord(deps) ? deps : {}) as ForEachDependencies;
  const handles = (isHandle(items) ? { items, ...shared } : shared) as Dependencies;
  checkShape(checker, id, isRecord(deps) ? handles : (deps as never), run);
  if (isRecord(deps) && !isHandle(items) && typeof items !== 'function' && !hasItems(items))
    checker.fail(
      'items',
      'a handle on a list, or an iterable, an AsyncIterable or an Observable other than a string, or a function that gives one',
      items,
    );
  const { plan, settings } = readForEachOptions(
    checker,
    options,
    bodyOf(run),
    offloadedMark(run),
    items instanceof StreamHandle,
    Array.isArray(items) ? items.length : undefined,
  );
  checker.throwIfAny(ownerOf(id, 'forEachStep'));
  const raw = isHandle(items) ? undefined : items;
  const body: StepBody = (inputs) => {
    noteFanOut();
    const { items: given = raw, ...rest } = inputs;
    return new HostedItems(isMaker(given) ? given() : given, rest, plan, FanOutScope);
  };
  return new StepHandle(id, body, Object.keys(handles), Object.values(handles), settings);
}

/** What the `when` of a fan-out is asked with. */
export type ForEachInputs<Deps extends ForEachDependencies> = SharedOf<Deps> &
  (Deps['items'] extends Handle<infer Out>
    ? {
        /** The items. */
        readonly items: Out;
      }
    : unknown);

type AnyRun = (item: never, inputs: never, ctx: never) => unknown;

function hasItems(items: unknown): boolean {
  if ((typeof items !== 'object' && typeof items !== 'function') || items === null) return false;
  return isObservable(items) || isInterop(items) || Symbol.iterator in items || Symbol.asyncIterator in items;
}

/** Whether it gives the items anew each time it is called. */
function isMaker(items: unknown): items is () => unknown {
  return typeof items === 'function' && !hasItems(items);
}

/** A pool's task gets the item among its inputs; a function gets it before them. */
function bodyOf(run: AnyRun): StepBody {
  if (offloadedMark(run) === undefined)
    return ({ item, inputs }, ctx) => run(item as never, inputs as never, ctx as never);
  const task = run as unknown as StepBody;
  return ({ item, inputs }, ctx) => task({ ...(inputs as object), item }, ctx);
}

/** A small fan-out that is over is kept, as is a run without one: see there. */
const noteFanOut = /* @__PURE__ */ keptOnce((keep) => {
  const each = forEachStep('each', { items: [0] }, (...given) => keep(given).length);
  return { each };
});
