/** Guards what validation has already excluded. `story` says what led there and is only told on failure. */
export function invariant(condition: boolean, story: string | (() => string)): asserts condition {
  if (!condition) {
    throw new Error(`millrace has broken an invariant: ${typeof story === 'string' ? story : story()}`);
  }
}
