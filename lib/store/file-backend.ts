import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OptionChecker } from '../base/option-checker.ts';
import type { ObjectKind, OpenedRun, RunWatcher, StoreBackend, StoredObject, StoredRun } from './backend.ts';
import type { FileIo } from './file-io.ts';
import { FileLease, holderOf, liveLease } from './file-lease.ts';
import { FileObjects } from './file-objects.ts';
import { FileRun } from './file-run.ts';
import { inGroups } from './in-groups.ts';
import { nodeFileIo } from './node-file-io.ts';
import type { Machine } from './owner.ts';
import { RunFolder } from './run-folder.ts';
import { StoreFolder } from './store-folder.ts';
import { thisMachine } from './this-machine.ts';
import type { LeaseTerms } from './vigil.ts';

/** How a file backend works, for tests of it. */
export interface FileBackendParts {
  /** @defaultValue the machine's file system */
  readonly io?: FileIo;
  /** @defaultValue this process */
  readonly machine?: Machine;
  /** How often a sign of life is given and requests are read, in ms. @defaultValue 2000 */
  readonly heartbeatMs?: number;
  /** After how long without a sign of life an owner is displaced, in ms. @defaultValue 10000 */
  readonly staleMs?: number;
}

/**
 * Keeps a store in a folder, which is made once something is to be kept: plain files of this user alone.
 *
 * @throws InvalidOptionsError where the folder is neither a path nor a `file:` URL
 */
export function fileBackend(folder: string | URL, parts: FileBackendParts = {}): StoreBackend {
  const path = pathOf(folder);
  if (path === undefined) {
    const checker = new OptionChecker();
    checker.fail('the folder', "a path or a 'file:' URL", folder);
    checker.throwIfAny('fileStore');
  }
  return new FileBackend(path as string, parts);
}

class FileBackend implements StoreBackend {
  readonly name: string;
  readonly #folder: StoreFolder;
  readonly #objects: FileObjects;
  readonly #terms: LeaseTerms;
  readonly #open = new Set<FileRun>();

  constructor(path: string, { io, machine, heartbeatMs = 2000, staleMs = 10_000 }: FileBackendParts) {
    this.name = `fileStore('${path}')`;
    // Whoever changes the working directory later means the same folder.
    this.#folder = new StoreFolder(io ?? nodeFileIo, resolve(path), this.name);
    this.#objects = new FileObjects(this.#folder);
    this.#terms = { machine: machine ?? thisMachine(), heartbeatMs, staleMs };
  }

  openRun(runId: string, watcher: RunWatcher): Promise<OpenedRun> {
    return this.#folder.write(`open run '${runId}'`, async () => {
      const run = await FileRun.open(this.#run(runId), watcher, this.#terms, () => {
        this.#open.delete(run);
      });
      this.#open.add(run);
      return run;
    });
  }

  listRuns(): Promise<readonly StoredRun[]> {
    return this.#folder.read('list runs', [], async () => {
      const runs = await inGroups(await RunFolder.all(this.#folder), async (run): Promise<StoredRun[]> => {
        const files = (await run.files()).filter(({ kind }) => kind === 'journal' || kind === 'events');
        // A folder alone is no run: whoever made it may have died before there was one.
        if (!files.some(({ kind }) => kind === 'journal')) return [];
        const stats = await Promise.all(files.map(({ path }) => this.#folder.io.stat(path)));
        const size = stats.reduce((sum, stat) => sum + (stat?.size ?? 0), 0);
        const changedAt = stats.reduce((latest, stat) => Math.max(latest, stat?.changedAt ?? 0), 0);
        return [{ runId: run.runId, heldBy: await holderOf(run, this.#terms), size, changedAt }];
      });
      return runs.flat();
    });
  }

  readLines(runId: string): Promise<readonly string[] | undefined> {
    return this.#folder.read(`read run '${runId}'`, undefined, async () => {
      const journal = await this.#run(runId).journal();
      return journal && [...journal.lines];
    });
  }

  readEvents(runId: string): Promise<readonly string[]> {
    return this.#folder.read(`read the events of run '${runId}'`, [], () => this.#run(runId).events());
  }

  removeRun(runId: string): Promise<void> {
    return this.#folder.read(`remove run '${runId}'`, undefined, async () => {
      const run = this.#run(runId);
      if ((await run.files()).length === 0) return;
      // Nobody may take it while it goes.
      const lease = await FileLease.take(run, this.#terms);
      const draft = this.#folder.draft();
      try {
        await this.#folder.io.rename(run.path, draft);
      } finally {
        await lease.release();
      }
      await this.#folder.io.syncFolder(dirname(run.path));
      await this.#folder.io.removeFolder(draft);
    });
  }

  requestCancel(runId: string, reason: string): Promise<boolean> {
    return this.#folder.read(`ask run '${runId}' to cancel`, false, async () => {
      const run = this.#run(runId);
      const lease = await liveLease(run, this.#terms);
      if (lease === undefined) return false;
      await this.#folder.put(run.file('cancel', lease.epoch).path, new TextEncoder().encode(reason));
      return true;
    });
  }

  getObject(kind: ObjectKind, name: string, isUse = true): Promise<Uint8Array | undefined> {
    return this.#folder.read(`read ${kind} '${name}'`, undefined, () => this.#objects.get(kind, name, isUse));
  }

  putObject(kind: ObjectKind, name: string, bytes: Uint8Array): Promise<void> {
    return this.#folder.write(`keep ${kind} '${name}'`, () => this.#objects.put(kind, name, bytes));
  }

  listObjects(kind: ObjectKind): Promise<readonly StoredObject[]> {
    return this.#folder.read(`list objects of kind ${kind}`, [], () => this.#objects.list(kind));
  }

  removeObject(kind: ObjectKind, name: string): Promise<void> {
    return this.#folder.read(`remove ${kind} '${name}'`, undefined, () => this.#objects.remove(kind, name));
  }

  async close(): Promise<void> {
    const closed = await Promise.allSettled([...this.#open].map((run) => run.close()));
    const failed = closed.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  #run(runId: string): RunFolder {
    return new RunFolder(this.#folder, runId);
  }
}

/** The path that a folder is given by; `undefined` where it isn't one. */
export function pathOf(folder: unknown): string | undefined {
  if (typeof folder === 'string') return folder === '' || folder.includes('\0') ? undefined : folder;
  try {
    return folder instanceof URL ? fileURLToPath(folder) : undefined;
  } catch {
    return undefined;
  }
}
