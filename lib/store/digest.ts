/**
 * What a value is, in a short text: equal values have one digest, whenever and wherever it is made; others, but for an unbelievable
 * chance, have another. What a value is made of counts, not how the engine holds it: the order of a record's keys, of a Set's members and of
 * a Map's entries doesn't.
 */
import { createHash, type Hash } from 'node:crypto';
import { isError } from '../base/is-error.ts';
import { isPlainRecord } from './plain-record.ts';
import { StoredFile } from './stored-file.ts';
import { Unstorable } from './unstorable.ts';

/** Finds the digest of what is in a file or folder. */
export type FileDigests = (file: StoredFile) => string;

/**
 * @param fileDigest - what a file that the value names counts as
 * @throws Unstorable with the path to what can't be told apart from others
 */
export function digestOf(value: unknown, fileDigest: FileDigests = noFiles): string {
  const hash = createHash('sha256');
  new Digester(hash, fileDigest).add(value, []);
  return hash.digest('hex');
}

/**
 * A digest by which a value is known again: of a file, its name alone counts.
 *
 * @throws Unstorable
 */
export function digestOfValue(value: unknown): string {
  return digestOf(value, ({ path }) => path);
}

/** The same; `undefined` where there is none. */
export function digestOrUndefined(value: unknown): string | undefined {
  try {
    return digestOfValue(value);
  } catch {
    return undefined;
  }
}

export function digestOfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function digestOfText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The files that a value names. */
export function filesIn(value: unknown): StoredFile[] {
  const files: StoredFile[] = [];
  try {
    digestOf(value, (file) => {
      files.push(file);
      return '';
    });
  } catch (error) {
    if (!(error instanceof Unstorable)) throw error;
  }
  return files;
}

function noFiles({ path }: StoredFile): string {
  throw new Unstorable([], undefined, `the file '${path}'`);
}

/** Every value begins with what it is, and says how long it is: no two run into each other. */
class Digester {
  readonly #hash: Hash;
  readonly #fileDigest: FileDigests;
  /** What leads to the value that is being added. */
  readonly #within = new Set<object>();

  constructor(hash: Hash, fileDigest: FileDigests) {
    this.#hash = hash;
    this.#fileDigest = fileDigest;
  }

  add(value: unknown, path: readonly string[]): void {
    switch (typeof value) {
      case 'string':
        this.#text('s', value);
        break;
      case 'number':
        this.#text('n', Object.is(value, -0) ? '-0' : String(value));
        break;
      case 'bigint':
        this.#text('i', String(value));
        break;
      case 'boolean':
        this.#hash.update(value ? 'T;' : 'F;');
        break;
      case 'undefined':
        this.#hash.update('u;');
        break;
      case 'object':
        if (value === null) this.#hash.update('0;');
        else this.#object(value, path);
        break;
      default:
        throw new Unstorable(path, value);
    }
  }

  #text(kind: string, text: string): void {
    this.#hash.update(`${kind}${String(text.length)}:${text};`);
  }

  #object(value: object, path: readonly string[]): void {
    if (this.#within.has(value)) throw new Unstorable(path, value, 'a value that contains itself');
    this.#within.add(value);
    this.#parts(value, path);
    this.#within.delete(value);
  }

  #parts(value: object, path: readonly string[]): void {
    if (value instanceof StoredFile) {
      this.#text('file', value.path);
      this.#text('is', this.#fileDigest(value));
    } else if (Array.isArray(value)) {
      this.#hash.update(`a${String(value.length)}:`);
      for (const [at, part] of value.entries()) this.add(part, [...path, `[${String(at)}]`]);
    } else if (value instanceof Map) {
      const entries = [...value].map(([key, one]) => [
        this.#digestOf(key, [...path, '.key']),
        this.#digestOf(one, [...path, `.get(${String(key)})`]),
      ]);
      this.#unordered(
        'm',
        entries.map((entry) => entry.join()),
      );
    } else if (value instanceof Set) {
      this.#unordered(
        'e',
        Array.from(value, (one) => this.#digestOf(one, [...path, '.value'])),
      );
    } else if (value instanceof Date) {
      this.#text('d', String(value.getTime()));
    } else if (value instanceof RegExp) {
      this.#text('r', String(value));
    } else if (ArrayBuffer.isView(value)) {
      this.#text('b', value.constructor.name === 'Buffer' ? 'Uint8Array' : value.constructor.name);
      this.#bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    } else if (value instanceof ArrayBuffer) {
      this.#text('b', 'ArrayBuffer');
      this.#bytes(new Uint8Array(value));
    } else if (isError(value)) {
      this.#text('x', value.name);
      this.#text('s', value.message);
      this.add((value as { readonly code?: unknown }).code, [...path, '.code']);
      this.add(value.cause, [...path, '.cause']);
    } else if (isPlainRecord(value)) {
      const keys = Object.keys(value).sort();
      this.#hash.update(`o${String(keys.length)}:`);
      for (const key of keys) {
        this.#text('k', key);
        this.add(value[key], [...path, `.${key}`]);
      }
    } else {
      throw new Unstorable(path, value);
    }
  }

  #bytes(bytes: Uint8Array): void {
    this.#hash.update(`${String(bytes.length)}:`).update(bytes);
  }

  #unordered(kind: string, digests: string[]): void {
    this.#hash.update(`${kind}${String(digests.length)}:${digests.sort().join()};`);
  }

  #digestOf(value: unknown, path: readonly string[]): string {
    const hash = createHash('sha256');
    const digester = new Digester(hash, this.#fileDigest);
    for (const above of this.#within) digester.#within.add(above);
    digester.add(value, path);
    return hash.digest('hex');
  }
}
