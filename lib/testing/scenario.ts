import fc, { type Arbitrary, toStringMethod } from 'fast-check';
import type { Demand } from '../admission/demand.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { defineWorkflow, type Workflow } from '../workflow.ts';
import { type DagConstraints, type DagStep, dagConstraintNames, dagWithin, readConstraints } from './dag.ts';
import type { LawfulOptions } from './expect-lawful.ts';
import { type Law, law } from './laws.ts';

/** What may happen in scenarios. */
export interface ScenarioConstraints extends DagConstraints {
  /** Whether attempts may fail, and be made again. @defaultValue true */
  readonly failures?: boolean | undefined;
  /** Whether steps demand of resource classes, and how many may run at once is limited. @defaultValue true */
  readonly resources?: boolean | undefined;
  /** Whether the run may be cancelled. @defaultValue true */
  readonly cancels?: boolean | undefined;
}

/** What a scenario says of a step. */
interface ScenarioStep extends DagStep {
  readonly ms: number;
  readonly failures: number;
  readonly retry: number;
  readonly demand: Demand;
  readonly hasCleanUp: boolean;
}

/**
 * How long steps take: whole ms, by id.
 *
 * @example
 * ```ts
 * const arbitrary = durations(['extract', 'load'], { max: 100 });
 * ```
 */
export function durations(
  ids: readonly string[],
  range: { readonly min?: number | undefined; readonly max?: number | undefined } = {},
): Arbitrary<Record<string, number>> {
  const checker = new OptionChecker();
  checkIds(checker, ids);
  checker.knownKeys('', range, ['min', 'max']);
  const min = checker.finiteCount('min', range.min, 0) ?? 0;
  const max = checker.finiteCount('max', range.max, 0) ?? Math.max(10, min);
  if (min > max) checker.fail('min', `at most max (${String(max)})`, min);
  checker.throwIfAny('durations');
  return forEachId(ids, fc.integer({ min, max }));
}

/**
 * How many attempts of steps fail, the first ones, by id; none mostly.
 *
 * @example
 * ```ts
 * const arbitrary = failures(['extract', 'load'], { most: 3 });
 * ```
 */
export function failures(
  ids: readonly string[],
  options: { readonly most?: number | undefined } = {},
): Arbitrary<Record<string, number>> {
  const checker = new OptionChecker();
  checkIds(checker, ids);
  checker.knownKeys('', options, ['most']);
  const most = checker.finiteCount('most', options.most, 0) ?? 2;
  checker.throwIfAny('failures');
  return forEachId(ids, failureCount(most));
}

/** Demands, and limits that they fit into. */
export interface DrawnResources {
  /** What each step demands, by id. */
  readonly demands: Readonly<Record<string, Demand>>;
  /** The capacity of each class. */
  readonly limits: Readonly<Record<string, number>>;
}

/**
 * What steps demand of resource classes, with limits that every demand fits into.
 *
 * @example
 * ```ts
 * const arbitrary = resources(['extract', 'load'], { classes: ['db', 'gpu'] });
 * ```
 */
export function resources(
  ids: readonly string[],
  options: { readonly classes?: readonly string[] | undefined } = {},
): Arbitrary<DrawnResources> {
  const checker = new OptionChecker();
  checkIds(checker, ids);
  checker.knownKeys('', options, ['classes']);
  const classes = options.classes ?? defaultClasses;
  if (classes.length === 0) checker.fail('classes', 'at least one class', classes);
  checker.throwIfAny('resources');
  return fc.tuple(forEachId(ids, demandOf(classes)), limitsOf(classes)).map(([demands, limits]) => ({
    demands,
    limits: raised(limits, Object.values(demands)),
  }));
}

/**
 * When a run is cancelled, in ms of virtual time; or that it isn't.
 *
 * @example
 * ```ts
 * const arbitrary = cancelAt({ max: 100 });
 * ```
 */
export function cancelAt(range: { readonly max?: number | undefined } = {}): Arbitrary<number | undefined> {
  const checker = new OptionChecker();
  checker.knownKeys('', range, ['max']);
  const max = checker.finiteCount('max', range.max, 0) ?? 30;
  checker.throwIfAny('cancelAt');
  return fc.option(fc.nat(max), { nil: undefined, freq: 3 });
}

/** A workflow with scripted steps, and how to run it. Prints as the code that rebuilds it, and as Mermaid. */
export class Scenario {
  /** The workflow. A step's output is its id with its inputs' outputs in brackets, such as `c(a,b(a))`. */
  readonly workflow: Workflow;
  /** What to run it with: durations, failures, limits, a cancel; and the law that it equals the naive model. */
  readonly options: LawfulOptions;
  readonly #steps: readonly ScenarioStep[];
  readonly #limits: Readonly<Record<string, number>>;
  readonly #concurrency: number | undefined;
  readonly #maxOvertakes: number | undefined;
  readonly #cancelAt: number | undefined;

  /** @internal Made by {@link scenario}. */
  constructor(
    steps: readonly ScenarioStep[],
    limits: Readonly<Record<string, number>>,
    concurrency: number | undefined,
    maxOvertakes: number | undefined,
    cancelMs: number | undefined,
  ) {
    this.#steps = steps;
    this.#limits = limits;
    this.#concurrency = concurrency;
    this.#maxOvertakes = maxOvertakes;
    this.#cancelAt = cancelMs;
    const outputs = naiveOutputs(steps);
    this.workflow = defineWorkflow(
      'scenario',
      steps.map(({ id, dependsOn, retry, demand, hasCleanUp, ms }) => ({
        id,
        dependsOn,
        run: () => outputs[id],
        resource: demand,
        estimate: ms,
        ...(retry === 0 ? {} : { retry: { attempts: retry + 1, delay: 3, jitter: 0 } }),
        ...(hasCleanUp ? { cleanup: () => undefined } : {}),
      })),
    );
    this.options = {
      durations: Object.fromEntries(steps.map(({ id, ms }) => [id, ms])),
      failures: Object.fromEntries(steps.map(({ id, failures: count }) => [id, count])),
      outputs,
      limits,
      concurrency,
      maxOvertakes,
      laws: [equalToNaiveModel(steps, outputs, cancelMs)],
      ...(cancelMs === undefined
        ? {}
        : {
            at: {
              [cancelMs]: (run) => {
                run.cancel('as was asked for');
              },
            },
          }),
    };
  }

  /** The code that rebuilds it, and its picture. */
  toString(): string {
    return [...this.#code(), '', ...this.#mermaid()].join('\n');
  }

  /** What fast-check prints. */
  [toStringMethod](): string {
    return `\n${this.toString()}\n`;
  }

  #code(): string[] {
    const definitions = this.#steps.map(({ id, dependsOn, demand, retry, hasCleanUp }) => {
      const parts = [
        `id: '${id}'`,
        ...(dependsOn.length === 0
          ? []
          : [`dependsOn: [${dependsOn.map((needed) => `'${needed}'`).join(', ')}]`]),
        `run: () => '${id}'`,
        ...(Object.keys(demand).length === 0 ? [] : [`resource: ${JSON.stringify(demand)}`]),
        ...(retry === 0 ? [] : [`retry: { attempts: ${String(retry + 1)}, delay: 3, jitter: 0 }`]),
        ...(hasCleanUp ? ['cleanup: () => undefined'] : []),
      ];
      return `  { ${parts.join(', ')} },`;
    });
    const failing = this.#steps.filter((step) => step.failures > 0);
    return [
      `const flow = defineWorkflow('scenario', [`,
      ...definitions,
      ']);',
      'await expectLawful(flow, {',
      `  durations: ${listing(this.#steps.map(({ id, ms }) => [id, ms]))},`,
      ...(failing.length === 0
        ? []
        : [`  failures: ${listing(failing.map((step) => [step.id, step.failures]))},`]),
      ...(Object.keys(this.#limits).length === 0 ? [] : [`  limits: ${JSON.stringify(this.#limits)},`]),
      ...(this.#concurrency === undefined ? [] : [`  concurrency: ${String(this.#concurrency)},`]),
      ...(this.#maxOvertakes === undefined ? [] : [`  maxOvertakes: ${String(this.#maxOvertakes)},`]),
      ...(this.#cancelAt === undefined
        ? []
        : [`  at: { ${String(this.#cancelAt)}: (run) => run.cancel() },`]),
      '});',
    ];
  }

  #mermaid(): string[] {
    return [
      'flowchart LR',
      ...this.#steps.flatMap(({ id, dependsOn, ms }) => [
        `  ${id}["${id} ${String(ms)} ms"]`,
        ...dependsOn.map((needed) => `  ${needed} --> ${id}`),
      ]),
    ];
  }
}

/**
 * Workflows with scripted steps, ready for {@link expectLawful}. They shrink to few steps that do little.
 *
 * @throws InvalidOptionsError for constraints that can't be met
 * @example
 * ```ts
 * import fc from 'fast-check';
 *
 * await fc.assert(
 *   fc.asyncProperty(scenario({ maxSteps: 12 }), async ({ workflow, options }) => {
 *     await expectLawful(workflow, options);
 *   }),
 * );
 * ```
 */
export function scenario(constraints: ScenarioConstraints = {}): Arbitrary<Scenario> {
  const checker = new OptionChecker();
  if (!checker.record('constraints', constraints)) checker.throwIfAny('scenario');
  checker.knownKeys('', constraints, [...dagConstraintNames, 'failures', 'resources', 'cancels']);
  const limits = readConstraints(checker, constraints);
  const mayFail = checker.flag('failures', constraints.failures) ?? true;
  const hasResources = checker.flag('resources', constraints.resources) ?? true;
  const mayCancel = checker.flag('cancels', constraints.cancels) ?? true;
  checker.throwIfAny('scenario');
  const part = fc.record({
    ms: fc.nat(9),
    failures: mayFail ? failureCount(2) : fc.constant(0),
    retry: mayFail ? fc.nat(2) : fc.constant(0),
    demand: hasResources ? demandOf(defaultClasses) : fc.constant({}),
    hasCleanUp: fc.boolean(),
  });
  return fc
    .record({
      graph: dagWithin(limits),
      parts: fc.array(part, { minLength: limits.maxSteps, maxLength: limits.maxSteps }),
      limits: hasResources ? limitsOf(defaultClasses) : fc.constant({}),
      concurrency: hasResources
        ? fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined })
        : fc.constant(undefined),
      maxOvertakes: hasResources ? fc.option(fc.nat(2), { nil: undefined }) : fc.constant(undefined),
      cancelMs: mayCancel ? cancelAt() : fc.constant(undefined),
    })
    .map(({ graph, parts, limits: drawn, concurrency, maxOvertakes, cancelMs }) => {
      const steps = graph.map(
        (step, place): ScenarioStep => ({ ...(parts[place] as Omit<ScenarioStep, keyof DagStep>), ...step }),
      );
      const demands = steps.map(({ demand }) => demand);
      const demanded = Object.entries(raised(drawn, demands)).filter(([name]) =>
        demands.some((demand) => name in demand),
      );
      return new Scenario(steps, Object.fromEntries(demanded), concurrency, maxOvertakes, cancelMs);
    });
}

const defaultClasses = ['db', 'gpu'];

/** What each step must give: worked out from the graph alone, step by step. */
function naiveOutputs(steps: readonly DagStep[]): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const { id, dependsOn } of steps)
    outputs[id] =
      dependsOn.length === 0 ? id : `${id}(${dependsOn.map((needed) => outputs[needed] ?? '').join(',')})`;
  return outputs;
}

/** A run that isn't cancelled completes exactly if no step fails more often than it is tried again, with these outputs. */
function equalToNaiveModel(
  steps: readonly ScenarioStep[],
  outputs: Readonly<Record<string, string>>,
  cancelMs: number | undefined,
): Law {
  const fails = steps.some((step) => step.failures > step.retry);
  const needed = new Set(steps.flatMap(({ dependsOn }) => dependsOn));
  const expected = Object.fromEntries(
    steps.filter(({ id }) => !needed.has(id)).map(({ id }) => [id, outputs[id]]),
  );
  return law('equal to the naive model', ({ outcome, stoppedAt }) => {
    if (cancelMs !== undefined && stoppedAt !== undefined) return true;
    if (outcome.kind !== 'completed')
      return fails ? true : `the run failed, but no step fails for good: ${String(outcome.error)}`;
    if (fails) return 'the run completed, but a step fails for good';
    const given = JSON.stringify(outcome.outputs);
    return given === JSON.stringify(expected)
      ? true
      : `the outputs are ${given} instead of ${JSON.stringify(expected)}`;
  });
}

function failureCount(most: number): Arbitrary<number> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(most) });
}

function demandOf(classes: readonly string[]): Arbitrary<Demand> {
  const entries = fc.tuple(fc.constantFrom(...classes), fc.integer({ min: 1, max: 3 }));
  return fc
    .uniqueArray(entries, { maxLength: Math.min(2, classes.length), selector: ([name]) => name })
    .map((amounts) => Object.fromEntries(amounts) as Demand);
}

function limitsOf(classes: readonly string[]): Arbitrary<Record<string, number>> {
  return fc.record(Object.fromEntries(classes.map((name) => [name, fc.integer({ min: 1, max: 4 })])));
}

/** Limits that every demand fits into. */
function raised(
  limits: Readonly<Record<string, number>>,
  demands: readonly Demand[],
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(limits).map(([name, limit]) => [
      name,
      Math.max(limit, ...demands.map((demand) => demand[name] ?? 0)),
    ]),
  );
}

function forEachId<Value>(
  ids: readonly string[],
  arbitrary: Arbitrary<Value>,
): Arbitrary<Record<string, Value>> {
  return fc.record(Object.fromEntries(ids.map((id) => [id, arbitrary])));
}

function checkIds(checker: OptionChecker, ids: readonly string[]): void {
  if (!Array.isArray(ids) || ids.length === 0 || !ids.every((id) => typeof id === 'string'))
    checker.fail('ids', 'a list of ids of steps, at least one', ids);
}

function listing(entries: readonly (readonly [id: string, value: number])[]): string {
  return `{ ${entries.map(([id, value]) => `${id}: ${String(value)}`).join(', ')} }`;
}
