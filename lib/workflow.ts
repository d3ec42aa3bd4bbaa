import type { Observable } from 'rxjs';
import { parseDuration } from './base/durations.ts';
import { OptionChecker } from './base/option-checker.ts';
import { Observable as RxObservable } from './base/rxjs-parts.ts';
import type { StepList } from './base/step-list.ts';
import type { Blueprint } from './definition/blueprint.ts';
import { blueprintOfDefinitions, type Definition } from './definition/blueprint-of-definitions.ts';
import { blueprintOfHandles } from './definition/blueprint-of-handles.ts';
import type { OptionalStep } from './definition/edge-handle.ts';
import type { Input, Need, NeedsOf, OutputsOf, Step } from './definition/handle.ts';
import { HostedGraph, type HostedSteps, hosted } from './definition/hosted.ts';
import type { StepInfo } from './definition/step-info.ts';
import { Engine } from './engine/engine.ts';
import type { Graph } from './graph/graph.ts';
import { announceRun } from './run/diagnostics.ts';
import { noteRun } from './run/kept-run.ts';
import { Run } from './run/run.ts';
import {
  checkWorkflowOptions,
  type RunOptions,
  readRunOptions,
  type WorkflowOptions,
} from './run/run-options.ts';

/** The arguments of `run`: where inputs are needed, the options are too. */
export type RunArguments<Needs extends Need> = [Needs] extends [never]
  ? [options?: RunOptions<Needs>]
  : string extends Needs[0]
    ? [options?: RunOptions<Needs>]
    : [options: RunOptions<Needs>];

/** What tells a workflow, whichever copy of millrace has made it. */
export const workflowMark = Symbol.for('millrace.workflow');

/**
 * A graph of steps that has been found sound, ready to be run any number of times. Immutable.
 *
 * Make one with `workflow` or `defineWorkflow`.
 */
export class Workflow<Outputs = Readonly<Record<string, unknown>>, Needs extends Need = Need> {
  /** The name, for messages, events and pictures. */
  readonly name: string;
  /** What it is for, where it says so. */
  readonly description: string | undefined;
  /** @internal */
  readonly [workflowMark] = true;
  readonly #blueprint: Blueprint;
  readonly #options: WorkflowOptions;

  /** @internal */
  constructor(blueprint: Blueprint, options: WorkflowOptions) {
    this.name = blueprint.name;
    this.description = options.description;
    this.#blueprint = blueprint;
    // A copy: what was checked is what counts, whatever becomes of the object.
    this.#options = { ...options };
  }

  /** The structure: ids, neighbours, topological order, critical path. */
  get graph(): Graph {
    return this.#blueprint.graph;
  }

  /** @internal What `millrace/simulate` runs on a virtual clock. */
  get blueprint(): Blueprint {
    return this.#blueprint;
  }

  /** @internal What it says about all of its runs. */
  get options(): WorkflowOptions {
    return this.#options;
  }

  /** @internal What a step does that runs it as part of another workflow. */
  asPart(
    inputs: Readonly<Record<string, unknown>>,
    { onFailure, timeout }: Pick<WorkflowOptions, 'onFailure'> & { readonly timeout?: number | undefined },
  ): HostedGraph {
    const { onFailure: ownOnFailure = 'fail-fast', timeout: ownTimeout } = this.#options;
    const ms = timeout === undefined && ownTimeout !== undefined ? parseDuration(ownTimeout) : undefined;
    return new HostedGraph(this.#blueprint, inputs, onFailure ?? ownOnFailure, ms);
  }

  /** @hidden A step's function may return a workflow: it is run in its place. */
  [hosted](): HostedSteps<Outputs> {
    return this.asPart({}, {});
  }

  /** Every step, in the order of definition. */
  get steps(): StepList<StepInfo> {
    return this.#blueprint.info.steps;
  }

  /**
   * Makes a run, which its first subscriber starts.
   *
   * @throws InvalidOptionsError for options, inputs, limits and environment variables that can't be used
   * @throws ResourceLimitError where a step demands more than there can be
   * @example
   * ```ts
   * const run = flights.run({ inputs: { path: 'flights.parquet' }, limits: { 'heavy-cpu': 2 }, timeout: '5m' });
   * const { report } = await run.result();
   * ```
   */
  run(...[options]: RunArguments<Needs>): Run<Outputs> {
    noteRun();
    return new Run(
      new Engine(this.#blueprint, readRunOptions(this.#blueprint, this.#options, options ?? {})),
      announceRun,
    );
  }

  /**
   * The result as a cold stream: each subscription is a run of its own, and unsubscribing cancels it.
   *
   * Options that can't be used are errors of the stream.
   *
   * @example
   * ```ts
   * const report$ = path$.pipe(switchMap((path) => flights.result$({ inputs: { path } })));
   * ```
   */
  result$(...args: RunArguments<Needs>): Observable<Outputs> {
    return new RxObservable((subscriber) => this.run(...args).result$.subscribe(subscriber));
  }
}

/**
 * Makes a workflow of the steps that the outputs reach.
 *
 * Linear in steps + dependencies, without recursion.
 *
 * @param outputs - the steps whose outputs are the result, by the names they have there; one that may be skipped as
 *   `optional(step)`, or skipping it fails the run with a `StepSkippedError`
 * @throws InvalidWorkflowError naming every fault found
 * @throws InvalidOptionsError where the options can't be used
 * @example
 * ```ts
 * const double = step('double', { n: input('n', type<number>()) }, ({ n }) => n * 2);
 * const { double: result } = await workflow('doubling', { double }).run({ inputs: { n: 21 } }).result();
 * ```
 */
export function workflow<const Steps extends Readonly<Record<string, Step | OptionalStep>>>(
  name: string,
  outputs: Steps,
  options: WorkflowOptions = {},
): Workflow<OutputsOf<Steps>, NeedsOf<Steps>> {
  checkArguments('workflow', name, options);
  return new Workflow(blueprintOfHandles(name, outputs), options);
}

/** What a workflow that comes from data may say beside its steps. */
export interface DefineWorkflowOptions extends WorkflowOptions {
  /** The inputs that `dependsOn` may name. */
  readonly inputs?: readonly Input[] | undefined;
  /** The ids of the steps whose outputs are the result. @defaultValue the steps that nothing depends on */
  readonly outputs?: readonly string[] | undefined;
}

/**
 * Makes a workflow of definitions that come from data. All of them run, whatever the outputs are.
 *
 * Linear in steps + dependencies, without recursion.
 *
 * @throws InvalidWorkflowError naming every fault found: cycles, unknown and duplicate ids, options …
 * @throws InvalidOptionsError where the options can't be used
 * @example
 * ```ts
 * const build = defineWorkflow('build', [
 *   { id: 'compile', run: () => 'app.js' },
 *   { id: 'pack', dependsOn: ['compile'], run: ({ compile }) => `${String(compile)}.gz`, resource: 'heavy-io' },
 * ]);
 * const { pack } = await build.run().result();
 * ```
 */
export function defineWorkflow(
  name: string,
  definitions: readonly Definition[],
  options: DefineWorkflowOptions = {},
): Workflow {
  checkArguments('defineWorkflow', name, options, ['inputs', 'outputs']);
  const { inputs = [], outputs } = options;
  return new Workflow(blueprintOfDefinitions(name, definitions, inputs, outputs), options);
}

function checkArguments(
  owner: string,
  name: string,
  options: WorkflowOptions,
  more: readonly string[] = [],
): void {
  const checker = new OptionChecker();
  if (typeof name !== 'string' || name === '') checker.fail('the name', 'a string that is not empty', name);
  checkWorkflowOptions(checker, options, more);
  checker.throwIfAny(typeof name === 'string' ? `${owner}('${name}')` : owner);
}
