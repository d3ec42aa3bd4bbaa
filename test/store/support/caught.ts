/** What a call fails with, at once or later. */
export async function caught(work: unknown): Promise<unknown> {
  try {
    await (typeof work === 'function' ? (work as () => unknown)() : work);
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
