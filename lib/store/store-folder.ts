import { dirname, join } from 'node:path';
import { MillraceError } from '../base/errors.ts';
import { textOf } from '../base/inspect.ts';
import { uniqueId } from '../base/unique-id.ts';
import { codeOf, type FileIo, type OpenFile, writeAll } from './file-io.ts';
import { wallMs } from './host-time.ts';
import { StoreError, StoreFormatError } from './store-errors.ts';

/** The version of the layout that this version writes, and the latest that it reads. */
const folderFormat = 1;

/** What was being written a day ago is nobody's any more. */
const draftsLastMs = 24 * 3_600_000;

/**
 * The folder of a store: what all that is kept in it has in common.
 *
 * ```
 * format                            the version of this layout
 * runs/<name>/lease.<epoch>         who holds the run; none where nobody does
 *             journal.<epoch>.log   what the owner of that epoch appended
 *             events.<epoch>.log    its events
 *             cancel.<epoch>        somebody asks it to cancel
 * objects/<kind>/<2 characters>/<name>
 * drafts/                           what is being written, or removed
 * ```
 */
export class StoreFolder {
  readonly io: FileIo;
  readonly root: string;
  /** What messages call the store. */
  readonly name: string;
  #begun: Promise<void> | undefined;
  /** Folders that are sure to stay. */
  readonly #made = new Set<string>();

  constructor(io: FileIo, root: string, name: string) {
    this.io = io;
    this.root = root;
    this.name = name;
  }

  path(...pieces: readonly string[]): string {
    return join(this.root, ...pieces);
  }

  /** Does something in a folder that is there, and of a format that is known. What fails, fails with a StoreError. */
  write<Value>(action: string, work: () => Promise<Value>): Promise<Value> {
    return this.guard(action, async () => {
      this.#begun ??= this.#begin();
      try {
        await this.#begun;
      } catch (error) {
        this.#begun = undefined;
        throw error;
      }
      return work();
    });
  }

  /** Looks for something; gives `absent` where the folder isn't there. */
  read<Value>(action: string, absent: Value, work: () => Promise<Value>): Promise<Value> {
    return this.guard(action, async () =>
      this.#begun !== undefined || (await this.#hasFormat()) ? work() : absent,
    );
  }

  /** Makes a StoreError of whatever fails. */
  async guard<Value>(action: string, work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      throw this.error(action, textOf(error), error);
    }
  }

  error(action: string, why: string, cause?: unknown): StoreError {
    return new StoreError(this.name, action, why, cause === undefined ? undefined : { cause });
  }

  /** Makes a folder and all that it lies in, to stay. Who made it before may have died before that was sure. */
  async makeFolders(path: string): Promise<void> {
    if (this.#made.has(path)) return;
    const parent = dirname(path);
    if (path !== this.root && path.startsWith(this.root)) await this.makeFolders(parent);
    try {
      await this.io.makeFolder(path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || parent === path) throw error;
      await this.makeFoldersAgain(parent);
      await this.io.makeFolder(path);
    }
    await this.io.syncFolder(parent);
    this.#made.add(path);
  }

  /** Makes a folder again which somebody has removed. */
  async makeFoldersAgain(path: string): Promise<void> {
    this.#made.clear();
    await this.makeFolders(path);
  }

  /** A path for something that is under way. */
  draft(): string {
    return this.path('drafts', `${uniqueId()}.${String(process.pid)}`);
  }

  /** Puts bytes in a file, whole and to stay, or leaves everything as it was. */
  async put(path: string, bytes: Uint8Array): Promise<void> {
    const draft = this.draft();
    const file = await this.#openNew(draft);
    try {
      try {
        await writeAll(file, bytes, 0);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#moveTo(path, draft);
    } catch (error) {
      await this.io.remove(draft).catch(() => undefined);
      throw error;
    }
  }

  async #openNew(path: string): Promise<OpenFile> {
    try {
      return await this.io.open(path, 'new');
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      // Somebody has removed the folder.
      await this.makeFoldersAgain(dirname(path));
      return this.io.open(path, 'new');
    }
  }

  async #moveTo(path: string, draft: string): Promise<void> {
    const folder = dirname(path);
    await this.makeFolders(folder);
    try {
      await this.io.rename(draft, path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      await this.makeFoldersAgain(folder);
      await this.io.rename(draft, path);
    }
    await this.io.syncFolder(folder);
  }

  async #begin(): Promise<void> {
    await this.makeFolders(this.path('drafts'));
    if (!(await this.#hasFormat()))
      await this.put(this.path('format'), new TextEncoder().encode(`${String(folderFormat)}\n`));
    await this.#clearDrafts();
  }

  async #hasFormat(): Promise<boolean> {
    const bytes = await this.io.read(this.path('format'));
    if (bytes === undefined) return false;
    const text = new TextDecoder().decode(bytes).trim();
    if (!/^\d{1,9}$/.test(text))
      throw this.error(
        'read its format',
        `${this.path('format')} holds no version; is it a store of millrace?`,
      );
    if (Number(text) > folderFormat)
      throw new StoreFormatError(this.name, 'the store', Number(text), folderFormat);
    return true;
  }

  /** What processes that died have left is in nobody's way: that it can't be removed is no failure. */
  async #clearDrafts(): Promise<void> {
    try {
      for (const name of (await this.io.list(this.path('drafts'))) ?? []) {
        const path = this.path('drafts', name);
        const changedAt = (await this.io.stat(path))?.changedAt ?? Infinity;
        if (wallMs() - changedAt > draftsLastMs) await this.io.removeFolder(path);
      }
    } catch {
      // Somebody else may be at it.
    }
  }
}
