/**
 * What a value is, in a short text: equal values have one digest, whenever and wherever it is made; others, but for an unbelievable
 * chance, have another. What a value is made of counts, not how the engine holds it: the order of a record's keys, of a Set's members and of
 * a Map's entries doesn't.
 */
import { createHash, type Hash, hash as hashOf } from 'node:crypto';
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
  return new Digester(fileDigest).digestOf(value, []);
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

/** How long a short digest is. */
export const shortDigestLength = 32;

/** As journals have digests, where there may be a million of them: half of one is unbelievable enough. */
export function shortDigest(digest: string): string {
  return digest.slice(0, shortDigestLength);
}

/**
 * By which an item is known again.
 *
 * @throws Unstorable
 */
export function digestOfItem(item: unknown): string {
  return shortDigest(digestOfValue(item));
}

export function digestOfBytes(bytes: Uint8Array): string {
  return hashOf('sha256', bytes, 'hex');
}

export function digestOfText(text: string): string {
  return hashOf('sha256', text, 'hex');
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

/** So much text is hashed at once, in characters. */
const longestPiece = 64 * 1024;

/** Every value begins with what it is, and says how long it is: no two run into each other. */
class Digester {
  /** What is yet to be hashed: a call for each piece would cost more than the hash. */
  #text = '';
  /** Only where there is more than one piece. */
  #hash: Hash | undefined;
  readonly #fileDigest: FileDigests;
  /** What leads to the value that is being added. */
  readonly #within: Set<object>;

  constructor(fileDigest: FileDigests, within: Iterable<object> = []) {
    this.#fileDigest = fileDigest;
    this.#within = new Set(within);
  }

  digestOf(value: unknown, path: readonly string[]): string {
    this.add(value, path);
    return this.#hash === undefined ? digestOfText(this.#text) : this.#hash.update(this.#text).digest('hex');
  }

  #put(text: string): void {
    this.#text += text;
    if (this.#text.length >= longestPiece) this.#hashText();
  }

  #hashText(): Hash {
    this.#hash ??= createHash('sha256');
    this.#hash.update(this.#text);
    this.#text = '';
    return this.#hash;
  }

  add(value: unknown, path: readonly string[]): void {
    switch (typeof value) {
      case 'string':
        this.#putText('s', value);
        break;
      case 'number':
        this.#putText('n', Object.is(value, -0) ? '-0' : String(value));
        break;
      case 'bigint':
        this.#putText('i', String(value));
        break;
      case 'boolean':
        this.#put(value ? 'T;' : 'F;');
        break;
      case 'undefined':
        this.#put('u;');
        break;
      case 'object':
        if (value === null) this.#put('0;');
        else this.#object(value, path);
        break;
      default:
        throw new Unstorable(path, value);
    }
  }

  #putText(kind: string, text: string): void {
    // As bytes, all halves of pairs would be one.
    if (!text.isWellFormed()) this.#put(`${kind}!${JSON.stringify(text)};`);
    else this.#put(`${kind}${String(text.length)}:${text};`);
  }

  #object(value: object, path: readonly string[]): void {
    if (this.#within.has(value)) throw new Unstorable(path, value, 'a value that contains itself');
    this.#within.add(value);
    this.#parts(value, path);
    this.#within.delete(value);
  }

  #parts(value: object, path: readonly string[]): void {
    if (value instanceof StoredFile) {
      this.#putText('file', value.path);
      this.#putText('is', this.#fileDigest(value));
    } else if (Array.isArray(value)) {
      this.#put(`a${String(value.length)}:`);
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
      this.#putText('d', String(value.getTime()));
    } else if (value instanceof RegExp) {
      this.#putText('r', String(value));
    } else if (ArrayBuffer.isView(value)) {
      this.#putText('b', value.constructor.name === 'Buffer' ? 'Uint8Array' : value.constructor.name);
      this.#bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    } else if (value instanceof ArrayBuffer) {
      this.#putText('b', 'ArrayBuffer');
      this.#bytes(new Uint8Array(value));
    } else if (isError(value)) {
      this.#putText('x', value.name);
      this.#putText('s', value.message);
      this.add((value as { readonly code?: unknown }).code, [...path, '.code']);
      this.add(value.cause, [...path, '.cause']);
    } else if (isPlainRecord(value)) {
      const keys = Object.keys(value).sort();
      this.#put(`o${String(keys.length)}:`);
      for (const key of keys) {
        this.#putText('k', key);
        this.add(value[key], [...path, `.${key}`]);
      }
    } else {
      throw new Unstorable(path, value);
    }
  }

  #bytes(bytes: Uint8Array): void {
    this.#put(`${String(bytes.length)}:`);
    this.#hashText().update(bytes);
  }

  #unordered(kind: string, digests: string[]): void {
    this.#put(`${kind}${String(digests.length)}:${digests.sort().join()};`);
  }

  #digestOf(value: unknown, path: readonly string[]): string {
    return new Digester(this.#fileDigest, this.#within).digestOf(value, path);
  }
}
