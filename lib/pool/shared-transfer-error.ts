import { MillraceError } from '../base/errors.ts';
import type { SharedInput } from '../definition/offloaded-body.ts';
import type { TransferItem } from '../wire/transfer.ts';

/**
 * A step would move an output to a thread that other steps, or the result, still need: it would be gone for them.
 *
 * Copy it (leave `transfer` out), put it into a `SharedArrayBuffer`, or let one step alone consume it. A step that
 * depends on all the other consumers may move it, since they are over by then; who happens to be faster doesn't count.
 *
 * What is found are the outputs of steps and what is within them as properties, items, keys or views. Not found: what a
 * closure or a private field holds, and what a step has taken out of its input and passed on as its own output.
 *
 * @example
 * ```ts
 * const photo = step('photo', () => image);
 * const size = step('size', { photo }, ({ photo }) => photo.pixels.byteLength);
 * const small = step(
 *   'small',
 *   { photo },
 *   pool.task('resize', ({ photo }) => photo, { transfer: ({ pixels }) => [pixels.buffer] }),
 * );
 * workflow('album', { photo, size, small }).run().result$.subscribe({
 *   error: (error) => {
 *     if (!(error instanceof StepFailedError && error.cause instanceof SharedTransferError)) throw error;
 *     console.error(`${error.stepId} would move away what ${error.cause.producer} gave`); // small, photo
 *   },
 * });
 * ```
 * @example
 * Two steps may read the same pixels in place, without a copy and without a move:
 * ```ts
 * const pixels = step('pixels', () => new Float64Array(new SharedArrayBuffer(64e6)));
 * const sum = step('sum', { pixels }, ({ pixels }) => pixels.reduce((a, b) => a + b));
 * const count = step('count', { pixels }, pool.task('count', ({ pixels }) => pixels));
 * ```
 */
export class SharedTransferError extends MillraceError {
  override readonly name = 'SharedTransferError';
  override readonly code = 'SHARED_TRANSFER';
  /** The task that it would be moved to. */
  readonly taskName: string;
  /** The step that produced it. */
  readonly producer: string;

  constructor(taskName: string, producer: string) {
    super(
      `the task '${taskName}' would move away the output of step '${producer}', which others still need; copy it, use a SharedArrayBuffer, or give it one consumer`,
    );
    this.taskName = taskName;
    this.producer = producer;
  }
}

/**
 * Looks for what is to be moved in the outputs that others need.
 *
 * @throws SharedTransferError where it is found
 */
export function refuseShared(
  taskName: string,
  transferList: readonly TransferItem[],
  shared: readonly SharedInput[],
): void {
  if (transferList.length === 0) return;
  const moved = new Set<unknown>(transferList);
  for (const { stepId, value } of shared) {
    if (reaches(value, moved)) throw new SharedTransferError(taskName, stepId);
  }
}

/** Whether one of the targets is the value or lies within it. Looks at the whole value at worst. */
function reaches(value: unknown, targets: ReadonlySet<unknown>): boolean {
  // A Set goes on over what is added while it is walked, and takes cycles in its stride.
  const seen = new Set<unknown>([value]);
  for (const each of seen) {
    if (targets.has(each)) return true;
    if (typeof each !== 'object' || each === null) continue;
    for (const part of partsOf(each)) if (typeof part === 'object' && part !== null) seen.add(part);
  }
  return false;
}

function partsOf(value: object): Iterable<unknown> {
  if (ArrayBuffer.isView(value)) return [value.buffer];
  if (value instanceof Map) {
    const map: ReadonlyMap<unknown, unknown> = value;
    return [...map.keys(), ...map.values()];
  }
  if (value instanceof Set) return value;
  // What is often long: asking for its keys would cost twenty times as much.
  if (Array.isArray(value)) return Object.values<unknown>(value);
  return Reflect.ownKeys(value).map((key) => read(value, key));
}

/** What a property holds; nothing where a getter throws, for nobody can move what nobody gets. */
function read(value: object, key: PropertyKey): unknown {
  try {
    return Reflect.get(value, key);
  } catch {
    return undefined;
  }
}
