import type { Bytes } from '../base/bytes.ts';
import type { CancellationToken } from '../base/cancellation.ts';
import type { Duration } from '../base/durations.ts';
import { OptionChecker } from '../base/option-checker.ts';
import type { ProgressAmount } from '../definition/step-context.ts';
import { isTransferred, type TransferItem, type Transferred } from '../wire/transfer.ts';
import { leastHeap } from './heap-limits.ts';

/** What `pool.run` takes beside the name: the input, which may be left out where the task takes none. */
export type RunTaskArguments<Input> = undefined extends Input
  ? [input?: Input | Transferred<Input>, options?: RunTaskOptions<Input>]
  : [input: Input | Transferred<Input>, options?: RunTaskOptions<Input>];

/**
 * Whether a task runs on the main thread: in a thread always; where its own calls so far took less than about 50 µs
 * on average, the cost of the way to a thread and back; or here always.
 */
export type Inline = 'never' | 'auto' | 'always';

export const inlineModes = ['never', 'auto', 'always'] as const satisfies readonly Inline[];

/**
 * The options of a task that is a step's body. `undefined` is always absent.
 *
 * @example
 * ```ts
 * const body = pool.task('resize', ({ image }) => image, { transfer: (image) => [image.pixels.buffer] });
 * ```
 */
export interface TaskOptions<in Input = unknown> {
  /**
   * Says which parts of the input are moved to the thread instead of copied. They are gone here afterwards, so
   * an attempt whose input was moved is never retried. @defaultValue nothing is moved
   */
  readonly transfer?: ((input: Input) => readonly TransferItem[]) | undefined;
  /**
   * Whether the task may run on the main thread, which needs the pool's `tasks`. `'auto'` asks the mean of the
   * task's earlier calls, so the first one goes to a thread.
   *
   * All but the place is as in a thread: clones in and out, token, progress, logs and errors. But it takes no
   * thread's place and keeps the event loop busy, `process.exit()` ends the process, and a task that hasn't stopped
   * within the grace period is let go of with a process warning, as it can't be terminated.
   *
   * @defaultValue 'never'
   */
  readonly inline?: Inline | undefined;
  /**
   * Gives the call a thread of its own that ends with it. It takes the place of one of the pool's `size` threads:
   * it waits for one, and an idle thread makes room for it.
   *
   * The step's `memory(n)` becomes the limit of the thread's JavaScript heap (16 MiB at least), which V8 enforces: a
   * task that needs more fails with a `WorkerCrashedError` and nothing else is touched. ArrayBuffers and native memory
   * lie outside of that heap. Without `isolate`, `memory(n)` is the budget of admission only: it decides when the step
   * starts, and nothing is enforced.
   *
   * @defaultValue false
   */
  readonly isolate?: boolean | undefined;
}

/**
 * The options of one call. `undefined` is always absent.
 *
 * @example
 * ```ts
 * pool.run('resize', image, { signal: AbortSignal.timeout(5000), onProgress: (amount) => console.log(amount) });
 * ```
 */
export interface RunTaskOptions<in Input = unknown> extends TaskOptions<Input> {
  /**
   * What the heap of the thread may hold, from '16MiB'; only with `isolate`. A quarter of it, 48 MiB at most, is for
   * recent objects. @defaultValue the pool's `resourceLimits`
   */
  readonly memory?: Bytes | undefined;
  /** Cancels the call: it errors with `CancelledError`. */
  readonly token?: CancellationToken | undefined;
  /** Cancels the call when it aborts, as `token` does. */
  readonly signal?: AbortSignal | undefined;
  /** How long the task may go on once cancelled, before its thread is terminated. @defaultValue the pool's */
  readonly gracePeriod?: Duration | undefined;
  /** Hears the task's `ctx.progress`. What it throws fails the call. */
  readonly onProgress?: ((amount: ProgressAmount, message?: string) => void) | undefined;
  /** Hears the task's `ctx.log`. What it throws fails the call. */
  readonly onLog?: ((message: string, data?: unknown) => void) | undefined;
}

const taskOptionNames = ['transfer', 'inline', 'isolate'] as const satisfies (keyof TaskOptions)[];

const runOptionNames = [
  ...taskOptionNames,
  'memory',
  'token',
  'signal',
  'gracePeriod',
  'onProgress',
  'onLog',
] as const satisfies (keyof RunTaskOptions)[];

/** Where a call runs. */
interface CallPlace {
  readonly inline: Inline;
  readonly isolate: boolean;
}

/**
 * Reads the arguments of `pool.task`.
 *
 * @param hasTasks - whether the pool knows its tasks, as those that run inline ask for
 */
export function parseTaskOptions(
  taskName: string,
  options: TaskOptions<never>,
  hasTasks: boolean,
): CallPlace {
  const checker = new OptionChecker();
  checkName(checker, taskName);
  let place: CallPlace = { inline: 'never', isolate: false };
  if (checker.record('options', options)) {
    checker.knownKeys('', options, taskOptionNames);
    place = parseShared(checker, options, hasTasks);
  }
  checker.throwIfAny('pool.task');
  return place;
}

function parseShared(checker: OptionChecker, options: TaskOptions<never>, hasTasks: boolean): CallPlace {
  checker.function('transfer', options.transfer);
  const inline = checker.oneOf('inline', options.inline, inlineModes) ?? 'never';
  const isolate = checker.flag('isolate', options.isolate) ?? false;
  if (inline !== 'never' && inlineModes.includes(inline)) {
    if (!hasTasks) {
      checker.fail(
        'inline',
        "'never', as this pool was made without its tasks (import them and give threadPool(url, { tasks }))",
        inline,
      );
    } else if (isolate) {
      checker.fail('inline', "'never', as the task is isolated in a thread of its own", inline);
    }
  }
  return { inline, isolate };
}

/** The options of `pool.run`, read. */
export interface RunSettings extends CallPlace {
  readonly gracePeriod: number | undefined;
  readonly memory: number | undefined;
}

const usual: RunSettings = { inline: 'never', isolate: false, gracePeriod: undefined, memory: undefined };

/** Whether nothing can be read from the options, be it their own or inherited. */
function isEmpty(options: unknown): boolean {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return false;
  for (const _ in options) return false;
  return true;
}

/** Reads the arguments of `pool.run`; `hasTasks` as for `pool.task`. */
export function parseRunOptions(
  taskName: string,
  options: RunTaskOptions<never>,
  hasTasks: boolean,
  owner = 'pool.run',
): RunSettings {
  // Most calls have none, and reading them costs as much as all else that is done for a call here.
  if (typeof taskName === 'string' && isEmpty(options)) return usual;
  const checker = new OptionChecker();
  checkName(checker, taskName);
  let place: CallPlace = { inline: 'never', isolate: false };
  let gracePeriod: number | undefined;
  let memory: number | undefined;
  if (checker.record('options', options)) {
    checker.knownKeys('', options, runOptionNames);
    place = parseShared(checker, options, hasTasks);
    memory = parseMemory(checker, options);
    checker.function('onProgress', options.onProgress);
    checker.function('onLog', options.onLog);
    if (options.token !== undefined && typeof options.token.onCancel !== 'function') {
      checker.fail('token', 'a CancellationToken', options.token);
    }
    if (options.signal !== undefined && typeof options.signal.addEventListener !== 'function') {
      checker.fail('signal', 'an AbortSignal', options.signal);
    }
    gracePeriod = checker.duration('gracePeriod', options.gracePeriod);
  }
  checker.throwIfAny(owner);
  return { ...place, gracePeriod, memory };
}

function parseMemory(checker: OptionChecker, { memory, isolate }: RunTaskOptions<never>): number | undefined {
  if (memory !== undefined && isolate !== true) {
    return checker.fail(
      'memory',
      'absent without isolate: true, as shared threads have no limit a call',
      memory,
    );
  }
  const bytes = checker.bytes('memory', memory);
  return bytes !== undefined && bytes < leastHeap
    ? checker.fail('memory', "at least '16MiB', what a thread needs to start", memory)
    : bytes;
}

function checkName(checker: OptionChecker, taskName: string): void {
  if (typeof taskName !== 'string') checker.fail('the name of the task', 'a string', taskName);
}

/**
 * The input as it is sent, and its parts that are moved.
 *
 * @throws InvalidOptionsError where `transfer` gives something else than a list, and what it throws itself
 */
export function inputOf(
  given: unknown,
  options: TaskOptions<never>,
): { readonly input: unknown; readonly transferList: readonly TransferItem[] | undefined } {
  const transferred = isTransferred(given) ? given : undefined;
  const input = transferred === undefined ? given : transferred.value;
  const lists = [transferred?.list, options.transfer?.(input as never)].filter((list) => list !== undefined);
  if (lists.length === 0) return { input, transferList: undefined };
  const checker = new OptionChecker();
  for (const list of lists) {
    if (!Array.isArray(list)) checker.fail('what transfer gives', 'an array of what is to be moved', list);
  }
  checker.throwIfAny('transfer');
  // Nothing can be moved twice, so one list may repeat the other.
  return { input, transferList: [...new Set(lists.flat())] };
}
