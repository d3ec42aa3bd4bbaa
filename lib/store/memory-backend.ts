import { monotonicNow } from '../base/clock.ts';
import type { ObjectKind, OpenedRun, RunWatcher, StoreBackend, StoredObject, StoredRun } from './backend.ts';
import { RunHeldError, StoreError } from './store-errors.ts';

/** What several memory backends share, as several processes share a folder. */
export class MemoryPlace {
  /** @internal */
  readonly runs = new Map<string, Run>();
  /** @internal */
  readonly objects: Readonly<Record<ObjectKind, Map<string, Kept>>> = { blob: new Map(), cached: new Map() };
}

interface Run {
  readonly lines: string[];
  readonly events: string[];
  epoch: number;
  owner: MemoryRun | undefined;
  changedAt: number;
}

interface Kept {
  readonly bytes: Uint8Array;
  usedAt: number;
}

/** A backend in memory: everything it does is done when the call returns. */
export interface MemoryBackend extends StoreBackend {
  openRun(runId: string, watcher: RunWatcher): MemoryOpenedRun;
  listRuns(): readonly StoredRun[];
  readLines(runId: string): readonly string[] | undefined;
  readEvents(runId: string): readonly string[];
  removeRun(runId: string): void;
  requestCancel(runId: string, reason: string): boolean;
  getObject(kind: ObjectKind, name: string, isUse?: boolean): Uint8Array | undefined;
  putObject(kind: ObjectKind, name: string, bytes: Uint8Array): void;
  listObjects(kind: ObjectKind): readonly StoredObject[];
  removeObject(kind: ObjectKind, name: string): void;
  close(): void;
  /** As if its process had died: others may take what it holds, and it is told of it once they do. */
  abandon(): void;
}

/** A run that is held in memory. */
export interface MemoryOpenedRun extends OpenedRun {
  append(lines: readonly string[]): void;
  appendEvents(lines: readonly string[]): void;
  close(): void;
}

const storeName = 'memoryStore()';

/** Keeps a store in memory, for as long as somebody has its place. Waits for nothing, so that it can be used in virtual time. */
export function memoryBackend(place: MemoryPlace = new MemoryPlace()): MemoryBackend {
  const open = new Set<MemoryRun>();
  return {
    name: storeName,
    openRun(runId, watcher) {
      const run = place.runs.get(runId) ?? {
        lines: [],
        events: [],
        epoch: 0,
        owner: undefined,
        changedAt: monotonicNow(),
      };
      if (run.owner !== undefined && !run.owner.isAbandoned)
        throw new RunHeldError(storeName, runId, run.owner.words);
      const before = run.owner;
      place.runs.set(runId, run);
      run.epoch++;
      run.owner = new MemoryRun(runId, run, watcher, open);
      before?.displace(run.owner.words);
      return run.owner;
    },
    listRuns: () =>
      Array.from(place.runs, ([runId, { lines, events, owner, changedAt }]) => ({
        runId,
        heldBy: owner?.isAbandoned === false ? owner.words : undefined,
        size: sizeOf(lines) + sizeOf(events),
        changedAt,
      })),
    readLines: (runId) => place.runs.get(runId)?.lines.slice(),
    readEvents: (runId) => place.runs.get(runId)?.events.slice() ?? [],
    removeRun(runId) {
      const owner = place.runs.get(runId)?.owner;
      if (owner?.isAbandoned === false) throw new RunHeldError(storeName, runId, owner.words);
      place.runs.delete(runId);
      owner?.displace('somebody who has removed it');
    },
    requestCancel: (runId, reason) => place.runs.get(runId)?.owner?.cancel(reason) ?? false,
    getObject(kind, name, isUse = true) {
      const kept = place.objects[kind].get(name);
      if (kept === undefined) return undefined;
      if (isUse) kept.usedAt = monotonicNow();
      return kept.bytes.slice();
    },
    putObject(kind, name, bytes) {
      // Whoever put it may write over it.
      place.objects[kind].set(name, { bytes: new Uint8Array(bytes), usedAt: monotonicNow() });
    },
    listObjects: (kind) =>
      Array.from(place.objects[kind], ([name, { bytes, usedAt }]) => ({ name, size: bytes.length, usedAt })),
    removeObject(kind, name) {
      place.objects[kind].delete(name);
    },
    close() {
      for (const run of open) run.close();
    },
    abandon() {
      for (const run of open) run.isAbandoned = true;
    },
  };
}

let owners = 0;

class MemoryRun implements MemoryOpenedRun {
  readonly epoch: number;
  readonly problems: readonly string[] = [];
  readonly words: string;
  isAbandoned = false;
  readonly #runId: string;
  readonly #run: Run;
  readonly #watcher: RunWatcher;
  readonly #open: Set<MemoryRun>;
  /** How many lines there were. */
  readonly #found: number;
  #isAsked = false;
  /** Why nothing can be appended any more. */
  #ended: string | undefined;

  constructor(runId: string, run: Run, watcher: RunWatcher, open: Set<MemoryRun>) {
    this.epoch = run.epoch;
    this.#found = run.lines.length;
    this.words = `owner ${String(++owners)} in this process`;
    this.#runId = runId;
    this.#run = run;
    this.#watcher = watcher;
    this.#open = open;
    open.add(this);
  }

  *takeLines(): Iterable<string> {
    for (let at = 0; at < this.#found; at++) yield this.#run.lines[at] as string;
  }

  append(lines: readonly string[]): void {
    this.#add(`append to run '${this.#runId}'`, this.#run.lines, lines);
  }

  appendEvents(lines: readonly string[]): void {
    this.#add(`append to the events of run '${this.#runId}'`, this.#run.events, lines);
  }

  close(): void {
    if (this.#run.owner === this) this.#run.owner = undefined;
    this.#ended ??= 'it has been closed';
    this.#open.delete(this);
  }

  displace(by: string): void {
    this.#ended = `it is now held by ${by}`;
    this.#open.delete(this);
    this.#watcher.displaced(by);
  }

  /** False where it is nobody's any more. */
  cancel(reason: string): boolean {
    if (this.isAbandoned) return false;
    if (!this.#isAsked) {
      this.#isAsked = true;
      this.#watcher.cancelRequested(reason);
    }
    return true;
  }

  #add(action: string, to: string[], lines: readonly string[]): void {
    if (this.#ended !== undefined) throw new StoreError(storeName, action, this.#ended);
    for (const line of lines) to.push(line);
    this.#run.changedAt = monotonicNow();
  }
}

function sizeOf(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}
