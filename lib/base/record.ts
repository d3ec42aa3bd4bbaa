/*
 * Records by names that users choose. A plain object has names of its own already (`constructor`, `toString`), and an
 * assignment to `__proto__` changes what it inherits and keeps no value. `Object.fromEntries` and spreads are safe.
 */

/** The record's own value under a name; never one that all objects have. */
export function ownOf<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** Keeps a value under a name, whatever the name is. */
export function setOwn<Value>(record: Record<string, Value>, name: string, value: Value): void {
  if (name === '__proto__') {
    Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
  } else record[name] = value;
}
