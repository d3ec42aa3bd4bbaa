import { nameFault } from '../base/name.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { OptionalHandle, StreamHandle } from './edge.ts';
import type { Dependencies, Handle, NeedsOf, Output, OutputsOf, Step } from './handle.ts';
import { isInput } from './input.ts';
import { offloadedMark } from './offloaded-body.ts';
import type { StepContext } from './step-context.ts';
import {
  defaultSettings,
  parseStepOptions,
  type StepOptions,
  type StepSettings,
  stepOptionNames,
} from './step-options.ts';

/** A step's function as the engine calls it. */
export type StepBody = (inputs: Readonly<Record<string, unknown>>, ctx: StepContext) => unknown;

/** What the engine knows of a step, however it was defined. */
export interface StepDefinition {
  readonly id: string;
  readonly body: StepBody;
  /** The names by which the body knows its dependencies. */
  readonly inputNames: readonly string[];
  readonly settings: StepSettings;
  /** Of a child of a fan-out: its key, and the place of its item. */
  readonly key?: string;
  readonly place?: number;
}

let handlesMade = 0;

/** The class behind {@link Step}. */
export class StepHandle implements Step<never, never>, StepDefinition {
  readonly id: string;
  readonly body: StepBody;
  readonly inputNames: readonly string[];
  /** The handles behind `inputNames`. */
  readonly inputs: readonly Handle[];
  readonly settings: StepSettings;
  /** The order of definition; dependencies always come before their dependents. */
  readonly serial = handlesMade++;
  /** The last workflow that was built with this step, as a number, and the step's place in it. */
  #workflow = 0;
  #slot = 0;

  constructor(
    id: string,
    body: StepBody,
    inputNames: readonly string[],
    inputs: readonly Handle[],
    settings: StepSettings,
  ) {
    this.id = id;
    this.body = body;
    this.inputNames = inputNames;
    this.inputs = inputs;
    this.settings = settings;
  }

  get kind(): 'step' {
    return 'step';
  }

  /** @internal Whether the workflow being built meets the step for the first time. */
  static visit(handle: StepHandle, workflow: number): boolean {
    if (handle.#workflow === workflow) return false;
    handle.#workflow = workflow;
    return true;
  }

  /** @internal */
  static slotOf(handle: StepHandle): number {
    return handle.#slot;
  }

  /** @internal */
  static setSlot(handle: StepHandle, slot: number): void {
    handle.#slot = slot;
  }
}

/**
 * Defines a step: a function of its dependencies' outputs, and the options of its execution.
 *
 * The function returns a plain value, a Promise, an Observable or an AsyncIterable; the step's output is that
 * value, or the last one of the stream. Arrays and strings are plain values. A stream without a value fails the
 * step with an `EmptyStepError`.
 *
 * Nothing runs until a workflow that reaches the step does. The handle is immutable and may be used in any
 * number of workflows; within one, ids are unique.
 *
 * @throws InvalidOptionsError at once, naming every option that can't be used
 * @example
 * ```ts
 * const numbers = step('numbers', () => [1, 2, 3]);
 * const sum = step('sum', { numbers }, ({ numbers }) => numbers.reduce((a, b) => a + b), { retry: 2, timeout: '5s' });
 * ```
 */
export function step<Returned>(
  id: string,
  run: (ctx: StepContext) => Returned,
  options?: StepOptions<Output<Returned>>,
): Step<Output<Returned>, never>;
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
    checker.knownKeys('', options, stepOptionNames);
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

export function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutInputs(run: (ctx: StepContext) => unknown): StepBody {
  return (_, ctx) => run(ctx);
}

/** Whose options they are, for messages. */
export function ownerOf(id: unknown, maker = 'step'): string {
  return typeof id === 'string' ? `${maker}('${id}')` : maker;
}

/** Whether a step may depend on it. */
export function isHandle(value: unknown): value is Handle {
  return (
    value instanceof StepHandle ||
    value instanceof OptionalHandle ||
    value instanceof StreamHandle ||
    isInput(value)
  );
}

/** Says what is wrong with a step's id, dependencies or function. */
export function checkShape(
  checker: OptionChecker,
  id: unknown,
  deps: Dependencies,
  run: unknown,
  readsStreams = true,
): void {
  const idExpected = nameFault(id);
  if (idExpected !== undefined) checker.fail('id', idExpected, id);
  if (typeof run !== 'function') checker.fail('the function', 'a function', run);
  const expected = 'a handle made by step() or input() of this copy of millrace';
  if (!isRecord(deps)) {
    checker.fail('the dependencies', 'a record of handles, as in { table }', deps);
    return;
  }
  for (const [name, handle] of Object.entries(deps)) {
    if (!isHandle(handle)) checker.fail(`the dependency '${name}'`, expected, handle);
    else if (!readsStreams && handle instanceof StreamHandle)
      checker.fail(
        `the dependency '${name}'`,
        'no stream, since only the function of a step can read one',
        handle.step.id,
      );
  }
}

/** Whether a value is a step handle. */
export function isStep(value: unknown): value is StepHandle {
  return value instanceof StepHandle;
}
