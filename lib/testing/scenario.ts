import fc, { type Arbitrary, toStringMethod } from 'fast-check';
import type { Demand } from '../admission/demand.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { defineWorkflow, type Workflow } from '../workflow.ts';
import { cancelAt, defaultClasses, demandOf, failureCount, limitsOf, raised } from './arbitrary-script.ts';
import { type DagConstraints, type DagStep, dagConstraintNames, dagWithin, readConstraints } from './dag.ts';
import type { LawfulOptions } from './expect-lawful.ts';
import { type Law, law } from './law.ts';

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

function listing(entries: readonly (readonly [id: string, value: number])[]): string {
  return `{ ${entries.map(([id, value]) => `${id}: ${String(value)}`).join(', ')} }`;
}
