/**
 * The database of a store: its tables, and how they are changed.
 *
 * 1. What a transaction of `change` did is there after any crash once it has returned, whole; or not at all where it failed.
 * 2. What `note` did is there as long as the machine goes on, and may be lost where it doesn't: signs of life, events, times. It waits for no
 *    disk. What `change` does later brings it to the disk too.
 * 3. Calls wait for other processes, for some seconds at most.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { pause } from './host-time.ts';
import { decodeName, encodeName } from './safe-name.ts';
import { openSqlite, type SqliteDatabase, type SqliteStatement, type SqlValue } from './sqlite-module.ts';
import { StoreError, StoreFormatError } from './store-errors.ts';

/** The version of the tables that this version writes, and the latest that it reads. */
const databaseFormat = 1;
/** Says that a database is ours: `mill`. */
const applicationId = 0x6d_69_6c_6c;
/** How long to wait for another process, in ms. */
const busyMs = 5000;

const tables = `
  create table runs (
    id integer primary key,
    run text not null unique,
    epoch integer not null,
    size integer not null,
    changed_at integer not null,
    nonce text,
    owner text,
    beats integer,
    beat_machine_ms integer,
    beat_wall_ms integer,
    cancel text
  );
  create table lines (id integer primary key, run integer not null, line not null);
  create index lines_of_run on lines (run);
  create table events (id integer primary key, run integer not null, line not null);
  create index events_of_run on events (run);
  create table objects (
    kind text not null,
    name text not null,
    size integer not null,
    used_at integer not null,
    bytes blob not null,
    unique (kind, name)
  );
`;

/** What can be done in a transaction. */
export interface Transaction {
  run(sql: string, ...values: readonly SqlValue[]): number;
  get(sql: string, ...values: readonly SqlValue[]): Readonly<Record<string, SqlValue>> | undefined;
  all(sql: string, ...values: readonly SqlValue[]): readonly Readonly<Record<string, SqlValue>>[];
}

/** One that waits for the disk, and one that doesn't. */
interface Connections {
  readonly hard: Connection;
  readonly soft: Connection;
}

export class StoreDatabase {
  readonly #path: string;
  readonly #name: string;
  #connections: Promise<Connections> | undefined;

  constructor(path: string, name: string) {
    this.#path = path;
    this.#name = name;
  }

  /** Whether there is one. */
  get isThere(): boolean {
    return this.#connections !== undefined || existsSync(this.#path);
  }

  async change<Value>(work: (transaction: Transaction) => Value): Promise<Value> {
    return (await this.#open()).hard.transaction(work);
  }

  async note<Value>(work: (transaction: Transaction) => Value): Promise<Value> {
    return (await this.#open()).soft.transaction(work);
  }

  /** Looks things up as they are at one moment. */
  async look<Value>(work: (transaction: Transaction) => Value): Promise<Value> {
    return (await this.#open()).hard.transaction(work, 'deferred');
  }

  async close(): Promise<void> {
    const connections = await this.#connections?.catch(() => undefined);
    this.#connections = undefined;
    if (connections === undefined) return;
    connections.soft.close();
    try {
      // What was removed is given back.
      connections.hard.exec('pragma incremental_vacuum');
    } finally {
      connections.hard.close();
    }
  }

  #open(): Promise<Connections> {
    this.#connections ??= this.#connect().catch((error: unknown) => {
      this.#connections = undefined;
      throw error;
    });
    return this.#connections;
  }

  async #connect(): Promise<Connections> {
    // Before a file is made where none can be read.
    openSqlite(':memory:', this.#name).close();
    if (!existsSync(this.#path)) makeFile(this.#path);
    const hard = new Connection(openSqlite(this.#path, this.#name), 'full');
    try {
      await this.#prepare(hard);
      return { hard, soft: new Connection(openSqlite(this.#path, this.#name), 'normal') };
    } catch (error) {
      hard.close();
      throw error;
    }
  }

  async #prepare(connection: Connection): Promise<void> {
    const version = Number(connection.get('pragma user_version')?.['user_version']);
    const id = Number(connection.get('pragma application_id')?.['application_id']);
    const isEmpty = connection.get('select 1 from sqlite_schema') === undefined;
    if (!isEmpty && id !== applicationId)
      throw new StoreError(this.#name, 'open its database', `${this.#path} is a database of something else`);
    if (version > databaseFormat)
      throw new StoreFormatError(this.#name, 'the store', version, databaseFormat);
    if (version > 0) return;
    connection.exec('pragma auto_vacuum = incremental');
    // Whoever else begins it at this moment is let go first.
    for (let waited = 0; ; waited += 50) {
      try {
        connection.exec('pragma journal_mode = wal');
        break;
      } catch (error) {
        if (waited >= busyMs) throw error;
        await pause(50);
      }
    }
    connection.transaction((transaction) => {
      if (transaction.get('select 1 from sqlite_schema') !== undefined) return;
      connection.exec(tables);
      connection.exec(`pragma application_id = ${String(applicationId)}`);
      connection.exec(`pragma user_version = ${String(databaseFormat)}`);
    });
  }
}

class Connection implements Transaction {
  readonly #database: SqliteDatabase;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(database: SqliteDatabase, synchronous: 'full' | 'normal') {
    this.#database = database;
    database.exec(`pragma busy_timeout = ${String(busyMs)}; pragma synchronous = ${synchronous}`);
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  transaction<Value>(
    work: (transaction: Transaction) => Value,
    how: 'immediate' | 'deferred' = 'immediate',
  ): Value {
    this.#database.exec(`begin ${how}`);
    try {
      const value = work(this);
      this.#database.exec('commit');
      return value;
    } catch (error) {
      try {
        this.#database.exec('rollback');
      } catch {
        // It was rolled back already.
      }
      throw error;
    }
  }

  run(sql: string, ...values: readonly SqlValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  get(sql: string, ...values: readonly SqlValue[]): Readonly<Record<string, SqlValue>> | undefined {
    return this.#statement(sql).get(...values);
  }

  all(sql: string, ...values: readonly SqlValue[]): readonly Readonly<Record<string, SqlValue>>[] {
    return this.#statement(sql).all(...values);
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #statement(sql: string): SqliteStatement {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** Makes an empty file of this user alone, to stay. */
function makeFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  if (process.platform === 'win32') return;
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** A name as text that comes back as it was: not every text of JavaScript's has bytes, and some that read it stop at a zero. */
export function sqlName(name: string): string {
  return /^%|\0|\p{Surrogate}/u.test(name) ? `%${encodeName(name)}` : name;
}

/** What {@link sqlName} was given. */
export function nameOf(text: SqlValue | undefined): string {
  const name = String(text);
  return name.startsWith('%') ? decodeName(name.slice(1)) : name;
}

/** A line as what comes back as it was. */
export function sqlLine(line: string): SqlValue {
  return line.includes('\0') ? new TextEncoder().encode(line) : line;
}

/** What {@link sqlLine} was given. */
export function lineOf(value: SqlValue | undefined): string {
  return value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);
}
