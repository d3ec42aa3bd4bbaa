import { decided } from './base/decision.ts';
import type { Duration } from './base/durations.ts';
import { hintAfter } from './base/nearest.ts';
import { OptionChecker } from './base/option-checker.ts';
import type { Handle, InputsOf, Need, NeedsOf, Step } from './definition/handle.ts';
import { type HostedGraph, KnownGraph } from './definition/hosted.ts';
import { checkShape, ownerOf } from './definition/step-arguments.ts';
import { StepHandle } from './definition/step-handle.ts';
import { parseStepOptions, type StepOptions, type StepSettings } from './definition/step-options.ts';
import { Workflow } from './workflow.ts';

/** A handle for each input of a workflow. */
export type InputHandles<Needs extends Need> = {
  readonly [Name in keyof InputsOf<Needs>]: Handle<InputsOf<Needs>[Name]>;
};

/** What of a record is a handle. */
export type HandlesIn<Handles> = {
  readonly [Name in keyof Handles]: Handles[Name] extends Handle ? Handles[Name] : never;
};

/** What a workflow may say as part of another. `undefined` is always absent. */
export interface SubflowOptions<Outputs = unknown, Inputs = unknown>
  extends Pick<
    StepOptions<Outputs, Inputs>,
    | 'cache'
    | 'checkpoint'
    | 'cleanup'
    | 'description'
    | 'estimate'
    | 'group'
    | 'priority'
    | 'retry'
    | 'tags'
    | 'version'
    | 'when'
  > {
  /** What a failed step means within. @defaultValue what the workflow says */
  readonly onFailure?: 'fail-fast' | 'continue' | undefined;
  /** How long one attempt of the whole may take. @defaultValue what the workflow says */
  readonly timeout?: Duration | undefined;
}

/** The options of a subflow, with the inputs where the workflow has some. */
export type SubflowArguments<Needs extends Need, Handles, Outputs> = [Needs] extends [never]
  ? [
      options?: SubflowOptions<Outputs, InputsOf<Needs>> & {
        /** There are none to give. */
        readonly inputs?: Readonly<Record<string, never>> | undefined;
      },
    ]
  : string extends Needs[0]
    ? [
        options?: SubflowOptions<Outputs, InputsOf<Needs>> & {
          /** A handle for each input, checked when the subflow is made. */
          readonly inputs?: Handles | undefined;
        },
      ]
    : [
        options: SubflowOptions<Outputs, InputsOf<Needs>> & {
          /** A handle for each input. */
          readonly inputs: Handles;
        },
      ];

const optionNames = [
  'cache',
  'checkpoint',
  'cleanup',
  'description',
  'estimate',
  'group',
  'priority',
  'retry',
  'tags',
  'version',
  'when',
  'onFailure',
  'timeout',
  'inputs',
];

/**
 * Defines a step that runs a workflow as part of another: its output is the record of the workflow's outputs.
 *
 * The steps of the workflow are named `id/step`; they share the run's budget, its cancellation and its stream of events. `retry` and
 * `timeout` are of the whole: before it is tried again, the clean-ups of what had completed run. Once it has completed, its
 * clean-ups are the run's. A workflow that contains itself is given as a function; such a recursion ends where a `when` says
 * so, or with a `RecursionLimitError` at the run's `maxDepth`.
 *
 * @throws InvalidOptionsError at once, naming every option and input that doesn't fit
 * @example
 * ```ts
 * const double = workflow('double', { result: step('result', { n: input('n', type<number>()) }, ({ n }) => 2 * n) });
 * const seven = step('seven', () => 7);
 * const doubled = subflow('doubled', double, { inputs: { n: seven }, retry: 2, timeout: '10s' });
 * const { doubled: { result } } = await workflow('main', { doubled }).run().result();
 * ```
 */
export function subflow<Outputs, Needs extends Need, const Handles extends InputHandles<Needs>>(
  id: string,
  workflow: Workflow<Outputs, Needs> | (() => Workflow<Outputs, Needs>),
  ...[options]: SubflowArguments<Needs, Handles, Outputs>
): Step<Outputs, [Needs] extends [never] ? never : NeedsOf<HandlesIn<Handles>>> {
  const checker = new OptionChecker();
  const given = (options ?? {}) as SubflowOptions<Outputs, never> & {
    readonly inputs?: Readonly<Record<string, Handle>>;
  };
  const isSound = checker.record('options', given);
  if (isSound) checker.knownKeys('', given, optionNames);
  const { inputs = {}, onFailure, timeout, ...rest } = isSound ? given : {};
  const areRecord = checker.record('inputs', inputs, 'a record of handles by name');
  const handles: Readonly<Record<string, Handle>> = areRecord ? inputs : {};
  checkShape(checker, id, handles, () => undefined, false);
  const isKnown = workflow instanceof Workflow;
  if (!isKnown && typeof workflow !== 'function')
    checker.fail('the workflow', 'a workflow, or a function that gives one', workflow);
  if (isKnown && areRecord) checkInputs(checker, workflow, handles);
  checker.oneOf('onFailure', onFailure, ['fail-fast', 'continue']);
  const ms = checker.duration('timeout', timeout);
  const settings: StepSettings = {
    ...parseStepOptions(checker, '', rest, undefined),
    demand: nothing,
    timeout: ms,
    kind: 'subflow',
    within: isKnown ? new KnownGraph(workflow.blueprint) : undefined,
  };
  checker.throwIfAny(ownerOf(id, 'subflow'));
  const body = (values: Readonly<Record<string, unknown>>): HostedGraph => {
    const actual = isKnown
      ? workflow
      : decided(
          () => ownerOf(id, 'subflow'),
          'what the function gives',
          'a workflow',
          (workflow as () => Workflow)(),
        );
    const late = new OptionChecker();
    if (!(actual instanceof Workflow)) late.fail('what the function gives', 'a workflow', actual);
    else if (!isKnown) checkInputs(late, actual, handles);
    late.throwIfAny(ownerOf(id, 'subflow'));
    return actual.asPart(values, { onFailure, timeout: ms });
  };
  return new StepHandle(id, body, Object.keys(handles), Object.values(handles), settings);
}

const nothing = Object.freeze({});

function checkInputs(
  checker: OptionChecker,
  { blueprint }: Workflow<unknown>,
  handles: Readonly<Record<string, Handle>>,
): void {
  const names = blueprint.inputs.map(({ name }) => name);
  for (const name of names) {
    if (!Object.hasOwn(handles, name))
      checker.fail(`inputs.${name}`, `a handle, since workflow '${blueprint.name}' needs it`, undefined);
  }
  for (const name of Object.keys(handles)) {
    if (names.includes(name)) continue;
    const hint = hintAfter(name, names, (given) => Object.hasOwn(handles, given));
    checker.fail(
      `inputs.${name}`,
      `absent (workflow '${blueprint.name}' has no such input${hint})`,
      handles[name],
    );
  }
}
