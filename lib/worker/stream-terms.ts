/** What may happen to a value that an Observable emits while there is no room for it. */
export const overflowPolicies = [
  'error',
  'drop-oldest',
  'drop-newest',
  'latest',
] as const satisfies readonly Overflow[];

/**
 * What happens to the values of an Observable that come faster than they are read, as it can't be held back.
 *
 * Beside the values that are under way, `capacity` more may wait in the worker. Once they do, the stream fails with
 * `StreamOverflowError` (`'error'`), or the value that has waited longest (`'drop-oldest'`) or the new one
 * (`'drop-newest'`) is dropped. With `'latest'` only one waits: the newest.
 */
export type Overflow = 'error' | 'drop-oldest' | 'drop-newest' | 'latest';

/** How a call's values are sent one by one: how many at most before some were read, and what is done beyond. */
export type StreamTerms = readonly [capacity: number, overflow: Overflow | undefined];
