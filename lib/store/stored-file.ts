import { OptionChecker } from '../base/option-checker.ts';

/** A file or folder that a step has made, as an output or in one: what is in it is known to the store by its digest. */
export class StoredFile {
  /** Where it is, in full. */
  readonly path: string;

  /** @internal Use {@link file}. */
  constructor(path: string) {
    this.path = path;
    Object.freeze(this);
  }
}

/**
 * Says that an output is, or has in it, a file or folder that the step has made: it is restored, or taken from the cache, only where it is still
 * there, with the same in it. The file stays where it is; the store keeps its digest. Those who need the output get the path as `output.path`.
 *
 * @param path - of the file or folder; a relative one is one of the process's folder
 * @throws InvalidOptionsError where it is no path
 * @example
 * ```ts
 * const thumbnail = step('thumbnail', { photo }, async ({ photo }) => {
 *   await shrink(photo, 'out/thumbnail.jpg');
 *   return file('out/thumbnail.jpg');
 * }, { cache: { version: 1, files: ({ photo }) => [photo] } });
 * ```
 */
export function file(path: string): StoredFile {
  const checker = new OptionChecker();
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    checker.fail('the path', 'the path of a file or folder', path);
  checker.throwIfAny('file');
  return new StoredFile(path);
}
