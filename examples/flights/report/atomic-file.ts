import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/** A file that is replaced as a whole: whoever looks sees the old content or the new one, never a part. */
interface AtomicFile {
  readonly path: string;
  /** Writes the new content beside the file and waits until the disk has it. The file itself stays as it is. */
  write(text: string, signal?: AbortSignal): Promise<void>;
  /** Gives the new content the file's name. */
  commit(): Promise<void>;
  /** Removes new content that wasn't committed; nothing happens where there is none. */
  discard(): Promise<void>;
}

/** Prepares to replace a file. The temporary file is in the same folder: a rename is atomic within a file system. */
export function atomicFile(path: string): AtomicFile {
  const temporary = `${path}.${randomUUID()}.tmp`;
  return {
    path,
    async write(text, signal) {
      const file = await open(temporary, 'wx');
      try {
        await file.writeFile(text, { encoding: 'utf8', signal });
        await file.sync();
      } finally {
        await file.close();
      }
    },
    commit: () => rename(temporary, path),
    discard: () => rm(temporary, { force: true }),
  };
}
