import { MillraceError } from '../base/errors.ts';
import type { SharedInput } from '../definition/offloaded-body.ts';
import type { TransferItem } from '../worker/transfer.ts';

/**
 * A step would move an output to a thread that other steps, or the result, still need: it would be gone for them.
 *
 * Copy it (leave `transfer` out), put it into a `SharedArrayBuffer`, or let one step alone consume it.
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
  if (value instanceof Map) return [...value.keys(), ...value.values()];
  if (value instanceof Set) return value;
  return Object.values(value);
}
