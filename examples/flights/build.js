import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';
import { esbuildReportPage } from '../../scripts/report-page.js';

/*
 * Bundles the demo from source, so that it runs after nothing but `npm ci`. Plain JavaScript, as it is what makes
 * the TypeScript run.
 */

const folder = new URL('../../node_modules/.cache/flights/', import.meta.url);
const inFolder = (name) => fileURLToPath(new URL(name, folder));
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Builds the program, the worker module and the script of the report page, side by side; a few tenths of a second.
 *
 * Gives the folder that they are in: `main.js`, `flights.worker.js`, `page-script.js`, and
 * what `--remote` needs.
 */
export async function build() {
  const results = await Promise.all([
    bundle({
      entryPoints: ['main.ts', 'flights.worker.ts', 'remote-workers.ts', 'serve.ts'].map(here),
      outdir: inFolder('.'),
      bundle: true,
      // One copy of millrace, and the queue only where it is asked for.
      splitting: true,
      write: false,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'warning',
      // millrace comes from source; what is CommonJS, and asks for `require`, stays in node_modules.
      conditions: ['millrace:source'],
      plugins: [esbuildReportPage],
      external: ['threads', 'threads/*', 'log-update', 'bullmq', 'ioredis'],
    }),
    bundle({
      entryPoints: [here('report/page/page-script.ts')],
      outfile: inFolder('page-script.js'),
      bundle: true,
      write: false,
      platform: 'browser',
      format: 'iife',
      target: 'es2022',
      minify: true,
      logLevel: 'warning',
    }),
  ]);
  await Promise.all(results.flatMap(({ outputFiles }) => outputFiles).map(replace));
  return folder;
}

/** Writes a file in one step and only where it differs: another run may be reading it. */
async function replace({ path, text }) {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return;
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, text);
  await rename(draft, path);
}
