import { nameFault } from '../base/name.ts';
import { OptionChecker } from '../base/option-checker.ts';
import type { Dependencies, Handle, NeedsOf, OutputsOf, Step } from './handle.ts';
import { offloadedMark } from './offloaded-body.ts';
import type { Output } from './output.ts';
import { checkShape, isHandle, isRecord, ownerOf } from './step-arguments.ts';
import type { StepContext } from './step-context.ts';
import type { StepBody, StepDefinition } from './step-definition.ts';
import { StepHandle } from './step-handle.ts';
import {
  defaultSettings,
  parseStepOptions,
  type StepOptions,
  stepOptionNames,
  stepOptionSynonyms,
} from './step-options.ts';

// The engine knows steps by this file.
export type { StepBody, StepDefinition };

/**
 * Defines a step: a function of its dependencies' outputs, and the options of its execution.
 *
 * The function returns a plain value, a Promise, an Observable or an AsyncIterable; the step's output is that
 * value, or the last one of the stream. Arrays and strings are plain values. A stream without a value fails the
 * step with an `EmptyStepError`. A function may also return a step or a workflow, which is run in its place; to return
 * `optional(…)`, `stream(…)`, an input or a list of steps is an error that says what to return.
 *
 * Nothing runs until a workflow that reaches the step does. The handle is immutable and may be used in any
 * number of workflows; within one, ids are unique.
 *
 * @throws InvalidOptionsError at once, naming every option that can't be used
 * @example
 * ```ts
 * const page = step('page', (ctx) => fetch('https://example.org', { signal: ctx.signal }), { retry: 2, timeout: '5s' });
 * ```
 */
export function step<Returned>(
  id: string,
  run: (ctx: StepContext) => Returned,
  options?: StepOptions<Output<Returned>>,
): Step<Output<Returned>, never>;
/**
 * Defines a step that is given what others have come to, by the names under which it asks for them.
 *
 * @throws InvalidOptionsError at once, naming every option that can't be used
 * @example
 * ```ts
 * const numbers = step('numbers', () => [1, 2, 3]);
 * const sum = step('sum', { numbers }, ({ numbers }) => numbers.reduce((a, b) => a + b));
 * ```
 */
export function step<const Deps extends Dependencies, Returned>(
  id: string,
  deps: Deps,
  run: (inputs: OutputsOf<Deps>, ctx: StepContext) => Returned,
  options?: StepOptions<Output<Returned>, OutputsOf<Deps>>,
): Step<Output<Returned>, NeedsOf<Deps>>;
export function step(
  id: string,
  depsOrRun: Dependencies | ((ctx: StepContext) => unknown),
  runOrOptions?: StepBody | AnyOptions,
  maybeOptions?: AnyOptions,
): Step<never, never> {
  const hasDependencies = typeof depsOrRun !== 'function';
  const deps = hasDependencies ? depsOrRun : noDependencies;
  const run = (hasDependencies ? runOrOptions : depsOrRun) as StepBody;
  const options = (hasDependencies ? maybeOptions : runOrOptions) as AnyOptions | undefined;

  const areRecord = isRecord(deps);
  const inputNames = areRecord ? namesIn(deps) : [];
  const inputs: readonly Handle[] = areRecord ? Object.values(deps) : [];
  let sound = nameFault(id) === undefined && typeof run === 'function' && areRecord;
  for (let at = 0; at < inputs.length; at++) {
    if (!isHandle(inputs[at])) sound = false;
  }
  const mark = offloadedMark(run);
  if (sound && options === undefined && mark === undefined) {
    const body = hasDependencies ? run : withoutInputs(run as never);
    return new StepHandle(id, body, inputNames, inputs, defaultSettings);
  }

  const checker = new OptionChecker();
  if (!sound) checkShape(checker, id, deps, run);
  let settings = defaultSettings;
  if (options !== undefined && checker.record('options', options)) {
    checker.knownKeys('', options, stepOptionNames, stepOptionSynonyms);
    settings = parseStepOptions(checker, '', options, mark);
  } else if (mark !== undefined) {
    settings = { ...defaultSettings, demand: mark.demand, isOffloaded: true };
  }
  checker.throwIfAny(ownerOf(id));
  // A pool's task takes (inputs, ctx) in either form.
  const body = hasDependencies || mark !== undefined ? run : withoutInputs(run as never);
  return new StepHandle(id, body, inputNames, inputs, settings);
}

/** Options whose `when` has inputs of some kind. */
type AnyOptions = StepOptions<unknown, never>;

const noDependencies: Dependencies = Object.freeze({});

let lastNames: readonly string[] = [];

/** The names of the dependencies. Steps made in a row often name them alike; they then share one list. */
function namesIn(deps: Dependencies): readonly string[] {
  let at = 0;
  // Other than `Object.keys`, this allocates nothing. What is inherited makes a difference, which is then no match.
  for (const name in deps) if (lastNames[at++] !== name) return newNames(deps);
  return at === lastNames.length ? lastNames : newNames(deps);
}

function newNames(deps: Dependencies): readonly string[] {
  lastNames = Object.keys(deps);
  return lastNames;
}

function withoutInputs(run: (ctx: StepContext) => unknown): StepBody {
  return (_, ctx) => run(ctx);
}
