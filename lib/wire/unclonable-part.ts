import { inspectValue } from '../base/inspect.ts';
import { isGone, type TransferItem } from './transfer.ts';

/** The part of a value that can't be cloned: where it is and what it is. */
interface UnclonablePart {
  /** The path from the root, as in `input.rows[3].callback`. */
  readonly path: string;
  /** A short picture of it. */
  readonly what: string;
}

/**
 * Finds what keeps a value from being posted, for the error's message.
 *
 * Looks at the whole value at worst, so only call it once posting has failed. Where nothing is found (a Proxy
 * is indistinguishable from its target), it is the value itself.
 *
 * @param root - what the path starts with
 * @param moved - parts that are transferred and so needn't be cloned
 */
export function unclonablePart(
  value: unknown,
  root: string,
  moved: readonly TransferItem[] = [],
): UnclonablePart {
  let found: UnclonablePart | undefined;
  try {
    found = find(value, root, new Set<unknown>(moved.filter((item) => !isGone(item))));
  } catch {
    // A getter throws here as it did when the value was posted, or the value is too deep for the stack.
  }
  return found ?? { path: root, what: inspectValue(value) };
}

function find(value: unknown, path: string, seen: Set<unknown>): UnclonablePart | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return { path, what: inspectValue(value) };
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
  seen.add(value);
  let isLeaf = true;
  for (const [part, partPath] of partsOf(value, path)) {
    isLeaf = false;
    const found = find(part, partPath, seen);
    if (found !== undefined) return found;
  }
  return isLeaf && !canBeCloned(value) ? { path, what: inspectValue(value) } : undefined;
}

/** What cloning would go into, each with its path. */
function* partsOf(value: object, path: string): Iterable<readonly [part: unknown, path: string]> {
  if (ArrayBuffer.isView(value)) return;
  if (value instanceof Map) {
    for (const [key, item] of value) {
      yield [key, `${path} (a key)`];
      yield [item, `${path}.get(${inspectValue(key)})`];
    }
  } else if (value instanceof Set) {
    let index = 0;
    for (const item of value) yield [item, `[...${path}][${String(index++)}]`];
  } else {
    for (const key of Object.keys(value)) {
      yield [(value as Readonly<Record<string, unknown>>)[key], path + step(value, key)];
    }
  }
}

function step(parent: object, key: string): string {
  if (Array.isArray(parent)) return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function canBeCloned(value: object): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
