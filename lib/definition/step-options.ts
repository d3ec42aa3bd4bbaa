import { type Demand, defaultDemand, parseDemand, type Resource } from '../admission/demand.ts';
import type { Duration } from '../base/durations.ts';
import type { OptionChecker } from '../base/option-checker.ts';
import { parseRetry, type Retry, type RetryPolicy } from '../base/retry-policy.ts';
import {
  type CacheOptions,
  type CacheTerms,
  parseCache,
  parseVersion,
  type Version,
} from './cache-option.ts';
import type { Join } from './join.ts';
import type { OffloadedBody, offloaded } from './offloaded-body.ts';
import type { StepInfo } from './step-info.ts';

/** How a run came to its end, as a clean-up is told. */
export type RunOutcome = 'failed' | 'cancelled';

/** What a step may say beside its function. `undefined` is always absent. */
export interface StepOptions<Out = unknown, Inputs = unknown> {
  /**
   * What the step takes of each resource class while it runs: all at once or nothing.
   *
   * @defaultValue `'light-cpu'`; `'heavy-cpu'` where the body is a pool's task
   */
  readonly resource?: Resource | undefined;
  /** How often to try again after a failure, or the details. @defaultValue 0 */
  readonly retry?: Retry | undefined;
  /**
   * How long one attempt may take, from its start (waiting for resources, or for a thread, doesn't count); ms, or text as in
   * `'30s'`. The attempt is then told to stop, and fails with a `StepTimeoutError` once it has, or once it was given up after the
   * run's `gracePeriod`. It is tried again like any other failure.
   *
   * @defaultValue no limit
   */
  readonly timeout?: Duration | undefined;
  /** Ready steps of a higher priority start first. Any finite number. @defaultValue 0 */
  readonly priority?: number | undefined;
  /**
   * How long the step is expected to take; orders ready steps by the path that remains. ms, or text as in `'30s'`.
   *
   * @defaultValue 1
   */
  readonly estimate?: Duration | undefined;
  /**
   * Undoes what the step did: called with its output when the run fails or is cancelled after the step completed,
   * in reverse order of completion, each awaited, for the run's `gracePeriod` at most. Its errors become `warning` events. Not
   * called where the output was given to the run.
   */
  readonly cleanup?: ((output: Out, outcome: RunOutcome) => unknown) | undefined;
  /**
   * Closes what the step has opened, a connection for one: called once with its output, whatever becomes of the run, when the
   * bodies of all who need it have stopped; and where something may have to be undone that could need it, after that. It is
   * awaited, for the run's `gracePeriod` at most, also for an output that came too late to be of use; but not called for an output
   * that whoever started the run gets, nor for one that was given to the run. Its errors become `warning` events.
   */
  readonly release?: ((output: Out) => unknown) | undefined;
  /**
   * Whether the step runs, asked once with its inputs when they are all there. Where it says no, the step is skipped, and so are
   * those that need it other than as `optional(step)`. What it throws fails the step, and so does anything but `true` or `false`, a
   * Promise included.
   *
   * @defaultValue it runs
   */
  readonly when?: ((inputs: Inputs) => boolean) | undefined;
  /**
   * The version of the step's code. A run that is resumed from its `store` and finds another one than before is refused, unless
   * `resume` says how it goes on.
   *
   * @defaultValue none
   */
  readonly version?: Version | undefined;
  /**
   * Whether the output is written to the run's `store`. Without, the step runs again where a run is resumed and somebody still
   * needs it: right for what can't be stored, such as a connection, and for what must not be.
   *
   * @defaultValue true
   */
  readonly checkpoint?: boolean | undefined;
  /** When a result of an earlier run may be taken, in a run that has a `store`. @defaultValue never */
  readonly cache?: CacheOptions<Inputs> | undefined;
  /** What the step is for, in a sentence. */
  readonly description?: string | undefined;
  /** The group it belongs to, for pictures and filters. */
  readonly group?: string | undefined;
  /** Labels, for pictures and filters. */
  readonly tags?: readonly string[] | undefined;
}

/** What is known before a run of the steps that a step brings. */
export interface Within {
  /** All that they may demand at once, each with what follows the step's id in that of one which does. */
  readonly demands: readonly (readonly [demand: Demand, idSuffix: string])[];
  /** What is told of them outside. */
  readonly info: Pick<StepInfo, 'steps' | 'children'>;
}

/** Step options, read: durations in ms, the demand by class. */
export interface StepSettings {
  readonly demand: Demand;
  readonly retry: RetryPolicy | undefined;
  readonly timeout: number | undefined;
  readonly priority: number;
  readonly estimate: number | undefined;
  readonly cleanup: ((output: unknown, outcome: RunOutcome) => unknown) | undefined;
  readonly release: ((output: unknown) => unknown) | undefined;
  readonly when: ((inputs: never) => boolean) | undefined;
  readonly version: Version | undefined;
  readonly checkpoint: boolean;
  readonly cache: CacheTerms | undefined;
  readonly description: string | undefined;
  readonly group: string | undefined;
  readonly tags: readonly string[];
  /** Whether the work is done elsewhere and is sure to stop when told to. */
  readonly isOffloaded: boolean;
  /** The steps that it brings, where it brings some that are known. */
  readonly within: Within | undefined;
  /** What it is, joins apart. */
  readonly kind: 'step' | 'for-each' | 'subflow';
  /** What makes it start, where it only gives what others gave. */
  readonly join: Join | undefined;
}

/** The names of all options, for those who misspell one. */
export const stepOptionNames = [
  'resource',
  'retry',
  'timeout',
  'priority',
  'estimate',
  'cleanup',
  'release',
  'when',
  'version',
  'checkpoint',
  'cache',
  'description',
  'group',
  'tags',
] as const;

/** What others call some of them. */
export const stepOptionSynonyms = { retries: 'retry', attempts: 'retry', resources: 'resource' } as const;

/** The settings of a step without options. */
export const defaultSettings: StepSettings = Object.freeze({
  demand: defaultDemand,
  retry: undefined,
  timeout: undefined,
  priority: 0,
  estimate: undefined,
  cleanup: undefined,
  release: undefined,
  when: undefined,
  version: undefined,
  checkpoint: true,
  cache: undefined,
  description: undefined,
  group: undefined,
  tags: Object.freeze([]),
  isOffloaded: false,
  within: undefined,
  join: undefined,
  kind: 'step',
});

/**
 * Reads step options; what is wrong is noted with the checker, `path` before each option's name.
 *
 * @param mark - what the body says of itself where it is offloaded
 */
export function parseStepOptions<Out, Inputs>(
  checker: OptionChecker,
  path: string,
  options: StepOptions<Out, Inputs>,
  mark: OffloadedBody[typeof offloaded] | undefined,
): StepSettings {
  const { tags } = options;
  if (tags !== undefined && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string'))) {
    checker.fail(`${path}tags`, 'an array of strings', tags);
  }
  return {
    demand:
      options.resource === undefined
        ? (mark?.demand ?? defaultDemand)
        : parseDemand(checker, `${path}resource`, options.resource),
    retry: parseRetry(checker, `${path}retry`, options.retry),
    timeout: checker.duration(`${path}timeout`, options.timeout),
    priority: checker.number(`${path}priority`, options.priority, -Number.MAX_VALUE, Number.MAX_VALUE) ?? 0,
    estimate: checker.duration(`${path}estimate`, options.estimate),
    cleanup: checker.function(`${path}cleanup`, options.cleanup) as StepSettings['cleanup'],
    release: checker.function(`${path}release`, options.release) as StepSettings['release'],
    when: checker.function(`${path}when`, options.when),
    version: parseVersion(checker, `${path}version`, options.version),
    checkpoint: checker.flag(`${path}checkpoint`, options.checkpoint) ?? true,
    cache: parseCache(checker, `${path}cache`, options.cache),
    description: checker.text(`${path}description`, options.description),
    group: checker.text(`${path}group`, options.group),
    tags: tags ?? defaultSettings.tags,
    isOffloaded: mark !== undefined,
    within: undefined,
    join: undefined,
    kind: 'step',
  };
}

/**
 * The settings of a step whose dependencies give nothing, as in a rehearsal: nobody could say whether it runs, or which branch.
 * It does, and the first one.
 */
export function withoutChoice({ join }: StepSettings): Pick<StepSettings, 'when' | 'join'> {
  if (join?.kind !== 'choose') return { when: undefined, join };
  const [first] = join.branches.keys();
  return { when: undefined, join: { ...join, selector: () => first } };
}
