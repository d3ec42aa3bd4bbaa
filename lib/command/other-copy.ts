import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * The command of the millrace that a module uses, where that is another copy than this one, as where this one is installed globally: a run and
 * what looks at it should be of one version.
 */
export function otherCommand(module: URL): URL | undefined {
  const other = packageFolder(module.href);
  if (other === undefined || other === packageFolder(import.meta.url)) return undefined;
  const command = join(other, 'dist', 'command.js');
  return existsSync(command) ? pathToFileURL(command) : undefined;
}

function packageFolder(from: string): string | undefined {
  try {
    return join(realpathSync(createRequire(from).resolve('millrace/package.json')), '..');
  } catch {
    return undefined;
  }
}
