/*
 * Compresses the Markdown files of this repository and its lockfile, two at a time, twice over. Nobody tells the first run
 * that the lockfile takes longest, so it may start late and be waited for; the second one knows.
 */
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import { defineWorkflow, type RunHistory } from 'millrace';

const compress = promisify(brotliCompress);
const root = new URL('../../', import.meta.url);
const files = (await readdir(root, { recursive: true }))
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => /^(?:docs\/)?[^/]+\.md$/.test(path))
  .sort();

const archive = defineWorkflow(
  'archive',
  [...files, 'package-lock.json'].map((file) => ({
    id: file,
    resource: 'heavy-cpu',
    run: async () => (await compress(await readFile(new URL(file, root)))).length,
  })),
);

const history: RunHistory = {}; // or what JSON.parse gives of an earlier process's
for (const name of ['without a history', 'with what the first run measured']) {
  const run = archive.run({ limits: { 'heavy-cpu': 2 }, history });
  await run.result();
  console.log(`${name}: ${run.metrics().totalMs.toFixed(0)} ms`);
}
const [longest] = Object.entries(history.steps ?? {}).sort(
  ([, left], [, right]) => right.meanMs - left.meanMs,
);
console.log(`the longest step: ${String(longest?.[0])}, ${String(longest?.[1].meanMs.toFixed(0))} ms`);
