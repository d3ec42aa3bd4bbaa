import { promises as fs, readFileSync, writeSync } from 'node:fs';
import { codeOf, type FileIo, type OpenFile } from './file-io.ts';
import { patiently } from './patiently.ts';

const isWindows = process.platform === 'win32';

/** The file system of the machine. Files are this user's alone. */
export const nodeFileIo: FileIo = {
  read: (path) => unlessMissing(fs.readFile(path)),
  peek: (path) => unlessMissing(new Promise((resolve) => resolve(readFileSync(path)))),
  list: (path) => unlessMissing(fs.readdir(path)),
  async stat(path) {
    const stats = await unlessMissing(fs.stat(path));
    return stats && { size: stats.size, changedAt: stats.mtimeMs };
  },
  async open(path, how) {
    return new NodeFile(await fs.open(path, how === 'new' ? 'wx' : 'r+', 0o600));
  },
  touch: (path, at) => fs.utimes(path, at / 1000, at / 1000),
  rename: (from, to) => patiently(() => fs.rename(from, to)),
  async remove(path) {
    await unlessMissing(patiently(() => fs.unlink(path)));
  },
  removeFolder: (path) => fs.rm(path, { recursive: true, force: true, maxRetries: isWindows ? 5 : 0 }),
  async makeFolder(path) {
    try {
      await fs.mkdir(path, 0o700);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST' && (await fs.stat(path)).isDirectory()) return false;
      throw error;
    }
  },
  async syncFolder(path) {
    // There a folder can't be opened, and the file system keeps a journal of its own.
    if (isWindows) return;
    let folder: fs.FileHandle | undefined;
    try {
      folder = await fs.open(path, 'r');
      await folder.sync();
    } catch (error) {
      if (!unsyncable.has(codeOf(error))) throw error;
    } finally {
      await folder?.close();
    }
  },
};

class NodeFile implements OpenFile {
  readonly #handle: fs.FileHandle;

  constructor(handle: fs.FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array, position: number): Promise<number> {
    // What goes into the system's memory is there before another thread would have begun with it.
    if (bytes.length <= mostAtOnce) return writeSync(this.#handle.fd, bytes, 0, bytes.length, position);
    return (await this.#handle.write(bytes, 0, bytes.length, position)).bytesWritten;
  }

  truncate(length: number): Promise<void> {
    return this.#handle.truncate(length);
  }

  sync(): Promise<void> {
    return this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Beyond this many bytes a write is left to another thread. */
const mostAtOnce = 65_536;

/** What file systems answer that keep folders safe by themselves, or not at all, and folders above that may only be passed through. */
const unsyncable = new Set<string | undefined>(['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM', 'EACCES']);

async function unlessMissing<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
