import type { ObjectKind, StoredObject } from './backend.ts';
import { wallMs } from './host-time.ts';
import { inGroups } from './in-groups.ts';
import { isFolderOfNames, nameOfPieces, piecesOfName } from './safe-name.ts';
import type { StoreFolder } from './store-folder.ts';

/** That an object was used is noted at most this often, in ms: nobody asks more exactly, and each note is a write. */
const notedEveryMs = 3_600_000;

/** Objects as files, a folder for each first two characters of their names. */
export class FileObjects {
  readonly #store: StoreFolder;

  constructor(store: StoreFolder) {
    this.#store = store;
  }

  async get(kind: ObjectKind, name: string, isUse: boolean): Promise<Uint8Array | undefined> {
    const { io } = this.#store;
    const path = this.#pathOf(kind, name);
    const bytes = await io.read(path);
    if (bytes === undefined) return undefined;
    if (isUse) await this.#noteUse(path);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  async #noteUse(path: string): Promise<void> {
    const { io } = this.#store;
    try {
      const now = wallMs();
      const changedAt = (await io.stat(path))?.changedAt ?? now;
      if (now - changedAt > notedEveryMs) await io.touch(path, now);
    } catch {
      // A folder that may only be read can be read.
    }
  }

  put(kind: ObjectKind, name: string, bytes: Uint8Array): Promise<void> {
    return this.#store.put(this.#pathOf(kind, name), bytes);
  }

  remove(kind: ObjectKind, name: string): Promise<void> {
    return this.#store.io.remove(this.#pathOf(kind, name));
  }

  async list(kind: ObjectKind): Promise<readonly StoredObject[]> {
    const objects = await inGroups(await this.#namesIn(kind), async ({ name, path }) => {
      const stat = await this.#store.io.stat(path);
      // It may have been removed meanwhile.
      return stat === undefined ? [] : [{ name, size: stat.size, usedAt: stat.changedAt }];
    });
    return objects.flat();
  }

  async #namesIn(kind: ObjectKind): Promise<{ readonly name: string; readonly path: string }[]> {
    const { io } = this.#store;
    const found: { name: string; path: string }[] = [];
    const collect = async (prefix: string, above: readonly string[]): Promise<void> => {
      const folder = this.#store.path('objects', kind, prefix, ...above);
      for (const piece of (await io.list(folder)) ?? []) {
        const pieces = [...above, piece];
        const name = nameOfPieces(pieces);
        if (isFolderOfNames(piece)) await collect(prefix, pieces);
        // Whatever else lies there has been put there by somebody else.
        else if (name !== undefined && prefixOf(pieces) === prefix)
          found.push({ name, path: this.#pathOf(kind, name) });
      }
    };
    for (const prefix of (await io.list(this.#store.path('objects', kind))) ?? []) await collect(prefix, []);
    return found;
  }

  #pathOf(kind: ObjectKind, name: string): string {
    const pieces = piecesOfName(name);
    return this.#store.path('objects', kind, prefixOf(pieces), ...pieces);
  }
}

function prefixOf(pieces: readonly string[]): string {
  return (pieces[0] ?? '').slice(0, 2);
}
