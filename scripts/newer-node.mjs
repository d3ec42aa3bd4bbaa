// Newer versions of Node beside the one that runs this: each is a package that brings the program. They are kept in the cache.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const cache = fileURLToPath(new URL('../node_modules/.cache/', import.meta.url));

/** The path of the program of a major version; `undefined` where it can't be had for this machine. */
export function newerNode(major) {
  const isWindows = process.platform === 'win32';
  const name = `node-${isWindows ? 'win' : process.platform}-${process.arch}`;
  const folder = join(cache, `node-${major}`);
  const program = join(folder, 'node_modules', name, 'bin', isWindows ? 'node.exe' : 'node');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  try {
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `${name}@${major}`], {
      cwd: folder,
      stdio: 'pipe',
      shell: isWindows,
    });
  } catch (error) {
    console.log(
      `Node ${major} could not be had: ${
        String(error.stderr ?? error)
          .trim()
          .split('\n')[0]
      }`,
    );
    return undefined;
  }
  return program;
}
