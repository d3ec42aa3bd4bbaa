import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the built package, as a project would find it in its `node_modules`. */
    readonly packageFolder: string;
  }
}

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Builds the package into a folder of its own, so that neither an old `dist` nor another run is in the way. */
export default async function setup(project: TestProject): Promise<() => void> {
  // Within the repository, where the package's own dependencies are found.
  const cache = join(root, 'node_modules/.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'millrace-package-'));
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  await build({
    config: join(root, 'tsup.config.ts'),
    outDir: join(folder, 'dist'),
    dts: false,
    silent: true,
  });
  project.provide('packageFolder', folder);
  return () => {
    rmSync(folder, { recursive: true, force: true });
  };
}
