/** What an error carries that a retry can't help. */
const notRetriable = Symbol('millrace.notRetriable');

/**
 * Marks an error as one that must not be retried, and gives it back.
 *
 * The mark isn't enumerable. A thrown value that isn't an object, or is frozen, can't carry it.
 */
export function markNotRetriable(error: unknown): unknown {
  if (typeof error === 'object' && error !== null && Object.isExtensible(error)) {
    Object.defineProperty(error, notRetriable, { value: true });
  }
  return error;
}

/** Whether an error is marked as one that must not be retried. */
export function isNotRetriable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && notRetriable in error;
}
