/** What a function throws; a test that expects a throw fails where there is none. */
export function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('expected the function to throw');
}
