/** What a platform can move to another thread instead of copying it: ArrayBuffers, MessagePorts, streams … */
export type TransferItem = object;

const brand = Symbol.for('millrace.transferred');

/** A value some of whose parts are moved to the other thread, made by {@link transfer}. */
export interface Transferred<out Value> {
  /** The value. */
  readonly value: Value;
  /** Its parts that are moved. */
  readonly list: readonly TransferItem[];
  /** @internal */
  readonly [brand]: true;
}

/**
 * Moves parts of a value to the other thread instead of copying them: a 64 MB buffer in microseconds.
 *
 * Works for the input of a task and, in a worker, for its output. What was moved is gone where it came from:
 * an ArrayBuffer is left with a length of 0. So don't move what a further step or a retry still needs; a
 * failed attempt whose input was moved is never retried.
 *
 * @param list - the parts to move, each of them within the value
 * @example
 * ```ts
 * export const tasks = exposeTasks({
 *   load(path: string) {
 *     const column = new Float64Array(8_000_000);
 *     return transfer(column, [column.buffer]);
 *   },
 * });
 * ```
 */
export function transfer<Value>(value: Value, list: readonly TransferItem[]): Transferred<Value> {
  return { value, list, [brand]: true };
}

/** Whether a value was made by {@link transfer}, here or in another copy of this module. */
export function isTransferred(value: unknown): value is Transferred<unknown> {
  try {
    return typeof value === 'object' && value !== null && brand in value;
  } catch {
    // A Proxy that was revoked; it is no one's concern here.
    return false;
  }
}

/** Whether something in the list was moved before; platforms send it as if it were empty, without a word. */
export function isGone(item: TransferItem): boolean {
  if (!(item instanceof ArrayBuffer) || item.byteLength > 0) return false;
  try {
    new Uint8Array(item);
    return false;
  } catch {
    return true;
  }
}

/** Throws where a part of the list was moved before. */
export function refuseGone(list: readonly TransferItem[] | undefined): void {
  if (list?.some(isGone)) throw new TypeError('an ArrayBuffer that was to be moved has been moved before');
}
