/** Whether a value is an Error. Never throws, as a Proxy may, whatever it is asked. */
export function isError(value: unknown): value is Error {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}
