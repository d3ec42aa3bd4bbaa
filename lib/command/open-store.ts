import { existsSync, statSync } from 'node:fs';
import { fileStore } from '../store/file-store.ts';
import { sqliteStore } from '../store/sqlite-store.ts';
import type { Store } from '../store/store.ts';
import { UsageError } from './exit.ts';

/** Where runs are kept unless something else is said. */
export const defaultStore = '.millrace';

/** Makes the store that `--store` names: a folder, or a file of SQLite. */
export function makeStore(place: string): Store {
  return isDatabase(place) ? sqliteStore(place) : fileStore(place);
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
