import { builtinModule } from '../base/host.ts';
import { StoreError } from './store-errors.ts';

/** What is used of `node:sqlite`, which not every Node has, and not every version of its types. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

export interface SqliteStatement {
  run(...values: readonly SqlValue[]): { readonly changes: number | bigint };
  get(...values: readonly SqlValue[]): Readonly<Record<string, SqlValue>> | undefined;
  all(...values: readonly SqlValue[]): readonly Readonly<Record<string, SqlValue>>[];
}

export type SqlValue = string | number | Uint8Array | null;

interface SqliteModule {
  readonly DatabaseSync: new (path: string) => SqliteDatabase;
}

/**
 * Opens a database. The module is loaded only then.
 *
 * @throws StoreError where this Node has none
 */
export function openSqlite(path: string, store: string): SqliteDatabase {
  const sqlite = builtinModule('node:sqlite') as SqliteModule | undefined;
  if (sqlite === undefined)
    throw new StoreError(
      store,
      'open its database',
      `it needs node:sqlite, which Node has from 22.13 on, and this is ${process.version}; use another version, or a fileStore`,
    );
  return new sqlite.DatabaseSync(path);
}
