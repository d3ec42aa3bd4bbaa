import { sqliteBackend } from './sqlite-backend.ts';
import { Store } from './store.ts';

/**
 * A store in one SQLite database, by `node:sqlite`: for questions over many runs. Made where there is none. What it promises is what
 * `fileStore` does.
 *
 * It needs Node 22.13 or later; before, each call fails with a `StoreError` that says so.
 *
 * @throws InvalidOptionsError where the file is neither a path nor a `file:` URL
 * @example
 * ```ts
 * const store = sqliteStore('runs.db');
 * const { report } = await flights.run({ inputs: { path }, store, runId: 'nightly' }).result();
 * ```
 */
export function sqliteStore(file: string | URL): Store {
  return new Store(sqliteBackend(file));
}
