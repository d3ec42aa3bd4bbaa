/** What the file backend asks of a file system. The default is {@link nodeFileIo}; tests have one that fails and forgets. */
export interface FileIo {
  /** The bytes of a file; `undefined` where there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** As `read`, for a file of a few bytes that is read often: not by another thread, which takes ten times as long. */
  peek(path: string): Promise<Uint8Array | undefined>;
  /** The names in a folder, in no order; `undefined` where there is none. */
  list(path: string): Promise<readonly string[] | undefined>;
  /** Of a file; `undefined` where there is none. */
  stat(path: string): Promise<{ readonly size: number; readonly changedAt: number } | undefined>;
  /** Opens a file for writing: `new` fails with EEXIST where there is one, `old` with ENOENT where there is none. */
  open(path: string, how: 'new' | 'old'): Promise<OpenFile>;
  /** Notes that a file was used at that time, in ms of epoch time. */
  touch(path: string, at: number): Promise<void>;
  /** Puts a file, or a folder, in the place of what there may be. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, if there is one. */
  remove(path: string): Promise<void>;
  /** Removes a folder with all that is in it, if there is one. */
  removeFolder(path: string): Promise<void>;
  /** Makes a folder within one that there is; false where there is one already. */
  makeFolder(path: string): Promise<boolean>;
  /** Makes sure that what was made, renamed or removed in a folder stays so, where the platform can. */
  syncFolder(path: string): Promise<void>;
}

/** A file that is open for writing. */
export interface OpenFile {
  /** Writes at a position, perhaps only the first of the bytes; gives how many. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  truncate(length: number): Promise<void>;
  /** Makes sure that what was written stays. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The code of a system's error, as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null | undefined)?.code;
}

/** Writes all of some bytes, in one go where the system takes them. */
export async function writeAll(file: OpenFile, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const more = await file.write(written === 0 ? bytes : bytes.subarray(written), position + written);
    if (more === 0) throw new Error('the system takes no more bytes');
    written += more;
  }
}

/** Makes a new file of some bytes; whether they stay is another matter. Leaves none where it fails. */
export async function writeNew(io: FileIo, path: string, bytes: Uint8Array): Promise<void> {
  const file = await io.open(path, 'new');
  try {
    await writeAll(file, bytes, 0);
  } catch (error) {
    await file.close().catch(() => undefined);
    await io.remove(path).catch(() => undefined);
    throw error;
  }
  await file.close();
}
