/** Something was found that can't be. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Guards what validation has already excluded. `story` says what led there and is only told on failure. */
export function invariant(condition: boolean, story: string | (() => string)): asserts condition {
  if (!condition)
    throw new InvariantError(
      `millrace has broken an invariant: ${typeof story === 'string' ? story : story()}`,
    );
}
