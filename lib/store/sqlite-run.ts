import type { OpenedRun, RunWatcher } from './backend.ts';
import type { Owner } from './owner.ts';
import { type StoreDatabase, sqlLine } from './sqlite-database.ts';

/** What a run that is held needs of its backend. */
export interface RunParts {
  readonly database: StoreDatabase;
  /** Its row. */
  readonly row: number;
  readonly runId: string;
  readonly owner: Owner;
  readonly watcher: RunWatcher;
  readonly wallMs: () => number;
  /** Makes a StoreError of whatever fails. */
  readonly guard: <Value>(action: string, work: () => Promise<Value>) => Promise<Value>;
  /** Who holds the run, in words. */
  readonly holder: () => Promise<string | undefined>;
  /** Forgets it. */
  readonly forget: () => void;
}

/** A run that this process holds, in a database. Whether it still does is asked in each transaction. */
export class SqliteRun implements OpenedRun {
  readonly epoch: number;
  readonly problems: readonly string[] = [];
  readonly #parts: RunParts;
  #lines: readonly string[];
  #isWanted = false;
  #isClosed = false;
  #displacedBy: string | undefined;

  constructor(epoch: number, lines: readonly string[], parts: RunParts) {
    this.epoch = epoch;
    this.#lines = lines;
    this.#parts = parts;
  }

  takeLines(): readonly string[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  async append(lines: readonly string[]): Promise<void> {
    const { runId, guard, database } = this.#parts;
    await guard(`append to run '${runId}'`, async () => {
      this.#throwIfOver();
      if (lines.length === 0) return;
      await this.#add('lines', lines, database.change.bind(database));
    });
  }

  async appendEvents(lines: readonly string[]): Promise<void> {
    const { runId, guard, database } = this.#parts;
    await guard(`append to the events of run '${runId}'`, async () => {
      this.#throwIfOver();
      if (lines.length === 0) return;
      await this.#add('events', lines, database.note.bind(database));
    });
  }

  async close(): Promise<void> {
    const { runId, row, owner, guard, database, forget } = this.#parts;
    if (this.#isClosed) return;
    await guard(`close run '${runId}'`, () =>
      database.note((transaction) =>
        transaction.run(
          'update runs set nonce = null, owner = null, cancel = null where id = ? and nonce = ?',
          row,
          owner.nonce,
        ),
      ),
    );
    this.#isClosed = true;
    forget();
  }

  /** Gives a sign of life, and hears what others want. */
  async beat(machineMs: number): Promise<void> {
    const { row, owner, wallMs, database, watcher } = this.#parts;
    if (this.#isClosed || this.#displacedBy !== undefined) return;
    const found = await database.note((transaction) => {
      const before = transaction.get('select cancel from runs where id = ? and nonce = ?', row, owner.nonce);
      transaction.run(
        'update runs set beats = beats + 1, beat_machine_ms = ?, beat_wall_ms = ?, cancel = null where id = ? and nonce = ?',
        machineMs,
        Math.trunc(wallMs()),
        row,
        owner.nonce,
      );
      return before;
    });
    if (found === undefined) await this.#displaced();
    else if (typeof found['cancel'] === 'string' && !this.#isWanted) {
      this.#isWanted = true;
      watcher.cancelRequested(found['cancel']);
    }
  }

  async #add(
    table: 'lines' | 'events',
    lines: readonly string[],
    transact: StoreDatabase['change'],
  ): Promise<void> {
    const { row, owner, wallMs } = this.#parts;
    const size = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    const isHeld = await transact((transaction) => {
      const changes = transaction.run(
        'update runs set size = size + ?, changed_at = ? where id = ? and nonce = ?',
        size,
        Math.trunc(wallMs()),
        row,
        owner.nonce,
      );
      if (changes === 0) return false;
      for (const line of lines)
        transaction.run(`insert into ${table} (run, line) values (?, ?)`, row, sqlLine(line));
      return true;
    });
    if (isHeld) return;
    await this.#displaced();
    this.#throwIfOver();
  }

  async #displaced(): Promise<void> {
    const by = (await this.#parts.holder()) ?? 'another process, which has ended since';
    if (this.#displacedBy !== undefined || this.#isClosed) return;
    this.#displacedBy = by;
    this.#parts.watcher.displaced(by);
  }

  #throwIfOver(): void {
    if (this.#isClosed) throw new Error('it has been closed');
    if (this.#displacedBy !== undefined)
      throw new Error(
        `this process had given no sign of life for long, and the run is held by ${this.#displacedBy} now`,
      );
  }
}
