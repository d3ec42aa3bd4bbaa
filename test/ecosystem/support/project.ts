import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inject, onTestFinished } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A copy of a project of a user, outside of the repository; it is gone when the test is over. */
interface Project {
  readonly folder: string;
  /** Runs a script of the project, or a package's program, with Node; gives what it has written. */
  readonly node: (...args: readonly string[]) => Promise<string>;
}

/**
 * Copies a project and installs the built package and others in it.
 *
 * @param source - the folder to copy, relative to the repository
 * @param packages - what else it depends on, taken from the repository
 */
export function installProject(source: string, packages: readonly string[] = []): Project {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-project-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  // What the compiler is told here is about this repository.
  cpSync(join(root, source), folder, {
    recursive: true,
    filter: (path) => basename(path) !== 'tsconfig.json',
  });
  const install = (name: string, target: string): void => {
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(target, link, 'junction');
  };
  install('millrace', inject('packageFolder'));
  for (const name of ['rxjs', ...packages]) install(name, join(root, 'node_modules', name));
  return {
    folder,
    async node(...args) {
      // A project that doesn't end by itself is a failure.
      const options = { cwd: folder, timeout: 30_000, env: { ...environment(), NO_COLOR: '1' } };
      const { stdout } = await run(process.execPath, [...args], options);
      return stdout.trim();
    },
  };
}

/** Without what the test runner has told its own processes. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^(?:VITEST|VITE_|FORCE_COLOR|NODE_OPTIONS|NODE_ENV|TEST$|DEV$|PROD$|MODE$|SSR$|BASE_URL$)/.test(
          name,
        ),
    ),
  );
}
