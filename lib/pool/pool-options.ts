import type { Duration } from '../base/durations.ts';
import { availableParallelism } from '../base/host.ts';
import { OptionChecker } from '../base/option-checker.ts';
import type { Tasks } from '../task/task-record.ts';
import { type ParsedSource, parseSource, type WorkerSource } from './worker-source.ts';

/** The limits of a thread's memory, as Node's Worker takes them. Where one is met, its task fails. */
export interface ThreadResourceLimits {
  /** The size of the heap for lasting objects, in MB. */
  readonly maxOldGenerationSizeMb?: number | undefined;
  /** The size of the heap for recent objects, in MB. */
  readonly maxYoungGenerationSizeMb?: number | undefined;
  /** The size of the memory for generated code, in MB. */
  readonly codeRangeSizeMb?: number | undefined;
  /** The size of the stack, in MB. @defaultValue 4 */
  readonly stackSizeMb?: number | undefined;
}

/**
 * The options of a pool. `undefined` is always absent.
 *
 * @example
 * ```ts
 * const pool = threadPool<typeof tasks>(url, { size: 2, idleTimeout: '5s', resourceLimits: { maxOldGenerationSizeMb: 512 } });
 * ```
 */
export interface ThreadPoolOptions<All extends Tasks = never> {
  /** How many threads at most, from 1 to 4096. @defaultValue what the machine runs at once */
  readonly size?: number | undefined;
  /** How long a thread may be without work before it is ended. @defaultValue '30s' */
  readonly idleTimeout?: Duration | undefined;
  /**
   * How long a cancelled task may go on before its thread is terminated; a step's task has its run's grace
   * period instead. @defaultValue '1s'
   */
  readonly gracePeriod?: Duration | undefined;
  /** How long a thread may take to load its module and expose its tasks. @defaultValue '30s' */
  readonly startTimeout?: Duration | undefined;
  /** How many times in a row a thread that died before it ran a task is replaced, before calls fail. @defaultValue 3 */
  readonly maxRestarts?: number | undefined;
  /** What the pool and its threads are called in messages and debuggers. @defaultValue 'millrace' */
  readonly name?: string | undefined;
  /** The limits of each thread's memory; a function that makes workers sets them itself. @defaultValue Node's */
  readonly resourceLimits?: ThreadResourceLimits | undefined;
  /**
   * The record that the worker module exposes, imported here too, so that calls may run on the main thread: see
   * `inline` of `pool.task`. @defaultValue none: every call goes to a thread
   */
  readonly tasks?: All | undefined;
}

/** The options of a pool, read and completed. */
export interface PoolSettings extends ParsedSource {
  readonly size: number;
  readonly idleTimeout: number;
  readonly gracePeriod: number;
  readonly startTimeout: number;
  readonly maxRestarts: number;
  readonly name: string;
  readonly resourceLimits: Readonly<Record<string, number>> | undefined;
  readonly tasks: Tasks | undefined;
  /** Whether very short calls rather wait for a busy thread than wake another, which costs whoever has many of them more than they do. */
  readonly wakesFew?: boolean;
}

const optionNames = [
  'size',
  'idleTimeout',
  'gracePeriod',
  'startTimeout',
  'maxRestarts',
  'name',
  'resourceLimits',
  'tasks',
] as const satisfies (keyof ThreadPoolOptions<Tasks>)[];

/** What other pools call it. */
const namesElsewhere = {
  threads: 'size',
  workers: 'size',
  concurrency: 'size',
  maxThreads: 'size',
  maxWorkers: 'size',
};

const limitNames = [
  'maxOldGenerationSizeMb',
  'maxYoungGenerationSizeMb',
  'codeRangeSizeMb',
  'stackSizeMb',
] as const satisfies (keyof ThreadResourceLimits)[];

/** Reads the arguments of `threadPool`. */
export function parsePoolOptions(
  source: WorkerSource,
  options: ThreadPoolOptions<Tasks> | undefined,
): PoolSettings {
  const checker = new OptionChecker();
  const given: ThreadPoolOptions<Tasks> =
    options !== undefined && checker.record('options', options) ? options : {};
  checker.knownKeys('', given, optionNames, namesElsewhere);
  const settings = {
    ...parseSource(checker, source),
    size: parseSize(checker, given.size) ?? availableParallelism(),
    idleTimeout: checker.duration('idleTimeout', given.idleTimeout) ?? 30_000,
    gracePeriod: checker.duration('gracePeriod', given.gracePeriod) ?? 1000,
    startTimeout: checker.duration('startTimeout', given.startTimeout) ?? 30_000,
    maxRestarts: checker.count('maxRestarts', given.maxRestarts, 0) ?? 3,
    name: checker.text('name', given.name) ?? 'millrace',
    resourceLimits: parseLimits(checker, given.resourceLimits),
    tasks: parseTasks(checker, given.tasks),
  };
  if (typeof source === 'function' && settings.resourceLimits !== undefined) {
    checker.fail(
      'resourceLimits',
      'absent, as the function that makes the workers sets them',
      given.resourceLimits,
    );
  }
  checker.throwIfAny('threadPool');
  return settings;
}

/** Far beyond any machine; what is above is a mistake, such as a size in bytes. */
const mostThreads = 4096;

function parseSize(checker: OptionChecker, size: number | undefined): number | undefined {
  if (size === undefined || (Number.isInteger(size) && size >= 1 && size <= mostThreads)) return size;
  checker.fail('size', `a whole number from 1 to ${String(mostThreads)}`, size);
  return undefined;
}

/** Reads the record that a worker module exposes. */
export function parseTasks(checker: OptionChecker, tasks: Tasks | undefined): Tasks | undefined {
  if (tasks === undefined || !checker.record('tasks', tasks, 'the record that the worker module exposes')) {
    return undefined;
  }
  for (const [name, task] of Object.entries(tasks)) checker.function(`tasks.${name}`, task);
  return tasks;
}

function parseLimits(
  checker: OptionChecker,
  limits: ThreadResourceLimits | undefined,
): Readonly<Record<string, number>> | undefined {
  if (limits === undefined || !checker.record('resourceLimits', limits)) return undefined;
  checker.knownKeys('resourceLimits.', limits, limitNames);
  const parsed: Record<string, number> = {};
  for (const name of limitNames) {
    const amount = checker.number(`resourceLimits.${name}`, limits[name], 0.1, 2 ** 20);
    if (amount !== undefined) parsed[name] = amount;
  }
  return parsed;
}
