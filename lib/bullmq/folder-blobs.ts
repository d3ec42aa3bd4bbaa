import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { uniqueId } from '../base/unique-id.ts';
import type { BlobStore } from './transport.ts';

/**
 * Keeps values that are too large for a message in a folder that coordinator and workers share, such as one on a network drive.
 *
 * Files are written under another name and then renamed, readable by their owner alone. What a process that died has left behind stays
 * until somebody deletes it: nothing in it is needed once no run is under way.
 *
 * @param folder - its path; it is made where there is none
 * @example
 * ```ts
 * const remote = remoteTasks<typeof tasks>({ connection, queue: 'render', blobs: folderBlobs('/mnt/render/blobs') });
 * ```
 */
export function folderBlobs(folder: string): BlobStore {
  return {
    async put(name, bytes) {
      await mkdir(folder, { recursive: true });
      const draft = join(folder, `.${uniqueId()}`);
      await writeFile(draft, bytes, { mode: 0o600 });
      await rename(draft, join(folder, name));
    },
    async get(name) {
      try {
        return await readFile(join(folder, name));
      } catch (error) {
        if ((error as { readonly code?: unknown }).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async drop(name) {
      await rm(join(folder, name), { force: true });
    },
  };
}
