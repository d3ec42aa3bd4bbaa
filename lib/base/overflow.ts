/** What may happen to a value that comes while there is no room for it. */
export const overflowPolicies = [
  'error',
  'drop-oldest',
  'drop-newest',
  'latest',
] as const satisfies readonly Overflow[];

/**
 * What happens to the values of an Observable that come faster than they are read, as it can't be held back.
 *
 * Once as many wait as there is room for, the stream fails (`'error'`), or the value that has waited longest
 * (`'drop-oldest'`) or the new one (`'drop-newest'`) is dropped. With `'latest'` only one waits: the newest.
 */
export type Overflow = 'error' | 'drop-oldest' | 'drop-newest' | 'latest';
