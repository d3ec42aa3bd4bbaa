// Long because it is one list: every option, with what it does and how it is read.
import type { SchedulerLike } from 'rxjs';
import { defaultMaxOvertakes } from '../admission/budget.ts';
import type { Limits } from '../admission/limits.ts';
import { resolveConcurrency, resolveLimits } from '../admission/limits.ts';
import { CancellationToken, isSignal } from '../base/cancellation.ts';
import { type Clock, clockOf, isScheduler } from '../base/clock.ts';
import type { Duration } from '../base/durations.ts';
import { hintAfter } from '../base/nearest.ts';
import { OptionChecker } from '../base/option-checker.ts';
import { seededRandom } from '../base/seeded-random.ts';
import type { Around } from '../definition/around.ts';
import type { Blueprint } from '../definition/blueprint.ts';
import { parseVersion, type Version } from '../definition/cache-option.ts';
import type { InputsOf, Need } from '../definition/handle.ts';
import { KnownGraph } from '../definition/hosted.ts';
import { readInputs } from '../engine/read-inputs.ts';
import type { RunSettings } from '../engine/run-settings.ts';
import { rootPart } from '../engine/step-id.ts';
import { checkHistory, type RunHistory, ranksOfHistory } from '../observe/history.ts';
import { type Plan, readPlan } from './plan.ts';
import { readShared, shareOf } from './read-shared.ts';
import { type RunStore, readKeeping } from './run-store.ts';
import type { SharedLimits } from './shared-limits.ts';

/** What a workflow may say about all of its runs. `undefined` is always absent. */
export interface WorkflowOptions {
  /**
   * What a failed step means: `'fail-fast'` cancels the rest; `'continue'` lets independent branches go on, skips
   * the steps that needed the failed one, and fails at the end with a `WorkflowFailedError`.
   *
   * @defaultValue `'fail-fast'`
   */
  readonly onFailure?: 'fail-fast' | 'continue' | undefined;
  /** How long a run may take in all; it is then stopped and fails with a `WorkflowTimeoutError`. @defaultValue no limit */
  readonly timeout?: Duration | undefined;
  /** What the workflow is for, in a sentence. */
  readonly description?: string | undefined;
  /**
   * The version of all its steps' code: what runs of another version have written to a `store` isn't taken for this one's.
   *
   * @defaultValue none
   */
  readonly version?: Version | undefined;
}

/** What one run may say. `undefined` is always absent. */
export interface RunSettingsOptions {
  /**
   * The capacity of each resource class, read when the run is made. Limits that no step demands are of no account, so that one
   * record serves many workflows.
   *
   * @defaultValue the environment's, else what the machine offers
   */
  readonly limits?: Limits | undefined;
  /**
   * How many steps may run at once over all classes; 1 is sequential. Also to be given as `limits.concurrency`; both at once
   * are an error.
   *
   * @defaultValue `MILLRACE_CONCURRENCY`, else no limit
   */
  readonly concurrency?: number | undefined;
  /**
   * Limits that hold over all runs that are given them, made by `sharedLimits`; one, or a list of them. They come beside the run's own:
   * a step takes of all of them at once, or waits. A class that is shared needs no limit of the run's own.
   *
   * @defaultValue none: a limit is this run's alone
   */
  readonly shared?: SharedLimits | readonly SharedLimits[] | undefined;
  /**
   * Where the run stands among those that wait for what they share: higher goes first, equals in turn. Without `shared` it is of no account;
   * the order of the run's own steps is theirs.
   *
   * @defaultValue 0
   */
  readonly priority?: number | undefined;
  /** How often a step that doesn't fit may be overtaken before others have to wait for it. @defaultValue 64 */
  readonly maxOvertakes?: number | undefined;
  /**
   * The order in which steps start, made by `plan` of `millrace/simulate`. Steps that demand a class in common start in
   * the plan's order, so that one that isn't ready yet keeps its place; `priority`, `estimate` and `maxOvertakes` don't
   * count then. Throws a `PlanMismatchError` where the plan was made for other steps or dependencies.
   *
   * @defaultValue none: what is ready and fits starts, by priority, remaining path and order of definition
   */
  readonly plan?: Plan | undefined;
  /**
   * What earlier runs measured, `{}` to begin with: the longest remaining path is then that of the measured durations. A
   * step that it doesn't know takes its `estimate`, else the mean of the others. The record is changed: when the run is over,
   * however it ended, how long the steps took that completed is noted in it. A `plan` goes before it.
   *
   * @defaultValue none: the remaining path is that of the estimates
   */
  readonly history?: RunHistory | undefined;
  /** How deep steps may bring steps that bring steps, before it is taken for a recursion without an end. @defaultValue 64 */
  readonly maxDepth?: number | undefined;
  /** As for the workflow, for this run. */
  readonly onFailure?: 'fail-fast' | 'continue' | undefined;
  /** As for the workflow, for this run. */
  readonly timeout?: Duration | undefined;
  /**
   * How long a body may go on after it was told to stop, before it is given up; and how long a clean-up, a release or the end of
   * the items of a fan-out is waited for.
   *
   * @defaultValue '1s'
   */
  readonly gracePeriod?: Duration | undefined;
  /**
   * How long steps wait that only abandoned bodies keep from starting, once nothing else is under way, before they fail with a
   * `ResourceLimitError`.
   *
   * @defaultValue '30s'
   */
  readonly abandonedWait?: Duration | undefined;
  /**
   * Outputs known in advance, by the id of their step, or its path within a subflow (`'sub/step'`): these steps don't run, nor
   * does what only they need. The `completed` of a run that failed is such a record. A key whose value is `undefined` is an output
   * too; one that is no step of the workflow is an error.
   *
   * @defaultValue none
   */
  readonly given?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Where the run keeps what it does, made by `millrace/store`: a run of the same `runId` goes on where that one stopped, whatever stopped
   * it, and steps with a `cache` are found there. An input that can't be stored is an error then.
   *
   * @defaultValue none: nothing is kept
   */
  readonly store?: RunStore | undefined;
  /**
   * How a run goes on that the store knows already: `'same'` only where workflow and inputs are what they were, else it fails with a
   * `ResumeMismatchError`; `'compatible'` does again all steps that have changed, and what depends on them; `{ from }` does so with the steps
   * named as well.
   *
   * @defaultValue 'same'
   */
  readonly resume?:
    | 'same'
    | 'compatible'
    | {
        /** The ids of steps of the workflow. */
        readonly from: readonly string[];
      }
    | undefined;
  /**
   * What it means that the store can't be written: `'fail'` ends the run with a `StoreError`; `'warn'` tells of it by a `warning`, and
   * the run goes on without being kept.
   *
   * @defaultValue 'fail'
   */
  readonly onStoreError?: 'fail' | 'warn' | undefined;
  /** Where all time comes from. @defaultValue the host's own, monotonic */
  readonly scheduler?: SchedulerLike | undefined;
  /** Gives numbers from 0 to 1 for the jitter of back-offs. @defaultValue a generator seeded by the clock */
  readonly random?: (() => number) | undefined;
  /**
   * Is called in place of the body of each attempt, children of fan-outs and steps of subflows included, and calls that by `next()`, whose
   * result it returns. What it enters an `AsyncLocalStorage` with holds in the body. A hook that throws, doesn't call `next`, or returns
   * nothing although `next()` does, fails the attempt with an `AroundError`.
   *
   * @defaultValue none
   * @example
   * ```ts
   * import { AsyncLocalStorage } from 'node:async_hooks';
   * import type { AroundAttempt } from 'millrace';
   *
   * const current = new AsyncLocalStorage<AroundAttempt>();
   * const run = flights.run({ inputs, around: (attempt, next) => current.run(attempt, next) });
   * ```
   */
  readonly around?: Around | undefined;
  /** Cancels the run when it is cancelled. */
  readonly token?: CancellationToken | undefined;
  /** Cancels the run when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** The run's name in events. @defaultValue the workflow's name, the time and a number */
  readonly runId?: string | undefined;
}

/** The options of a run of a workflow that needs the inputs `Needs`. */
export type RunOptions<Needs extends Need> = RunSettingsOptions &
  ([Needs] extends [never]
    ? {
        /** There are none to give. */
        readonly inputs?: Readonly<Record<string, never>> | undefined;
      }
    : string extends Needs[0]
      ? {
          /** The values of the inputs, by name; checked when the run is made. */
          readonly inputs?: Readonly<Record<string, unknown>> | undefined;
        }
      : {
          /** The values of the inputs, by name. */
          readonly inputs: InputsOf<Needs>;
        });

/** What others call some of them. */
const runOptionSynonyms = {
  id: 'runId',
  abortSignal: 'signal',
  maxConcurrency: 'concurrency',
  resources: 'limits',
};
const runOptionNames = [
  'inputs',
  'limits',
  'concurrency',
  'shared',
  'priority',
  'maxOvertakes',
  'maxDepth',
  'plan',
  'history',
  'onFailure',
  'timeout',
  'gracePeriod',
  'abandonedWait',
  'given',
  'scheduler',
  'random',
  'token',
  'signal',
  'runId',
  'store',
  'resume',
  'onStoreError',
  'around',
];
const workflowOptionNames = ['onFailure', 'timeout', 'description', 'version'];
const defaultGracePeriod = 1000;
const defaultAbandonedWait = 30_000;
const defaultMaxDepth = 64;
let runsMade = 0;

/** Notes what is wrong with a workflow's options; `more` are the names of those it doesn't know. */
export function checkWorkflowOptions(
  checker: OptionChecker,
  options: WorkflowOptions,
  more: readonly string[],
): void {
  if (!checker.record('options', options)) return;
  checker.knownKeys('', options, [...workflowOptionNames, ...more]);
  checker.oneOf('onFailure', options.onFailure, ['fail-fast', 'continue']);
  checker.duration('timeout', options.timeout);
  checker.text('description', options.description);
  parseVersion(checker, 'version', options.version);
}

/**
 * Reads the options of a run.
 *
 * @param readsInputs - whether there are inputs; without, as where nothing of the workflow is called, each is `undefined`
 * @throws InvalidOptionsError naming every option, input and environment variable that can't be used
 */
export function readRunOptions(
  blueprint: Blueprint,
  defaults: WorkflowOptions,
  options: RunSettingsOptions & { readonly inputs?: unknown },
  readsInputs = true,
): RunSettings {
  const checker = new OptionChecker();
  const owner = `run of workflow '${blueprint.name}'`;
  if (!checker.record('options', options)) checker.throwIfAny(owner);
  checker.knownKeys('', options, runOptionNames, runOptionSynonyms);
  const { limits, token, signal, scheduler } = options;
  if (token !== undefined && !(token instanceof CancellationToken))
    checker.fail('token', 'a CancellationToken', token);
  if (signal !== undefined && !isSignal(signal)) checker.fail('signal', 'an AbortSignal', signal);
  if (scheduler !== undefined && !isScheduler(scheduler))
    checker.fail('scheduler', 'an RxJS scheduler', scheduler);
  const hasLimits = limits !== undefined && checker.record('limits', limits, 'a record of limits by class');
  const shared = readShared(checker, options.shared, blueprint);
  const { capacities, rates, misspelt, concurrency } = resolveLimits(
    checker,
    blueprint.resources,
    hasLimits ? limits : {},
    shared.map(({ budget }) => budget.given),
  );
  const clock = clockOf(isScheduler(scheduler) ? scheduler : undefined);
  // What isn't given isn't read: a function that is called for the first time has to be compiled.
  const { given, history, plan } = options;
  if (history !== undefined) checkHistory(checker, blueprint, history);
  const settings: RunSettings = {
    runId: checker.text('runId', options.runId) ?? nextRunId(blueprint.name, clock),
    inputs: readsInputs ? readInputs(checker, blueprint.inputs, options.inputs) : [],
    limits: capacities,
    rates,
    misspelt,
    given: given === undefined ? nothingGiven : readGiven(checker, blueprint, given),
    concurrency: resolveConcurrency(checker, options.concurrency, concurrency),
    share: shareOf(shared, checker.number('priority', options.priority, -Infinity, Infinity) ?? 0),
    maxOvertakes: checker.count('maxOvertakes', options.maxOvertakes, 0) ?? defaultMaxOvertakes,
    maxDepth: checker.count('maxDepth', options.maxDepth, 1) ?? defaultMaxDepth,
    givenLimits: hasLimits ? limits : {},
    plannedRanks: plan === undefined ? undefined : readPlan(checker, blueprint, plan),
    measuredRanks: undefined,
    keeping: undefined,
    history,
    onFailure:
      checker.oneOf('onFailure', options.onFailure, ['fail-fast', 'continue']) ??
      defaults.onFailure ??
      'fail-fast',
    timeout: checker.duration('timeout', options.timeout) ?? checker.duration('timeout', defaults.timeout),
    gracePeriod: checker.duration('gracePeriod', options.gracePeriod) ?? defaultGracePeriod,
    abandonedWait: checker.duration('abandonedWait', options.abandonedWait) ?? defaultAbandonedWait,
    clock,
    random: checker.function('random', options.random) ?? jitterOf(clock),
    around: checker.function('around', options.around),
    token,
    signal,
  };
  const keeping = readKeeping(checker, blueprint, options);
  checker.throwIfAny(owner);
  if (history === undefined && keeping === undefined) return settings;
  return {
    ...settings,
    keeping: keeping?.({ settings, blueprint, version: defaults.version }),
    measuredRanks: history === undefined ? undefined : ranksOfHistory(blueprint, history),
  };
}

const nothingGiven: ReadonlyMap<string, unknown> = new Map();

/** The outputs that are given, by the path of their step; what is no step is noted with the checker. */
function readGiven(
  checker: OptionChecker,
  blueprint: Blueprint,
  given: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, unknown> {
  if (!checker.record('given', given, 'a record of outputs by step id')) return nothingGiven;
  for (const [id, output] of Object.entries(given)) {
    if (isKnownPath(blueprint, id)) continue;
    const hint = hintAfter(id, blueprint.graph.ids);
    checker.fail(`given['${id}']`, `absent (the workflow has no such step${hint})`, output);
  }
  return new Map(Object.entries(given));
}

/** Whether there is a step of that id, or within a subflow of that path. */
function isKnownPath(blueprint: Blueprint, path: string): boolean {
  if (blueprint.graph.has(path)) return true;
  return blueprint.steps.some(({ id, settings: { within } }, _, steps) => {
    if (!(within instanceof KnownGraph)) return false;
    const part = rootPart(
      id,
      steps.map((step) => step.id),
    );
    return path.startsWith(`${part}/`) && isKnownPath(within.blueprint, path.slice(part.length + 1));
  });
}

function nextRunId(name: string, clock: Clock): string {
  runsMade++;
  return `${name}-${Math.floor(clock.now()).toString(36)}-${String(runsMade)}`;
}

/** Seeded by the clock, runs differ in live time and are equal in virtual time. */
function jitterOf(clock: Clock): () => number {
  return seededRandom(Math.floor(clock.now() * 1000));
}
