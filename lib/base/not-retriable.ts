import { MillraceError } from './errors.ts';

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

/**
 * Whether another attempt is of no use, at whatever level: the error, or one that it came of, is marked or says so of itself.
 * An error of several is one only if all of them are. What throws when it is looked at says nothing.
 */
export function isHopeless(error: unknown): boolean {
  try {
    return saysSo(error);
  } catch {
    return false;
  }
}

function saysSo(error: unknown): boolean {
  const seen = new Set<unknown>();
  try {
    for (let current = error; typeof current === 'object' && current !== null && !seen.has(current); ) {
      seen.add(current);
      if (isNotRetriable(current)) return true;
      const { isPermanent, errors, cause } = current as Partial<MillraceError & AggregateError>;
      if (current instanceof MillraceError && isPermanent === true) return true;
      if (Array.isArray(errors) && errors.length > 0) return errors.every(isHopeless);
      current = cause;
    }
  } catch {
    // What can't be looked at says nothing.
  }
  return false;
}
