import { MillraceError } from '../base/errors.ts';

/**
 * A store can't be written or read: no space, no permission, a folder that is a file. `cause` is what the system said.
 *
 * @example
 * ```ts
 * if (error instanceof StoreError) console.error(`${error.store}: ${error.message}`);
 * ```
 */
export class StoreError extends MillraceError {
  override readonly name = 'StoreError';
  override readonly code = 'STORE';

  /** What the store is called, as in `fileStore('.millrace')`. */
  readonly store: string;
  /** What could not be done, as in `append to run 'nightly'`. */
  readonly action: string;

  constructor(store: string, action: string, why: string, options?: ErrorOptions) {
    super(`${store} could not ${action}: ${why}`, options);
    this.store = store;
    this.action = action;
  }
}

/** Somebody else who lives holds the run: two may not write to it. */
export class RunHeldError extends MillraceError {
  override readonly name = 'RunHeldError';
  override readonly code = 'RUN_HELD';

  /** What the store is called. */
  readonly store: string;
  /** The id of the run. */
  readonly runId: string;
  /** Who holds it, in words: process, host, since when. */
  readonly heldBy: string;

  constructor(store: string, runId: string, heldBy: string) {
    super(
      `run '${runId}' in ${store} is held by ${heldBy}; wait for it, end it, or take another runId for a run of its own`,
    );
    this.store = store;
    this.runId = runId;
    this.heldBy = heldBy;
  }
}

/** Something was written by a later version of millrace than this one. */
export class StoreFormatError extends MillraceError {
  override readonly name = 'StoreFormatError';
  override readonly code = 'STORE_FORMAT';

  /** What the store is called. */
  readonly store: string;
  /** What it is: the store itself, or a run in it. */
  readonly what: string;
  /** The format that was found. */
  readonly found: number;
  /** The latest one that this version reads. */
  readonly known: number;

  constructor(store: string, what: string, found: number, known: number) {
    super(
      `${what} in ${store} has format ${String(found)}, and this version of millrace reads up to ${String(known)}; use the version that wrote it, or another store`,
    );
    this.store = store;
    this.what = what;
    this.found = found;
    this.known = known;
  }
}
