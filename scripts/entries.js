import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/*
 * What can be imported of the package, read from "exports" of package.json: the one list of it. What builds, documents or
 * checks every entry asks here.
 */

const root = new URL('../', import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));

/** Every entry: its name for those who import it, that of its built files, and its source, relative to the repository. */
export const entries = Object.entries(exports)
  .filter(([, target]) => typeof target === 'object')
  .map(([subpath, target]) => ({
    specifier: subpath.replace('.', 'millrace'),
    name: basename(target.default, '.js'),
    source: target['millrace:source'].replace('./', ''),
  }));

/** The source of each by the name of its built file, as bundlers take it. */
export const sourceByName = Object.fromEntries(entries.map(({ name, source }) => [name, source]));
