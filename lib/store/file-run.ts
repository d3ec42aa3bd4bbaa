import type { OpenedRun, RunWatcher } from './backend.ts';
import { type OpenFile, writeAll } from './file-io.ts';
import { FileLease } from './file-lease.ts';
import { frameLines } from './line-frame.ts';
import type { RunFolder } from './run-folder.ts';
import { type Journal, readSegments, segmentHeader } from './segments.ts';
import { RunHeldError } from './store-errors.ts';
import type { LeaseTerms } from './vigil.ts';

/** A run that this process holds, in a folder. What it appends goes into files of its own. */
export class FileRun implements OpenedRun {
  readonly epoch: number;
  readonly problems: readonly string[];
  readonly #folder: RunFolder;
  readonly #lease: FileLease;
  #lines: Iterable<string>;
  #segment: OpenFile | undefined;
  readonly #onClose: () => void;
  /** How far the segment is sound. */
  #length: number;
  /** Whether there may be something beyond that. */
  #isSuspect = false;
  #events: OpenFile | undefined;
  #eventsLength = 0;
  /** Whether there may be something beyond that. */
  #isCut = false;
  #isClosed = false;
  #closing: Promise<void> | undefined;
  /** One thing at a time is done to each file. */
  #appending: Promise<unknown> = Promise.resolve();
  #telling: Promise<unknown> = Promise.resolve();

  private constructor(
    folder: RunFolder,
    lease: FileLease,
    segment: OpenFile,
    length: number,
    { lines, problems }: Pick<Journal, 'lines' | 'problems'>,
    onClose: () => void,
  ) {
    this.epoch = lease.epoch;
    this.#lines = lines;
    this.problems = problems;
    this.#folder = folder;
    this.#lease = lease;
    this.#segment = segment;
    this.#length = length;
    this.#onClose = onClose;
  }

  /**
   * Takes the run, and makes sure that nothing comes up any more that isn't among its lines now.
   *
   * @throws RunHeldError, StoreFormatError
   */
  static async open(
    folder: RunFolder,
    watcher: RunWatcher,
    terms: LeaseTerms,
    onClose: () => void,
  ): Promise<FileRun> {
    const { store } = folder;
    await store.makeFolders(folder.path);
    const lease = await FileLease.take(folder, terms);
    try {
      const journal = (await folder.journal()) ?? readSegments([]);
      await makeSure(folder, journal.uncounted);
      const header = segmentHeader(lease.epoch, journal.counts);
      const segment = await startSegment(folder, lease.epoch, header);
      if (!(await isStillHeld(lease, segment)))
        throw new RunHeldError(store.name, folder.runId, String(lease.displacedBy));
      // From here on, whoever comes heeds the header, and none of these.
      await removeLeftovers(folder, lease.epoch, journal.empty);
      lease.watch(watcher);
      return new FileRun(folder, lease, segment, header.length, journal, onClose);
    } catch (error) {
      await lease.release().catch(() => undefined);
      throw error;
    }
  }

  takeLines(): Iterable<string> {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  append(lines: readonly string[]): Promise<void> {
    return this.#do(`append to run '${this.#folder.runId}'`, async () => {
      if (lines.length === 0) return;
      const segment = this.#segment as OpenFile;
      await this.#repair();
      const bytes = frameLines(lines);
      this.#isSuspect = true;
      try {
        await writeAll(segment, bytes, this.#length);
        await segment.sync();
        if (!(await this.#lease.isHeld())) throw this.#displaced();
      } catch (error) {
        if (this.#lease.displacedBy === undefined) await this.#repair().catch(() => undefined);
        throw error;
      }
      this.#length += bytes.length;
      this.#isSuspect = false;
    });
  }

  appendEvents(lines: readonly string[]): Promise<void> {
    const told = this.#telling.then(() =>
      this.#folder.store.guard(`append to the events of run '${this.#folder.runId}'`, async () => {
        this.#throwIfOver();
        if (lines.length === 0) return;
        this.#events ??= await this.#folder.store.io.open(
          this.#folder.file('events', this.epoch).path,
          'new',
        );
        if (this.#isCut) await this.#events.truncate(this.#eventsLength);
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        this.#isCut = true;
        await writeAll(this.#events, bytes, this.#eventsLength);
        this.#eventsLength += bytes.length;
        this.#isCut = false;
      }),
    );
    this.#telling = told.catch(() => undefined);
    return told;
  }

  close(): Promise<void> {
    this.#closing ??= this.#folder.store
      .guard(`close run '${this.#folder.runId}'`, () => this.#close())
      .catch((error: unknown) => {
        this.#closing = undefined;
        throw error;
      });
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#appending, this.#telling]);
    const faults: unknown[] = [];
    // Whatever fails, the rest is let go of too.
    const attempt = async (work: () => Promise<void> | undefined): Promise<void> => {
      try {
        await work();
      } catch (error) {
        faults.push(error);
      }
    };
    if (this.#lease.displacedBy === undefined) await attempt(() => this.#repair());
    await attempt(() => this.#segment?.close());
    await attempt(() => this.#events?.close());
    // What can't be closed can't be closed the next time either.
    this.#segment = undefined;
    this.#events = undefined;
    await attempt(() => this.#lease.release());
    if (faults.length > 0) throw faults[0];
    this.#onClose();
  }

  #do(action: string, work: () => Promise<void>): Promise<void> {
    const done = this.#appending.then(() =>
      this.#folder.store.guard(action, () => {
        this.#throwIfOver();
        return work();
      }),
    );
    this.#appending = done.catch(() => undefined);
    return done;
  }

  /** Cuts off what an append that failed may have left. */
  async #repair(): Promise<void> {
    if (!this.#isSuspect) return;
    await this.#segment?.truncate(this.#length);
    this.#isSuspect = false;
  }

  #throwIfOver(): void {
    if (this.#isClosed) throw new Error('it has been closed');
    if (this.#lease.displacedBy !== undefined) throw this.#displaced();
  }

  #displaced(): Error {
    return new Error(
      `this process had given no sign of life for long, and the run is held by ${String(this.#lease.displacedBy)} now`,
    );
  }
}

/** Makes sure that what has been read stays, as all that follows builds on it: who wrote it may have died before that. */
async function makeSure(folder: RunFolder, epochs: readonly number[]): Promise<void> {
  for (const epoch of epochs) {
    const segment = await folder.store.io.open(folder.file('journal', epoch).path, 'old');
    try {
      await segment.sync();
    } finally {
      await segment.close();
    }
  }
}

/** Begins what this owner will append, to stay. */
async function startSegment(folder: RunFolder, epoch: number, header: Uint8Array): Promise<OpenFile> {
  const { io } = folder.store;
  const { path } = folder.file('journal', epoch);
  const segment = await io.open(path, 'new');
  try {
    await writeAll(segment, header, 0);
    await segment.sync();
    await io.syncFolder(folder.path);
    return segment;
  } catch (error) {
    await segment.close().catch(() => undefined);
    await io.remove(path).catch(() => undefined);
    throw error;
  }
}

/** Whether nobody has come since the lease was taken. */
async function isStillHeld(lease: FileLease, segment: OpenFile): Promise<boolean> {
  let isHeld = false;
  try {
    isHeld = await lease.isHeld();
  } finally {
    if (!isHeld) await segment.close();
  }
  return isHeld;
}

/** Segments that say nothing, and requests to earlier owners. What can't be removed is in nobody's way. */
async function removeLeftovers(folder: RunFolder, epoch: number, empty: readonly number[]): Promise<void> {
  try {
    for (const old of empty) await folder.store.io.remove(folder.file('journal', old).path);
    for (const { kind, epoch: asked, path } of await folder.files())
      if (kind === 'cancel' && asked < epoch) await folder.store.io.remove(path);
  } catch {
    // The next owner tries again.
  }
}
