/**
 * Loads the module that the user names, whatever it is written in.
 *
 * 1. Loading runs nothing but the module itself.
 * 2. TypeScript is loaded by Node where it strips types, or is told to; else by the `tsx` that is installed beside the module.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { textOf } from '../base/inspect.ts';
import { UsageError } from './exit.ts';

/** What a module exports, by name. */
export type ModuleExports = Readonly<Record<string, unknown>>;

/** The URL of a module that is named by path or URL. */
export function moduleUrl(named: string): URL {
  if (/^[a-z][a-z\d+.-]+:/i.test(named) && !/^[a-z]:\\/i.test(named)) {
    const url = new URL(named);
    if (url.protocol !== 'file:')
      throw new UsageError(`the module ${named} can't be loaded: only files can, by path or by file: URL`);
    return url;
  }
  const path = resolve(named);
  if (!existsSync(path)) throw new UsageError(`there is no module ${named}: no such file`);
  return pathToFileURL(path);
}

/** Loads a module. Rejects with a `UsageError` where it can't be loaded, whose `cause` is what was thrown. */
export async function loadModule(url: URL): Promise<ModuleExports> {
  try {
    return await load(url);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`the module ${nameOf(url)} can't be loaded: ${textOf(error)}`, { cause: error });
  }
}

async function load(url: URL): Promise<ModuleExports> {
  try {
    return (await import(url.href)) as ModuleExports;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !cannotStrip.has(code)) throw error;
    const tsx = tsxBeside(url);
    if (tsx === undefined) throw new UsageError(remedy(url), { cause: error });
    const { register } = (await import(tsx)) as { readonly register: () => void };
    register();
    // What couldn't be loaded is remembered by its URL.
    return (await import(`${url.href}?tsx`)) as ModuleExports;
  }
}

/** What Node says of TypeScript that it can't load, or not all of it. */
const cannotStrip: ReadonlySet<string> = new Set([
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
]);

function tsxBeside(url: URL): string | undefined {
  try {
    // It is found as CommonJS would find it, and has the other form beside that.
    const path = createRequire(url)
      .resolve('tsx/esm/api')
      .replace(/\.cjs$/, '.mjs');
    return existsSync(path) ? pathToFileURL(path).href : undefined;
  } catch {
    return undefined;
  }
}

function remedy(url: URL): string {
  return `${nameOf(url)} is TypeScript that Node ${process.versions.node} can't load: install tsx beside it (npm install --save-dev tsx), take Node 22.18 or later, or compile it`;
}

function nameOf(url: URL): string {
  return fileURLToPath(url);
}
