import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { MillraceError } from '../base/errors.ts';
import { textOf } from '../base/inspect.ts';
import { OptionChecker } from '../base/option-checker.ts';
import type { ObjectKind, OpenedRun, RunWatcher, StoreBackend, StoredObject, StoredRun } from './backend.ts';
import { pathOf } from './file-backend.ts';
import { type Machine, type Owner, wordsOf } from './owner.ts';
import { nameOf, StoreDatabase, sqlName, type Transaction } from './sqlite-database.ts';
import { SqliteObjects } from './sqlite-objects.ts';
import { linesOf, type Row, rowOf, signsOf } from './sqlite-rows.ts';
import { SqliteRun } from './sqlite-run.ts';
import { RunHeldError, StoreError } from './store-errors.ts';
import { thisMachine } from './this-machine.ts';
import { type LeaseTerms, seemsLive, Vigil } from './vigil.ts';

/** How an SQLite backend works, for tests of it. */
export interface SqliteBackendParts {
  /** @defaultValue this process */
  readonly machine?: Machine;
  /** How often a sign of life is given and requests are read, in ms. @defaultValue 2000 */
  readonly heartbeatMs?: number;
  /** After how long without a sign of life an owner is displaced, in ms. @defaultValue 10000 */
  readonly staleMs?: number;
}

/**
 * Keeps a store in an SQLite database, a file that is made once something is to be kept. It needs `node:sqlite`, which Node has from
 * 22.13 on. Calls are synchronous within: while the disk is waited for, nothing else happens in the thread.
 *
 * @throws InvalidOptionsError where the file is neither a path nor a `file:` URL
 */
export function sqliteBackend(file: string | URL, parts: SqliteBackendParts = {}): StoreBackend {
  const path = pathOf(file);
  if (path === undefined) {
    const checker = new OptionChecker();
    checker.fail('the file', "a path or a 'file:' URL", file);
    checker.throwIfAny('sqliteStore');
  }
  return new SqliteBackend(path as string, parts);
}

class SqliteBackend implements StoreBackend {
  readonly name: string;
  readonly #database: StoreDatabase;
  readonly #objects: SqliteObjects;
  readonly #terms: LeaseTerms;
  readonly #open = new Set<SqliteRun>();
  #stop: (() => void) | undefined;

  constructor(path: string, { machine, heartbeatMs = 2000, staleMs = 10_000 }: SqliteBackendParts) {
    this.name = `sqliteStore('${path}')`;
    this.#database = new StoreDatabase(resolve(path), this.name);
    this.#terms = { machine: machine ?? thisMachine(), heartbeatMs, staleMs };
    this.#objects = new SqliteObjects(this.#database, this.#terms.machine);
  }

  openRun(runId: string, watcher: RunWatcher): Promise<OpenedRun> {
    return this.#guard(`open run '${runId}'`, async () => {
      const { machine } = this.#terms;
      const wallMs = (): number => machine.wallMs();
      const owner: Owner = { ...machine.self, nonce: randomUUID(), since: wallMs() };
      machine.held.add(owner.nonce);
      try {
        const { row, epoch, lines } = await this.#whenFree(runId, (transaction, before) =>
          this.#take(transaction, runId, before, owner),
        );
        const run = new SqliteRun(epoch, lines, {
          database: this.#database,
          row,
          runId,
          owner,
          watcher,
          wallMs,
          guard: (action, work) => this.#guard(action, work),
          holder: () => this.#database.look((transaction) => this.#holderOf(rowOf(transaction, runId))),
          forget: () => {
            machine.held.delete(owner.nonce);
            this.#forget(run);
          },
        });
        this.#watch(run);
        return run;
      } catch (error) {
        machine.held.delete(owner.nonce);
        throw error;
      }
    });
  }

  listRuns(): Promise<readonly StoredRun[]> {
    return this.#look('list runs', [], (transaction) =>
      transaction.all('select * from runs').map((row) => ({
        runId: nameOf(row['run']),
        heldBy: this.#holderOf(row),
        size: Number(row['size']),
        changedAt: Number(row['changed_at']),
      })),
    );
  }

  readLines(runId: string): Promise<readonly string[] | undefined> {
    return this.#look(`read run '${runId}'`, undefined, (transaction) => {
      const row = rowOf(transaction, runId);
      return row && linesOf(transaction, 'lines', Number(row['id']));
    });
  }

  readEvents(runId: string): Promise<readonly string[]> {
    return this.#look(`read the events of run '${runId}'`, [], (transaction) => {
      const row = rowOf(transaction, runId);
      return row === undefined ? [] : linesOf(transaction, 'events', Number(row['id']));
    });
  }

  removeRun(runId: string): Promise<void> {
    return this.#guard(`remove run '${runId}'`, async () => {
      if (!this.#database.isThere) return;
      await this.#whenFree(runId, (transaction, row) => {
        if (row === undefined) return;
        const id = Number(row['id']);
        transaction.run('delete from lines where run = ?', id);
        transaction.run('delete from events where run = ?', id);
        transaction.run('delete from runs where id = ?', id);
      });
    });
  }

  requestCancel(runId: string, reason: string): Promise<boolean> {
    return this.#guard(`ask run '${runId}' to cancel`, async () => {
      if (!this.#database.isThere) return false;
      return this.#database.change((transaction) => {
        const row = rowOf(transaction, runId);
        if (row === undefined || this.#holderOf(row) === undefined) return false;
        transaction.run('update runs set cancel = ? where id = ?', reason, Number(row['id']));
        return true;
      });
    });
  }

  getObject(kind: ObjectKind, name: string, isUse = true): Promise<Uint8Array | undefined> {
    return this.#guard(`read ${kind} '${name}'`, () => this.#objects.get(kind, name, isUse));
  }

  putObject(kind: ObjectKind, name: string, bytes: Uint8Array): Promise<void> {
    return this.#guard(`keep ${kind} '${name}'`, () => this.#objects.put(kind, name, bytes));
  }

  listObjects(kind: ObjectKind): Promise<readonly StoredObject[]> {
    return this.#guard(`list objects of kind ${kind}`, () => this.#objects.list(kind));
  }

  removeObject(kind: ObjectKind, name: string): Promise<void> {
    return this.#guard(`remove ${kind} '${name}'`, () => this.#objects.remove(kind, name));
  }

  close(): Promise<void> {
    return this.#guard('close', async () => {
      for (const run of [...this.#open]) await run.close();
      await this.#database.close();
    });
  }

  /** Does something with a run in the transaction that finds that nobody who lives holds it. */
  async #whenFree<Value>(
    runId: string,
    work: (transaction: Transaction, row: Row | undefined) => Value,
  ): Promise<Value> {
    const { machine, heartbeatMs } = this.#terms;
    const vigil = new Vigil(this.#terms);
    for (;;) {
      const outcome = await this.#database.change((transaction) => {
        const row = rowOf(transaction, runId);
        const signs = row && signsOf(row);
        const verdict = signs === undefined ? 'dead' : vigil.verdictOn(runId, signs);
        if (verdict === 'live')
          throw new RunHeldError(this.name, runId, vigil.wordsOf(signs?.owner as Owner));
        return verdict === 'dead' ? { value: work(transaction, row) } : undefined;
      });
      if (outcome !== undefined) return outcome.value;
      await machine.pause(heartbeatMs / 4);
    }
  }

  #take(
    transaction: Transaction,
    runId: string,
    before: Row | undefined,
    owner: Owner,
  ): { readonly row: number; readonly epoch: number; readonly lines: readonly string[] } {
    if (before === undefined)
      transaction.run(
        'insert into runs (run, epoch, size, changed_at) values (?, 0, 0, ?)',
        sqlName(runId),
        this.#wallMs(),
      );
    const { id, epoch } = rowOf(transaction, runId) as { readonly id: number; readonly epoch: number };
    transaction.run(
      `update runs set epoch = epoch + 1, nonce = ?, owner = ?, beats = 0, beat_machine_ms = ?, beat_wall_ms = ?, cancel = null
         where id = ?`,
      owner.nonce,
      JSON.stringify(owner),
      this.#terms.machine.machineMs(),
      this.#wallMs(),
      id,
    );
    return { row: id, epoch: epoch + 1, lines: linesOf(transaction, 'lines', id) };
  }

  #holderOf(row: Row | undefined): string | undefined {
    const { owner, beat } = (row && signsOf(row)) ?? {};
    if (owner === undefined || !seemsLive(owner, beat, this.#terms)) return undefined;
    return wordsOf(owner, this.#terms.machine.self);
  }

  /** One clock gives the signs of life of all runs. */
  #watch(run: SqliteRun): void {
    const { machine, heartbeatMs } = this.#terms;
    this.#open.add(run);
    this.#stop ??= machine.every(heartbeatMs, () => {
      // What fails is tried again next time.
      for (const open of this.#open) open.beat(machine.machineMs()).catch(() => undefined);
    });
  }

  #forget(run: SqliteRun): void {
    this.#open.delete(run);
    if (this.#open.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  #look<Value>(action: string, absent: Value, work: (transaction: Transaction) => Value): Promise<Value> {
    return this.#guard(action, async () => (this.#database.isThere ? this.#database.look(work) : absent));
  }

  async #guard<Value>(action: string, work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof MillraceError) throw error;
      throw new StoreError(this.name, action, textOf(error), { cause: error });
    }
  }

  #wallMs(): number {
    return Math.trunc(this.#terms.machine.wallMs());
  }
}
