import { inspectValue } from './base/inspect.ts';
import { OptionChecker } from './base/option-checker.ts';
import { OptionalHandle, type OptionalStep } from './definition/edge-handle.ts';
import type { Dependencies, Handle, NeedsOf, OutputsOf, Step } from './definition/handle.ts';
import type { Join } from './definition/join.ts';
import { checkShape, isRecord, ownerOf } from './definition/step-arguments.ts';
import { isStep, StepHandle } from './definition/step-handle.ts';
import {
  defaultSettings,
  parseStepOptions,
  type StepOptions,
  type StepSettings,
} from './definition/step-options.ts';
import { Joins } from './engine/joins.ts';

/** What a step that joins others may say. The others have options of their own. */
export type JoinOptions<Out = unknown> = Pick<StepOptions<Out>, 'cleanup' | 'description' | 'group' | 'tags'>;

const joinOptionNames = ['cleanup', 'description', 'group', 'tags'];

/** A branch: a step, or a record of steps. With it runs what they need. */
export type Branch = Step | Readonly<Record<string, Step>>;

/** What a branch gives: the step's output, or those of the record. */
export type BranchOutput<One> =
  One extends Step<infer Out> ? Out : One extends Dependencies ? OutputsOf<One> : never;

/** The inputs that a branch needs. */
export type BranchNeeds<One> =
  One extends Step<unknown, infer Needs> ? Needs : One extends Dependencies ? NeedsOf<One> : never;

/**
 * A dependency, or an output of a workflow, that may be missing: where the step is skipped, it gives `undefined` instead of
 * skipping who needs it, or failing the run. Under `onFailure: 'continue'` the same goes for a step that fails.
 *
 * @throws InvalidOptionsError where it isn't a step
 * @example
 * ```ts
 * const isLarge = input('isLarge', type<boolean>());
 * const preview = step('preview', { isLarge }, () => 'preview.png', { when: ({ isLarge }) => isLarge });
 * const page = step('page', { preview: optional(preview) }, ({ preview }) => preview ?? 'no preview');
 * const site = workflow('site', { page, preview: optional(preview) });
 * ```
 */
export function optional<One extends Step>(
  step: One,
): OptionalStep<(One extends Step<infer Out> ? Out : never) | undefined, BranchNeeds<One>> {
  const checker = new OptionChecker();
  if (!isStep(step)) checker.fail('the step', 'a step made by step()', step);
  checker.throwIfAny('optional');
  return new OptionalHandle(step as unknown as StepHandle);
}

/**
 * Defines a step that runs one of several branches: the selector is asked once with the outputs of the dependencies, and says
 * which. The output is the branch's: its step's, or those of its record by name.
 *
 * Only the steps of that branch are started, but for those that something else needs anyway. The steps of the others are skipped.
 * A selector that throws or names no branch (`UnknownBranchError`) fails the step.
 *
 * @throws InvalidOptionsError at once, naming everything that can't be used
 * @example
 * ```ts
 * const size = input('size', type<number>());
 * const plain = step('plain', () => 'as it is');
 * const packed = step('packed', () => 'compressed');
 * const file = choose('file', { size }, ({ size }) => (size > 1e6 ? 'large' : 'small'), { large: packed, small: plain });
 * ```
 */
export function choose<
  const Deps extends Dependencies,
  const Branches extends Readonly<Record<string, Branch>>,
>(
  id: string,
  deps: Deps,
  selector: (inputs: OutputsOf<Deps>) => keyof Branches & string,
  branches: Branches,
  options: JoinOptions<BranchOutput<Branches[keyof Branches]>> = {},
): Step<BranchOutput<Branches[keyof Branches]>, NeedsOf<Deps> | BranchNeeds<Branches[keyof Branches]>> {
  const checker = new OptionChecker();
  checkShape(checker, id, deps, selector, false);
  const names = isRecord(deps) ? Object.keys(deps) : [];
  const inputs = isRecord(deps) ? Object.values(deps) : [];
  const places = new Map<string, number | ReadonlyMap<string, number>>();
  const add = (where: string, one: unknown): number => {
    if (!isStep(one)) checker.fail(where, 'a step made by step()', one);
    names.push(String(inputs.length));
    return inputs.push(one as never) - 1;
  };
  if (checker.record('branches', branches, 'a record of steps by branch')) {
    for (const [name, branch] of Object.entries(branches)) {
      if (isStep(branch) || !isRecord(branch)) places.set(name, add(`branches.${name}`, branch));
      else
        places.set(
          name,
          new Map(Object.entries(branch).map(([key, one]) => [key, add(`branches.${name}.${key}`, one)])),
        );
    }
    if (places.size === 0) checker.fail('branches', 'a record with at least one branch', branches);
  }
  const join: Join = {
    Joins,
    kind: 'choose',
    dependencies: inputs.length - countOf(places),
    selector: selector as never,
    branches: places,
  };
  return joinStep(checker, 'choose', id, names, inputs as never, join, options);
}

/**
 * Defines a step that gives the output of the first of several steps to complete. The others, and what only they need, are cancelled
 * at that moment: it is how a request is hedged. Nobody waits for them to stop but the last event of the run. One that fails merely
 * drops out; where none is left, the step fails with a `NoneSucceededError`.
 *
 * @throws InvalidOptionsError at once, naming everything that can't be used
 * @example
 * ```ts
 * const near = step('near', ({ signal }) => fetch('https://near.example.org', { signal }));
 * const far = step('far', ({ signal }) => fetch('https://far.example.org', { signal }));
 * const answer = firstOf('answer', [near, far]);
 * ```
 */
export function firstOf<const Candidates extends readonly Step[]>(
  id: string,
  candidates: Candidates,
  options: JoinOptions<BranchOutput<Candidates[number]>> = {},
): Step<BranchOutput<Candidates[number]>, BranchNeeds<Candidates[number]>> {
  const checker = new OptionChecker();
  const given: readonly unknown[] = Array.isArray(candidates) ? (candidates as readonly unknown[]) : [];
  if (given.length === 0) checker.fail('the candidates', 'a list of at least one step', candidates);
  checkShape(checker, id, {}, () => undefined);
  for (const [place, one] of given.entries())
    if (!isStep(one)) checker.fail(`candidate ${String(place)}`, 'a step made by step()', one);
  const names = given.map((_, place) => String(place));
  return joinStep(checker, 'firstOf', id, names, given as never, { Joins, kind: 'first-of' }, options);
}

/**
 * Defines a step that gives the output of one step, or where that one fails, of another. The other, and what only it needs, starts
 * only then. A step that is skipped hasn't failed: the fallback is skipped as well.
 *
 * The failure is told as an event, but it fails nothing, unless something else needs the step.
 *
 * @throws InvalidOptionsError at once, naming everything that can't be used
 * @example
 * ```ts
 * const fresh = step('fresh', () => fetch('https://example.org/rates.json').then((response) => response.json()), { timeout: '5s' });
 * const cached = step('cached', () => ({ EUR: 1 }));
 * const rates = fallback('rates', fresh, cached);
 * ```
 */
export function fallback<First extends Step, Other extends Step>(
  id: string,
  step: First,
  other: Other,
  options: JoinOptions<BranchOutput<First | Other>> = {},
): Step<BranchOutput<First | Other>, BranchNeeds<First | Other>> {
  const checker = new OptionChecker();
  checkShape(checker, id, {}, () => undefined);
  if (!isStep(step)) checker.fail('the step', 'a step made by step()', step);
  if (!isStep(other)) checker.fail('the other step', 'a step made by step()', other);
  if (isStep(step) && (step as unknown) === other)
    checker.fail('the other step', `another one than '${step.id}'`, inspectValue(step.id));
  return joinStep(
    checker,
    'fallback',
    id,
    ['0', '1'],
    [step, other] as never,
    { Joins, kind: 'fallback' },
    options,
  );
}

function countOf(places: ReadonlyMap<string, number | ReadonlyMap<string, number>>): number {
  return [...places.values()].reduce<number>(
    (sum, place) => sum + (typeof place === 'number' ? 1 : place.size),
    0,
  );
}

function joinStep(
  checker: OptionChecker,
  maker: string,
  id: string,
  names: readonly string[],
  inputs: readonly StepHandle[],
  join: Join,
  options: JoinOptions<never>,
): Step<never, never> {
  let settings: StepSettings = { ...defaultSettings, demand: nothing, join };
  if (checker.record('options', options)) {
    checker.knownKeys('', options, joinOptionNames);
    settings = { ...parseStepOptions(checker, '', options as JoinOptions, undefined), demand: nothing, join };
  }
  checker.throwIfAny(ownerOf(id, maker));
  return new StepHandle(id, joined, names, inputs as readonly unknown[] as readonly Handle[], settings);
}

/** The engine gives a join what it has come to. */
const joined = ({ output }: Readonly<Record<string, unknown>>): unknown => output;

const nothing = Object.freeze({});
