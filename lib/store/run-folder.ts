import { join } from 'node:path';
import { isFolderOfNames, nameOfPieces, piecesOfName } from './safe-name.ts';
import { type Journal, readSegments, runFormat, type Segment } from './segments.ts';
import { StoreFormatError } from './store-errors.ts';
import type { StoreFolder } from './store-folder.ts';

type FileKind = 'lease' | 'journal' | 'events' | 'cancel';

const filePattern = /^(?:(lease|cancel)\.(\d{1,15})|(journal|events)\.(\d{1,15})\.log)$/;

/** A file of a run, by what it is. */
export interface RunFile {
  readonly kind: FileKind;
  readonly epoch: number;
  readonly path: string;
}

/** The folder of a run: its files, and what is in them. */
export class RunFolder {
  readonly store: StoreFolder;
  readonly runId: string;
  readonly path: string;

  constructor(store: StoreFolder, runId: string) {
    this.store = store;
    this.runId = runId;
    this.path = store.path('runs', ...piecesOfName(runId));
  }

  /** All runs that there are. */
  static async all(store: StoreFolder): Promise<RunFolder[]> {
    const runs: RunFolder[] = [];
    await collect([]);
    return runs;

    async function collect(above: readonly string[]): Promise<void> {
      for (const name of (await store.io.list(store.path('runs', ...above))) ?? []) {
        const pieces = [...above, name];
        const runId = nameOfPieces(pieces);
        if (isFolderOfNames(name)) await collect(pieces);
        else if (runId !== undefined) runs.push(new RunFolder(store, runId));
      }
    }
  }

  /** The files of an epoch. */
  file(kind: FileKind, epoch: number): RunFile {
    const ending = kind === 'journal' || kind === 'events' ? '.log' : '';
    return { kind, epoch, path: join(this.path, `${kind}.${String(epoch)}${ending}`) };
  }

  /** Its files, those of earlier owners first. */
  async files(): Promise<readonly RunFile[]> {
    const names = (await this.store.io.list(this.path)) ?? [];
    return names
      .flatMap((name) => {
        const [, short, shortEpoch, long, longEpoch] = filePattern.exec(name) ?? [];
        const kind = (short ?? long) as FileKind | undefined;
        return kind === undefined ? [] : [this.file(kind, Number(shortEpoch ?? longEpoch))];
      })
      .sort((left, right) => left.epoch - right.epoch);
  }

  /** Everything sound that was appended; `undefined` where there is no such run. */
  async journal(): Promise<Journal | undefined> {
    for (let attempt = 1; ; attempt++) {
      const before = await this.#journals();
      const segments = await this.#segmentsOf(before);
      // Another owner may have come meanwhile, and say that what has just been read doesn't count.
      const after = await this.#journals();
      if (attempt < 3 && before.map(({ path }) => path).join() !== after.map(({ path }) => path).join())
        continue;
      if (segments.length === 0) return undefined;
      const journal = readSegments(segments);
      if (journal.format > runFormat)
        throw new StoreFormatError(this.store.name, `run '${this.runId}'`, journal.format, runFormat);
      return journal;
    }
  }

  /** The events of all owners. What was cut by a crash is left out. */
  async events(): Promise<readonly string[]> {
    const lines: string[] = [];
    for (const { kind, path } of await this.files()) {
      if (kind !== 'events') continue;
      const bytes = await this.store.io.read(path);
      // After the last line feed there is nothing, or a line that isn't whole.
      for (const line of new TextDecoder().decode(bytes).split('\n').slice(0, -1)) lines.push(line);
    }
    return lines;
  }

  async #journals(): Promise<readonly RunFile[]> {
    return (await this.files()).filter(({ kind }) => kind === 'journal');
  }

  async #segmentsOf(files: readonly RunFile[]): Promise<Segment[]> {
    const segments: Segment[] = [];
    for (const { epoch, path } of files) {
      const bytes = await this.store.io.read(path);
      if (bytes !== undefined) segments.push({ epoch, file: path, bytes });
    }
    return segments;
  }
}
