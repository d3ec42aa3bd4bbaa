/**
 * Where a store keeps things: lines of runs, and objects by name. What is in them is the store's business; how they lie there is the backend's.
 *
 * 1. What was appended or put is there after any crash once the call has settled, and complete: lines in the order in which they were
 *    appended, an object either whole or not at all. Of what had not settled, lines may be there from the first on, the last one cut.
 * 2. A run has one owner, who alone appends to it. An owner is displaced only when it is known to be dead or has given no sign for long; whatever
 *    a displaced one appends after that is nobody's: it never comes up among the lines of the run again.
 * 3. A call that fails throws, or rejects with, a `StoreError`, and leaves everything as sound as before; it may be tried again.
 * 4. Names are any non-empty strings of at most 200 characters, and safe on every file system, also one that takes `a` and `A` for the same.
 */
export interface StoreBackend {
  /** What messages call it, as in `fileStore('.millrace')`. */
  readonly name: string;

  /**
   * Takes a run for this process, one that is new to the store or not, and holds it until it is closed.
   *
   * Fails with a `RunHeldError` where another one that lives holds it, in this process or any other, and with a `StoreFormatError`
   * where it was written by a later version.
   */
  openRun(runId: string, watcher: RunWatcher): Awaitable<OpenedRun>;
  /** All runs there are, in no order. */
  listRuns(): Awaitable<readonly StoredRun[]>;
  /** The sound lines of a run, in order, without taking it; `undefined` where there is none of that id. */
  readLines(runId: string): Awaitable<readonly string[] | undefined>;
  /** The events of a run, in order, those of earlier owners first; nothing where there are none. */
  readEvents(runId: string): Awaitable<readonly string[]>;
  /** Removes a run and its events. Fails with a `RunHeldError` where somebody holds it; nothing happens where there is none. */
  removeRun(runId: string): Awaitable<void>;
  /** Asks the owner of a run to cancel it; false where nobody holds it. */
  requestCancel(runId: string, reason: string): Awaitable<boolean>;

  /**
   * An object, or `undefined` where there is none. What was damaged is given as it is: whoever wrote it can tell.
   *
   * @param isUse - whether that it was used may be noted; `false` where it is only looked at
   */
  getObject(kind: ObjectKind, name: string, isUse?: boolean): Awaitable<Uint8Array | undefined>;
  /** Puts an object in the place of what there may be of that name. Two who put at once leave one of both whole. */
  putObject(kind: ObjectKind, name: string, bytes: Uint8Array): Awaitable<void>;
  /** All objects of a kind, in no order. */
  listObjects(kind: ObjectKind): Awaitable<readonly StoredObject[]>;
  /** Nothing happens where there is none. */
  removeObject(kind: ObjectKind, name: string): Awaitable<void>;
  /** Lets go of files, connections and timers. Runs that are open are closed. */
  close(): Awaitable<void>;
}

/** What may be there at once, or later. */
export type Awaitable<Value> = Value | PromiseLike<Value>;

/** Large values, by their digest, and the results of steps that are reused. */
export type ObjectKind = 'blob' | 'cached';

/** Who holds a run is told of what happens to it meanwhile. */
export interface RunWatcher {
  /** Somebody asks for the run to be cancelled. At most one heartbeat after the request; once. */
  cancelRequested(reason: string): void;
  /** The run is another's now, as this process had given no sign for long: nothing can be appended any more. Once. */
  displaced(by: string): void;
}

/** A run that this process holds. */
export interface OpenedRun {
  /** How many have held it before, and this one: 1 where it is new. */
  readonly epoch: number;
  /** The sound lines there were, in order. Asked for at most once, before anything is appended; then they needn't be held any more. */
  takeLines(): Iterable<string>;
  /** What was found wrong, in a sentence each, such as a line that was cut and has been left out. */
  readonly problems: readonly string[];
  /** Appends lines (without line breaks in them), and settles once they are sure to stay. Only one call at a time is under way. */
  append(lines: readonly string[]): Awaitable<void>;
  /** Appends lines to the events; they need not be sure to stay. May be called while `append` is under way. */
  appendEvents(lines: readonly string[]): Awaitable<void>;
  /** Lets go of the run: somebody else may take it at once. */
  close(): Awaitable<void>;
}

/** A run in a store. */
export interface StoredRun {
  /** Its id. */
  readonly runId: string;
  /** Who holds it, in words; absent where nobody does that is known to live. */
  readonly heldBy?: string | undefined;
  /** What it takes, in bytes, events included. */
  readonly size: number;
  /** When it was last appended to, in ms of epoch time. */
  readonly changedAt: number;
}

/** An object in a store. */
export interface StoredObject {
  /** Its name. */
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** When it was put, or read if the backend notes that, in ms of epoch time. */
  readonly usedAt: number;
}
