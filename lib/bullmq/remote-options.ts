// Long because most of it says what its users may rely on.
import type { CancellationToken } from '../base/cancellation.ts';
import { isSignal } from '../base/cancellation.ts';
import type { Duration } from '../base/durations.ts';
import { OptionChecker } from '../base/option-checker.ts';
import type { ProgressAmount } from '../definition/step-context.ts';
import { type Inline, inlineModes } from '../pool/call-options.ts';
import { parseTasks } from '../pool/pool-options.ts';
import type { Tasks } from '../task/task-record.ts';
import { parseConnection, type RedisConnection, type RedisParts } from './redis-connection.ts';
import type { BlobStore } from './transport.ts';

/** What both sides of a queue are told. `undefined` is always absent. */
export interface QueueOptions {
  /**
   * Where Redis is, version 6.2 or later. Several share the work, each on its own: give all of them to both sides, in the same order. A
   * worker is on one of them, which chance decides; coordinators reach all.
   */
  readonly connection: RedisConnection | readonly RedisConnection[];
  /** What the queue is called: the same for coordinator and workers. Steps demand `remote:<queue>`. */
  readonly queue: string;
  /**
   * Where values of more than 16 KiB lie on their way: the same for coordinator and workers.
   *
   * @defaultValue Redis, each for a day at most
   */
  readonly blobs?: BlobStore | undefined;
  /**
   * How long a side may be silent before the other takes it for gone; from 1 s. A worker's is also how long BullMQ locks its jobs. A worker
   * that can't be heard tells its tasks to stop when a fifth of it is left: give it five times the grace period of runs at least.
   *
   * @defaultValue '10s'
   */
  readonly lease?: Duration | undefined;
  /**
   * The version of the tasks' code. A coordinator that has one gives tasks only to workers of the same.
   *
   * @defaultValue none
   */
  readonly version?: string | undefined;
}

/** The options of {@link remoteTasks}. `undefined` is always absent. */
export interface RemoteTasksOptions extends QueueOptions {
  /** How long a call waits for a worker that has its task, before it fails with `NoRemoteWorkerError`. @defaultValue '30s' */
  readonly workerWait?: Duration | undefined;
  /**
   * How many short calls of one task share a job at most; 1 where each is to be one of its own. They do while all slots are at work, and
   * while calls of the task take so little that they are done within 20 ms together.
   *
   * @defaultValue 64
   */
  readonly batch?: number | undefined;
  /** How long a call waits for a connection that was lost, before it fails with `QueueUnavailableError`. @defaultValue '30s' */
  readonly connectionWait?: Duration | undefined;
  /**
   * How long workers go on with tasks of a run that has a store once this process gives no sign of life, so that another one may take them
   * over; until then such tasks hold their slots. What ends meanwhile lies in the queue for an hour. No less than the `lease`.
   *
   * @defaultValue '10m'
   */
  readonly takeoverWait?: Duration | undefined;
}

/** The options of {@link serveTasks}. `undefined` is always absent. */
export interface ServeTasksOptions extends QueueOptions {
  /** How many tasks at once, each in a thread. @defaultValue what the machine runs at once */
  readonly slots?: number | undefined;
  /**
   * Whether tasks run on the main thread, `slots` at once, as of `pool.task`: `'auto'` where a task's own calls so far took less than about
   * 50 µs on average, and `'always'` without any thread but for what is isolated. Needs `tasks`. The way to a thread costs more than a short
   * task, and what only waits needs none.
   *
   * A task that keeps the main thread busy keeps this process from saying that it is alive, and from hearing of cancels: after its `lease`
   * the process counts as lost. One that doesn't stop can't be ended.
   *
   * @defaultValue 'never'
   */
  readonly inline?: Inline | undefined;
  /** The record that the worker module exposes, imported here too. @defaultValue none: every task runs in a thread */
  readonly tasks?: Tasks | undefined;
  /**
   * What SIGTERM means: `'drain'` takes no further tasks and lets those that run finish; `'cancel'` stops them, and their steps are
   * tried again elsewhere; `'ignore'` leaves it to you.
   *
   * @defaultValue 'drain'
   */
  readonly onSigterm?: 'drain' | 'cancel' | 'ignore' | undefined;
}

/** The options of a task that is a step's body. `undefined` is always absent. */
export interface RemoteTaskOptions {
  /** As of `pool.task`: a thread of its own on its worker, whose heap the step's `memory(n)` limits. @defaultValue false */
  readonly isolate?: boolean | undefined;
  /**
   * Says that the task is short, so that so many calls of it share a job, and a slot: the step demands `1 / batch` of `remote:<queue>`
   * unless it says otherwise. Without it a step demands a whole slot, and a run sends no more at once than there are.
   *
   * @defaultValue none: 1, until calls are known to be short
   */
  readonly batch?: number | undefined;
}

/** The options of one call. `undefined` is always absent. */
export interface RemoteRunOptions extends RemoteTaskOptions {
  /** Cancels the call: it errors with `CancelledError`. */
  readonly token?: CancellationToken | undefined;
  /** Cancels the call when it aborts, as `token` does. */
  readonly signal?: AbortSignal | undefined;
  /** How long the task may go on once cancelled, before its thread is terminated. @defaultValue '1s' */
  readonly gracePeriod?: Duration | undefined;
  /** Hears the task's `ctx.progress`. What it throws fails the call. */
  readonly onProgress?: ((amount: ProgressAmount, message?: string) => void) | undefined;
  /** Hears the task's `ctx.log`. What it throws fails the call. */
  readonly onLog?: ((message: string, data?: unknown) => void) | undefined;
}

/** What both sides were told, read. */
export interface QueueSettings {
  readonly servers: readonly RedisParts[];
  readonly queue: string;
  readonly blobs: BlobStore | undefined;
  readonly leaseMs: number;
  readonly version: string | undefined;
}

const sharedNames = ['connection', 'queue', 'blobs', 'lease', 'version'] as const;
const shortestLease = 1000;

function parseShared(checker: OptionChecker, given: QueueOptions): QueueSettings {
  const { queue, blobs } = given;
  // BullMQ makes keys of it.
  if (typeof queue !== 'string' || queue === '' || queue.includes(':'))
    checker.fail('queue', 'a name without colons', queue);
  if (blobs !== undefined && !isBlobStore(blobs))
    checker.fail('blobs', 'a blob store, such as folderBlobs(…)', blobs);
  const leaseMs = checker.duration('lease', given.lease) ?? 10_000;
  if (leaseMs < shortestLease) checker.fail('lease', 'at least 1 s', given.lease);
  return {
    servers: parseServers(checker, given.connection),
    queue,
    blobs,
    leaseMs,
    version: checker.text('version', given.version),
  };
}

function parseServers(
  checker: OptionChecker,
  connection: RedisConnection | readonly RedisConnection[],
): readonly RedisParts[] {
  if (!Array.isArray(connection))
    return [parseConnection(checker, 'connection', connection as RedisConnection) as RedisParts];
  const list = connection as readonly RedisConnection[];
  if (list.length === 0) checker.fail('connection', 'one at least', list);
  return list.map((each, at) => parseConnection(checker, `connection[${String(at)}]`, each) as RedisParts);
}

function isBlobStore(value: unknown): boolean {
  const methods = (value ?? {}) as Readonly<Record<string, unknown>>;
  return ['put', 'get', 'drop'].every((name) => typeof methods[name] === 'function');
}

/** How long a coordinator waits for what, and is waited for, in ms; and how many calls share a job. */
interface Waits {
  readonly batch: number;
  readonly workerWait: number;
  readonly connectionWait: number;
  readonly takeoverWait: number;
}

/** Reads the options of a coordinator. */
export function parseRemoteOptions(options: RemoteTasksOptions): QueueSettings & Waits {
  const checker = new OptionChecker();
  if (!checker.record('options', options)) checker.throwIfAny('remoteTasks');
  checker.knownKeys('', options, [...sharedNames, 'batch', 'workerWait', 'connectionWait', 'takeoverWait']);
  const settings = {
    ...parseShared(checker, options),
    batch: checker.finiteCount('batch', options.batch, 1) ?? 64,
    workerWait: checker.duration('workerWait', options.workerWait) ?? 30_000,
    connectionWait: checker.duration('connectionWait', options.connectionWait) ?? 30_000,
    takeoverWait: checker.duration('takeoverWait', options.takeoverWait) ?? 600_000,
  };
  checker.throwIfAny('remoteTasks');
  return settings;
}

/** Reads the options of a worker. */
export function parseServeOptions(options: ServeTasksOptions): QueueSettings & {
  readonly slots: number | undefined;
  readonly inline: Inline;
  readonly tasks: Tasks | undefined;
  readonly onSigterm: 'drain' | 'cancel' | 'ignore';
} {
  const checker = new OptionChecker();
  if (!checker.record('options', options)) checker.throwIfAny('serveTasks');
  checker.knownKeys('', options, [...sharedNames, 'slots', 'inline', 'tasks', 'onSigterm']);
  const settings = {
    ...parseShared(checker, options),
    slots: checker.finiteCount('slots', options.slots, 1),
    inline: checker.oneOf('inline', options.inline, inlineModes) ?? ('never' as const),
    tasks: parseTasks(checker, options.tasks),
    onSigterm:
      checker.oneOf('onSigterm', options.onSigterm, ['drain', 'cancel', 'ignore']) ?? ('drain' as const),
  };
  if (settings.inline !== 'never' && options.tasks === undefined)
    checker.fail(
      'tasks',
      "the record that the worker module exposes, as `inline` isn't 'never'",
      options.tasks,
    );
  checker.throwIfAny('serveTasks');
  return settings;
}

/** Reads the options of a task as a body. */
export function parseTaskOptions(taskName: string, options: RemoteTaskOptions): TaskSettings {
  const checker = new OptionChecker();
  checkName(checker, taskName);
  if (checker.record('options', options)) checker.knownKeys('', options, ['isolate', 'batch']);
  const isolate = checker.flag('isolate', options.isolate) ?? false;
  const batch = checker.finiteCount('batch', options.batch, 1);
  if (isolate && batch !== undefined) checker.fail('batch', 'absent beside `isolate`', batch);
  checker.throwIfAny('remote.task');
  return { isolate, batch };
}

/** What was said of a task. */
export interface TaskSettings {
  readonly isolate: boolean;
  readonly batch: number | undefined;
}

/** Reads the options of a call. */
export function parseRunOptions(
  taskName: string,
  options: RemoteRunOptions,
): TaskSettings & { readonly gracePeriod: number } {
  const checker = new OptionChecker();
  checkName(checker, taskName);
  if (checker.record('options', options))
    checker.knownKeys('', options, [
      'isolate',
      'batch',
      'token',
      'signal',
      'gracePeriod',
      'onProgress',
      'onLog',
    ]);
  const { token, signal } = options;
  if (token !== undefined && typeof token.onCancel !== 'function')
    checker.fail('token', 'a CancellationToken', token);
  if (signal !== undefined && !isSignal(signal)) checker.fail('signal', 'an AbortSignal', signal);
  checker.function('onProgress', options.onProgress);
  checker.function('onLog', options.onLog);
  const settings = {
    isolate: checker.flag('isolate', options.isolate) ?? false,
    batch: checker.finiteCount('batch', options.batch, 1),
    gracePeriod: checker.duration('gracePeriod', options.gracePeriod) ?? 1000,
  };
  checker.throwIfAny('remote.run');
  return settings;
}

function checkName(checker: OptionChecker, taskName: string): void {
  if (typeof taskName !== 'string') checker.fail('the name of the task', 'a string', taskName);
}
