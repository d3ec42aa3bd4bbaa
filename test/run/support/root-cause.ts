/** The deepest cause of an error. */
export function rootCause(error: unknown): unknown {
  let deepest = error;
  while (deepest instanceof Error && deepest.cause !== undefined) deepest = deepest.cause;
  return deepest;
}
