/**
 * A disk in memory that knows what a crash may leave of it.
 *
 * 1. What was written to a file stays where the file was synced since; of all else any part may be there, as old bytes, new ones or zeros.
 * 2. What was made, renamed or removed in a folder stays so where the folder was synced since; else each of it may have happened or not.
 * 3. A sync that failed has forgotten what it should have brought to the disk: the next one doesn't bring it there either.
 */
import type { FileIo, OpenFile } from '../../../lib/store/file-io.ts';

/** What a crash leaves of what wasn't synced. */
export type Crash =
  /** The process died, and the machine goes on. */
  | 'all'
  /** The machine died as late as can be. */
  | 'none'
  /** Whatever the dice say; 0 to below 1. */
  | (() => number);

class FileNode {
  bytes: Uint8Array;
  /** What is on the disk for sure. */
  synced: Uint8Array;
  /** Where bytes are that the next sync brings to the disk. */
  readonly dirty: Set<number>;
  changedAt = Date.now();

  constructor(bytes: Uint8Array = new Uint8Array(0), synced = bytes, dirty: Iterable<number> = []) {
    this.bytes = bytes;
    this.synced = synced;
    this.dirty = new Set(dirty);
  }
}

class FolderNode {
  readonly entries = new Map<string, Node>();
  synced = new Map<string, Node>();
}

type Node = FileNode | FolderNode;

/** What is done to the disk, as in `write /store/format`. */
export interface DiskCall {
  readonly what: keyof FileIo | keyof OpenFile;
  readonly path: string;
}

/** What happens to a call. */
export type Fault = 'short' | NodeJS.ErrnoException;

export class FragileDisk {
  readonly #root: FolderNode;
  /** Asked before each call; gives how it is to fail, if at all. */
  onCall: (call: DiskCall) => Fault | undefined = () => undefined;

  constructor(root = new FolderNode()) {
    this.#root = root;
  }

  /** The disk as it may be found after a crash at this moment. */
  crashed(crash: Crash): FragileDisk {
    const copies = new Map<Node, Node>();
    const left = (node: Node): Node => {
      const known = copies.get(node);
      if (known !== undefined) return known;
      const copy = node instanceof FileNode ? fileLeft(node, crash) : new FolderNode();
      copies.set(node, copy);
      if (copy instanceof FolderNode) {
        const { synced } = node as FolderNode;
        for (const [name, entry] of entriesLeft(node as FolderNode, crash))
          copy.entries.set(name, left(entry));
        for (const [name, entry] of crash === 'all' ? synced : []) copy.synced.set(name, left(entry));
        if (crash !== 'all') copy.synced = new Map(copy.entries);
      }
      return copy;
    };
    return new FragileDisk(left(this.#root) as FolderNode);
  }

  /** All paths of files. */
  get paths(): string[] {
    const paths: string[] = [];
    const collect = (folder: FolderNode, above: string): void => {
      for (const [name, node] of folder.entries)
        if (node instanceof FolderNode) collect(node, `${above}/${name}`);
        else paths.push(`${above}/${name}`);
    };
    collect(this.#root, '');
    return paths.sort();
  }

  /** How a process uses it. */
  readonly io: FileIo = {
    read: (path) => this.#does('read', path, () => this.#file(path)?.bytes.slice()),
    peek: (path) => this.#does('peek', path, () => this.#file(path)?.bytes.slice()),
    list: (path) =>
      this.#does('list', path, () => {
        const folder = this.#find(path);
        if (folder instanceof FileNode) throw failure('ENOTDIR', path);
        return folder && [...folder.entries.keys()];
      }),
    stat: (path) =>
      this.#does('stat', path, () => {
        const file = this.#file(path);
        return file && { size: file.bytes.length, changedAt: file.changedAt };
      }),
    open: (path, how) =>
      this.#does('open', path, () => {
        const [folder, name] = this.#place(path);
        const found = folder.entries.get(name);
        if (how === 'new' && found !== undefined) throw failure('EEXIST', path);
        if (how === 'old' && !(found instanceof FileNode)) throw failure('ENOENT', path);
        const file = (found as FileNode | undefined) ?? new FileNode();
        folder.entries.set(name, file);
        return this.#opened(path, file);
      }),
    touch: (path, at) =>
      this.#does('touch', path, () => {
        const file = this.#file(path);
        if (file === undefined) throw failure('ENOENT', path);
        file.changedAt = at;
      }),
    rename: (from, to) =>
      this.#does('rename', from, () => {
        const [folder, name] = this.#place(from);
        const node = folder.entries.get(name);
        if (node === undefined) throw failure('ENOENT', from);
        const [target, newName] = this.#place(to);
        folder.entries.delete(name);
        target.entries.set(newName, node);
      }),
    remove: (path) =>
      this.#does('remove', path, () => {
        if (this.#find(path) === undefined) return;
        const [folder, name] = this.#place(path);
        folder.entries.delete(name);
      }),
    removeFolder: (path) =>
      this.#does('removeFolder', path, () => {
        if (this.#find(path) === undefined) return;
        const [folder, name] = this.#place(path);
        folder.entries.delete(name);
      }),
    makeFolder: (path) =>
      this.#does('makeFolder', path, () => {
        const [folder, name] = this.#place(path);
        const found = folder.entries.get(name);
        if (found instanceof FileNode) throw failure('EEXIST', path);
        if (found !== undefined) return false;
        folder.entries.set(name, new FolderNode());
        return true;
      }),
    syncFolder: (path) =>
      this.#does('syncFolder', path, () => {
        const folder = this.#find(path);
        if (!(folder instanceof FolderNode)) throw failure('ENOENT', path);
        folder.synced = new Map(folder.entries);
      }),
  };

  #opened(path: string, file: FileNode): OpenFile {
    return {
      write: (bytes, position) =>
        this.#does('write', path, (isShort) => {
          const length = isShort ? bytes.length >> 1 : bytes.length;
          const whole = new Uint8Array(Math.max(file.bytes.length, position + length));
          whole.set(file.bytes);
          whole.set(bytes.subarray(0, length), position);
          for (let place = position; place < position + length; place++) file.dirty.add(place);
          file.bytes = whole;
          file.changedAt = Date.now();
          return length;
        }),
      truncate: (length) =>
        this.#does('truncate', path, () => {
          file.bytes = file.bytes.slice(0, length);
          for (const place of file.dirty) if (place >= length) file.dirty.delete(place);
        }),
      sync: () =>
        this.#does(
          'sync',
          path,
          () => {
            const bytes = new Uint8Array(file.bytes.length);
            bytes.set(file.synced.subarray(0, bytes.length));
            for (const place of file.dirty) bytes[place] = file.bytes[place] as number;
            file.dirty.clear();
            file.synced = bytes;
          },
          () => {
            file.dirty.clear();
          },
        ),
      close: () => this.#does('close', path, () => undefined),
    };
  }

  async #does<Value>(
    what: DiskCall['what'],
    path: string,
    work: (isShort: boolean) => Value,
    onFailure?: () => void,
  ): Promise<Value> {
    // A disk takes time, in which others do things.
    await Promise.resolve();
    const fault = this.onCall({ what, path });
    if (fault !== undefined && fault !== 'short') {
      onFailure?.();
      throw fault;
    }
    return work(fault === 'short');
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (node instanceof FileNode) throw failure('ENOTDIR', path);
      node = node?.entries.get(name);
    }
    return node;
  }

  #file(path: string): FileNode | undefined {
    const node = this.#find(path);
    if (node instanceof FolderNode) throw failure('EISDIR', path);
    return node;
  }

  #place(path: string): [FolderNode, string] {
    const end = path.lastIndexOf('/');
    const folder = end === 0 ? this.#root : this.#find(path.slice(0, end));
    if (!(folder instanceof FolderNode)) throw failure('ENOENT', path);
    return [folder, path.slice(end + 1)];
  }
}

/** An error as the system makes it. */
export function failure(code: string, path = ''): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

const sector = 8;

function fileLeft({ bytes, synced, dirty }: FileNode, crash: Crash): FileNode {
  // Arrays are replaced, never changed.
  if (crash === 'all') return new FileNode(bytes, synced, dirty);
  if (crash === 'none') return new FileNode(synced);
  const [least, most] = [synced.length, bytes.length].sort((left, right) => left - right) as [number, number];
  const isAll = crash() < 0.3;
  const length = isAll ? most : least + Math.floor(crash() * (most - least + 1));
  const isPrefix = crash() < 0.5;
  const left = new Uint8Array(length);
  left.set(synced.subarray(0, length));
  for (let start = 0; start < length; start += sector) {
    const isWritten = isPrefix || crash() < 0.5;
    for (let place = start; place < Math.min(start + sector, length, bytes.length); place++)
      if (isWritten && dirty.has(place)) left[place] = bytes[place] as number;
  }
  return new FileNode(left);
}

function entriesLeft({ entries, synced }: FolderNode, crash: Crash): Map<string, Node> {
  if (crash === 'all') return entries;
  if (crash === 'none') return synced;
  const left = new Map<string, Node>();
  for (const name of new Set([...synced.keys(), ...entries.keys()])) {
    const node = (crash() < 0.5 ? entries : synced).get(name);
    if (node !== undefined) left.set(name, node);
  }
  return left;
}
