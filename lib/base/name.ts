/**
 * What a name should be, where the value can't be one; `undefined` where it can.
 *
 * Records are kept by name, and `__proto__` is the one name that a record can't hold.
 */
export function nameFault(name: unknown): string | undefined {
  if (typeof name !== 'string' || name === '') return 'a string that is not empty';
  return name === '__proto__' ? 'another name, since no object can hold a value called so' : undefined;
}
