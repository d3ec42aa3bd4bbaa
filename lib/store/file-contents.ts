import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What is in a file or folder, and by what it is seen to have been written to meanwhile. */
export interface FileContents {
  readonly digest: string;
  readonly stamp: string;
}

/**
 * What is in a file, or in all of a folder: names and contents count, times and permissions don't. Reads all of it.
 *
 * Rejects with the system's error where there is nothing of that path.
 */
export async function contentsOf(path: string): Promise<FileContents> {
  const stats = await stat(path);
  if (stats.isDirectory()) return contentsOfFolder(path);
  return { digest: await digestOfFile(path), stamp: stampOf(stats) };
}

async function contentsOfFolder(folder: string): Promise<FileContents> {
  const hash = createHash('sha256');
  const stamps: string[] = [];
  const names = (await readdir(folder)).sort();
  for (const name of names) {
    const path = join(folder, name);
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) {
      hash.update(JSON.stringify([name, 'link', await readlink(path)]));
    } else if (stats.isDirectory()) {
      const within = await contentsOfFolder(path);
      stamps.push(within.stamp);
      hash.update(JSON.stringify([name, 'folder', within.digest]));
    } else if (stats.isFile()) {
      stamps.push(stampOf(stats));
      hash.update(JSON.stringify([name, 'file', await digestOfFile(path)]));
    }
  }
  return { digest: hash.digest('hex'), stamp: stamps.join() };
}

/** By what it is seen whether a file or folder has been written to; rejects where there is none. */
export async function stampAt(path: string): Promise<string> {
  const stats = await stat(path);
  if (!stats.isDirectory()) return stampOf(stats);
  const stamps: string[] = [];
  for (const name of (await readdir(path)).sort()) {
    const within = join(path, name);
    const each = await lstat(within);
    if (each.isDirectory()) stamps.push(await stampAt(within));
    else if (each.isFile()) stamps.push(stampOf(each));
  }
  return stamps.join();
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }))
    hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

function stampOf({ mtimeMs, size, ino }: { mtimeMs: number; size: number; ino: number }): string {
  return `${String(mtimeMs)}/${String(size)}/${String(ino)}`;
}
