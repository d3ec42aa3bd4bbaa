import { messageOf } from '../base/inspect.ts';
import type { KeptRun } from '../engine/keeper.ts';
import { ask } from './ask.ts';
import type { Awaitable, OpenedRun, StoreBackend } from './backend.ts';
import { Journal } from './journal.ts';
import { type JournalRecord, recordLine } from './journal-record.ts';

/** So many things may be on their way to the store, beside the journal, before somebody has to wait. */
const mostPending = 256;

/**
 * What a run has under way with its store: the journal, what goes on beside that, and what becomes of the run where the store fails.
 *
 * 1. The end of the run waits for all of it.
 * 2. The first failure is told, or ends the run; after it nothing more is written.
 */
export class StoreWork {
  readonly backend: StoreBackend;
  readonly run: KeptRun;
  /** Where the run couldn't be taken, one that is given up. */
  journal: Journal;
  readonly #onStoreError: 'fail' | 'warn';
  readonly #wake: KeptRun['wake'];
  #pending = 0;
  #whenDone: (() => void) | undefined;
  #hasFailed = false;
  /** What was told once need not be told again. */
  readonly #told = new Set<string>();

  constructor(backend: StoreBackend, run: KeptRun, onStoreError: 'fail' | 'warn') {
    this.backend = backend;
    this.run = run;
    this.#onStoreError = onStoreError;
    this.#wake = run.wake.bind(run);
    this.journal = this.#journalOf(nowhere);
    this.journal.giveUp();
  }

  /** From now on there is where to write. */
  take(opened: OpenedRun): void {
    this.journal = this.#journalOf(opened);
  }

  #journalOf(opened: OpenedRun): Journal {
    return new Journal(opened, this.#wake, (error) => {
      this.failed(error);
    });
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  get isBusy(): boolean {
    return this.#pending >= mostPending;
  }

  note(record: JournalRecord): void {
    this.journal.add(recordLine(record));
  }

  /** At least one; then calls `written`, once all of them are sure to stay. */
  noteAll(records: readonly JournalRecord[], written: () => void): void {
    for (const [at, record] of records.entries())
      this.journal.add(recordLine(record), at === records.length - 1 ? { stays: written } : undefined);
  }

  ask<Value>(
    call: () => Awaitable<Value>,
    then: (value: Value) => void,
    fail: (error: unknown) => void,
  ): void {
    ask(call, this.#wake, then, fail);
  }

  /** Something that goes on beside the journal, and that the end of the run waits for. */
  beside<Value>(
    call: () => Awaitable<Value>,
    then: (value: Value) => void,
    fail: (error: unknown) => void,
  ): void {
    this.#pending++;
    const over = (): void => {
      if (--this.#pending > 0 || this.#whenDone === undefined) return;
      const whenDone = this.#whenDone;
      this.#whenDone = undefined;
      whenDone();
    };
    this.ask(
      call,
      (value) => {
        then(value);
        over();
      },
      (error) => {
        fail(error);
        over();
      },
    );
  }

  whenAllDone(work: () => void): void {
    if (this.#pending === 0) work();
    else this.#whenDone = work;
  }

  failed(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.journal.giveUp();
    if (this.#onStoreError === 'fail') this.run.fail(error);
    else this.run.warn('', `the run isn't kept any more: ${messageOf(error)}`, error);
  }

  /** The run goes on without a store. */
  goWithout(error: Error): void {
    this.#hasFailed = true;
    this.#told.add(cacheUnreadable);
    this.run.warn('', `the run isn't kept: ${error.message}`, error);
  }

  hasTold(subject: string): boolean {
    return this.#told.has(subject);
  }

  warnOnce(subject: string, path: string, message: string, error?: unknown): void {
    if (this.#told.has(subject)) return;
    this.#told.add(subject);
    this.run.warn(path, message, error);
  }
}

/** What is told once of it. */
export const cacheUnreadable = 'the cache';

/** Of all children of a fan-out, what is wrong with one is told once. */
export function identityOf(path: string): string {
  return path.replaceAll(/\[[^\]]*\]/g, '[]');
}

/** Where a run writes that couldn't be taken. */
const nowhere: OpenedRun = {
  epoch: 0,
  takeLines: () => [],
  problems: [],
  append: () => undefined,
  appendEvents: () => undefined,
  close: () => undefined,
};
