import { type Demand, parseDemand, type Resource } from '../admission/demand.ts';
import { decided } from '../base/decision.ts';
import { OptionChecker } from '../base/option-checker.ts';
import type { CacheOptions } from './cache-option.ts';
import { type FanOutPlan, KnownItems } from './hosted.ts';
import type { offloadedMark } from './offloaded-body.ts';
import type { StepBody } from './step-definition.ts';
import {
  defaultSettings,
  parseStepOptions,
  type StepOptions,
  type StepSettings,
  stepOptionNames,
  stepOptionSynonyms,
} from './step-options.ts';

/** What a fan-out may say beside its function. What isn't said of a child here is as for any step. */
export interface ForEachOptions<Item, Out, Settle extends boolean = false, Shared = unknown>
  extends Omit<StepOptions<Out>, 'when' | 'resource' | 'cache'> {
  /**
   * What each child takes of each resource class while it runs; or a function of its item that says so, as where each host, or each
   * size of a file, has a limit of its own.
   *
   * @defaultValue `'light-cpu'`; `'heavy-cpu'` where the body is a pool's task
   */
  readonly resource?: Resource | ((item: Item) => Resource) | undefined;
  /** When the result of a child may be taken from an earlier run: its functions get the item, and what all children get. */
  readonly cache?: ChildCacheOptions<Item, Shared> | undefined;
  /** Whether the fan-out runs, as for any step. */
  readonly when?: ((inputs: Shared) => boolean) | undefined;
  /**
   * Names the child of an item: a string that isn't empty, or a finite number; `1` and `'1'` are one key. Keys are unique, and
   * kept until the fan-out is over; two that are equal fail it with a `DuplicateKeyError`. In the child's path, `id[key]`, the
   * characters `/`, `[`, `]` and `%` are escaped as in a URL.
   *
   * @defaultValue the place of the item, from 0
   */
  readonly key?: ((item: Item, index: number) => string | number) | undefined;
  /** How many children may run, wait or back off at once, whatever else there is room for. @defaultValue no limit */
  readonly concurrency?: number | undefined;
  /**
   * Whether the failure of a child is a result as well: the output is then a list of
   * `{ status: 'fulfilled', value }` and `{ status: 'rejected', reason }`, the reason being a `StepFailedError`, and the fan-out
   * doesn't fail.
   *
   * @defaultValue false
   */
  readonly settle?: Settle | undefined;
  /**
   * Is told the result of each child as soon as it is there, in the order in which they come; with `settle` of those that fail too. Once
   * the fan-out is stopped it is told nothing more. What it throws fails the fan-out. It may not give a Promise: what takes time belongs
   * into the child's own function.
   *
   * @defaultValue nobody is told; the output has all results in the order of the items
   */
  readonly onResult?: ((result: ChildResult<Out, Settle>, key: string) => void) | undefined;
}

/** As {@link CacheOptions}, of a child. */
export interface ChildCacheOptions<Item, Shared> extends Omit<CacheOptions, 'key' | 'files'> {
  /** What of the item and the other inputs counts; any value that can be stored. @defaultValue all of them */
  readonly key?: ((item: Item, inputs: Shared) => unknown) | undefined;
  /** The paths of the files and folders that the child reads: what is in them counts. */
  readonly files?: ((item: Item, inputs: Shared) => readonly string[]) | undefined;
}

/** What a child gives: its output, or with `settle` how it ended. */
export type ChildResult<Out, Settle extends boolean> = Settle extends true ? PromiseSettledResult<Out> : Out;

/** As {@link ForEachOptions}, with the results folded instead of kept. */
export interface ForEachReduceOptions<Item, Out, Sum, Settle extends boolean = false, Shared = unknown>
  extends ForEachOptions<Item, Out, Settle, Shared> {
  /** Takes the results in, one by one, in the order of the items. */
  readonly reduce: (sum: Sum, result: ChildResult<Out, Settle>, key: string) => Sum;
  /**
   * What it begins with, and the output where there are no items: a value, of which each run has a copy where it is a plain object, an
   * array, a Map, a Set or a Date; or a function that makes it, each time anew.
   */
  readonly initial: Sum | (() => Sum);
}

/** Options of either kind. */
interface AllOptions extends Omit<StepOptions, 'resource' | 'cache'> {
  readonly cache?: ChildCacheOptions<unknown, unknown> | undefined;
  readonly resource?: Resource | ((item: unknown) => Resource) | undefined;
  readonly key?: FanOutPlan['keyOf'] | undefined;
  readonly concurrency?: number | undefined;
  readonly settle?: boolean | undefined;
  readonly onResult?: FanOutPlan['onResult'] | undefined;
  readonly reduce?: FanOutPlan['reduce'] | undefined;
  readonly initial?: unknown;
}

/** Reads the options of a fan-out: what each child is, and what the fan-out itself. What is wrong is noted with the checker. */
export function readForEachOptions(
  checker: OptionChecker,
  options: AllOptions,
  body: StepBody,
  mark: ReturnType<typeof offloadedMark>,
  isLive: boolean,
  count: number | undefined,
): { readonly plan: FanOutPlan; readonly settings: StepSettings } {
  const given = checker.record('options', options) ? options : {};
  const names = [...stepOptionNames, 'key', 'concurrency', 'settle', 'onResult', 'reduce', 'initial'];
  checker.knownKeys('', given, names, stepOptionSynonyms);
  const { resource } = given;
  const isSaidByItem = typeof resource === 'function';
  const plain = {
    ...given,
    when: undefined,
    cache: ofChild(given.cache),
    resource: isSaidByItem ? undefined : resource,
  };
  const child = parseStepOptions(checker, '', plain, mark);
  const reduce = checker.function('reduce', given.reduce);
  if (reduce !== undefined && !('initial' in given))
    checker.fail('initial', 'given, since reduce begins with it', undefined);
  if (reduce === undefined && given.initial !== undefined)
    checker.fail('initial', 'absent, since there is no reduce that would begin with it', given.initial);
  const plan: FanOutPlan = {
    body,
    settings: child,
    demandOf: isSaidByItem ? (item) => demandSaid(resource(item)) : undefined,
    keyOf: checker.function('key', given.key),
    concurrency: checker.count('concurrency', given.concurrency, 1) ?? Infinity,
    onResult: checker.function('onResult', given.onResult),
    reduce,
    initial: given.initial,
    settle: checker.flag('settle', given.settle) ?? false,
    isLive,
  };
  const { description, group, tags, priority, estimate, version, checkpoint } = child;
  const settings: StepSettings = {
    ...defaultSettings,
    demand: isLive && !isSaidByItem ? child.demand : nothing,
    description,
    group,
    tags,
    priority,
    estimate,
    version,
    checkpoint,
    when: checker.function('when', given.when),
    kind: 'for-each',
    within: new KnownItems(plan, count),
  };
  return { plan, settings };
}

/** The functions of a child's cache as those of any step: all that it gets is one record. */
function ofChild(cache: AllOptions['cache']): CacheOptions<ChildInputs> | undefined {
  if (typeof cache !== 'object' || (cache as unknown) === null) return cache as undefined;
  const ofItem = <Said>(said: ((item: unknown, inputs: unknown) => Said) | undefined) =>
    typeof said === 'function' ? ({ item, inputs }: ChildInputs): Said => said(item, inputs) : said;
  return { ...cache, key: ofItem(cache.key), files: ofItem(cache.files) };
}

interface ChildInputs {
  readonly item: unknown;
  readonly inputs: unknown;
}

/** @throws InvalidOptionsError where it is no resource */
function demandSaid(resource: Resource): Demand {
  const checker = new OptionChecker();
  const said = decided(() => 'forEachStep', 'what resource gives', 'a resource', resource);
  const demand = parseDemand(checker, 'what resource gives', said);
  checker.throwIfAny('forEachStep');
  return demand;
}

const nothing = Object.freeze({});
