import type { Awaitable, StoreBackend } from './backend.ts';

/** How long, in ms, what this process has put is sure to be there still: nobody removes what is younger than this. */
const sureFor = 60_000;

/** When this process put what it put last, by name. */
const putAt = new WeakMap<StoreBackend, Map<string, number>>();

/** Puts an object that many runs have in common, unless this process has just done so. */
export function putShared(
  backend: StoreBackend,
  name: string,
  bytes: Uint8Array,
  now: number,
): Awaitable<void> {
  let known = putAt.get(backend);
  if (known === undefined) {
    known = new Map();
    putAt.set(backend, known);
  }
  const last = known.get(name);
  if (last !== undefined && now - last < sureFor) return undefined;
  known.set(name, now);
  return backend.putObject('blob', name, bytes);
}
