import { existsSync, statSync } from 'node:fs';
import * as stores from '../store/index.ts';
import { UsageError } from './exit.ts';

type Store = stores.Store;

/** Where runs are kept unless something else is said. */
export const defaultStore = '.millrace';

/** Makes the store that `--store` names: a folder, or a file of SQLite. */
export function makeStore(place: string): Store {
  if (!isDatabase(place)) return stores.fileStore(place);
  const { sqliteStore } = stores as { readonly sqliteStore?: (file: string) => Store };
  if (sqliteStore === undefined)
    throw new UsageError(
      `this version of millrace keeps no runs in a database; name a folder instead of ${place}`,
    );
  return sqliteStore(place);
}

/** The same, of what is there already: whoever only looks makes nothing. */
export function openStore(place: string): Store {
  if (!existsSync(place))
    throw new UsageError(
      `there is no store at ${place}; run something first (millrace run <module>), or name another one with --store`,
    );
  return makeStore(place);
}

function isDatabase(place: string): boolean {
  return /\.(?:db|sqlite3?)$/i.test(place) && !(existsSync(place) && statSync(place).isDirectory());
}
