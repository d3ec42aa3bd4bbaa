import type { Metafile, Plugin } from 'esbuild';

/** The folders of the packages among the files of a bundle, and of what these depend on, by name. */
export function bundledPackages(metafile: Metafile, root?: string): ReadonlyMap<string, string>;

/** Their licences as text. */
export function noticesOf(packages: ReadonlyMap<string, string>): Promise<string>;

/** For tsup: writes the licences of all that is in the package beside it. */
export function esbuildNotices(pagePackages: () => Promise<ReadonlyMap<string, string>>): Plugin;
