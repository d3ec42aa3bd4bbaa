/** What a name should be, where the value can't be one; `undefined` where it can. */
export function nameFault(name: unknown): string | undefined {
  return typeof name === 'string' && name !== '' ? undefined : 'a string that is not empty';
}
