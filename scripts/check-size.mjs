// What the package costs may not creep up: the bytes that npm fetches, those of the smallest program in a bundle, those that a
// browser fetches without one, and the modules of RxJS that Node reads, which are most of the time that `import 'millrace'` takes.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = new URL('../dist/', import.meta.url);

const budgets = [
  { what: 'the packed package, in bytes', found: packedBytes(), most: 448_300 },
  {
    what: 'the smallest program for a browser, minified and gzipped, in bytes',
    found: gzipSync(await bundled('browser')).length,
    most: 56_400,
  },
  {
    what: 'the smallest program for Node, minified, in bytes',
    found: (await bundled('node')).length,
    most: 175_500,
  },
  {
    what: 'the main entry and its chunks, gzipped one by one, in bytes',
    found: gzipBytesOf('index.js'),
    most: 102_000,
  },
  { what: "modules of RxJS that `import 'millrace'` loads", found: rxjsModulesOf('index.js'), most: 16 },
];
for (const { what, found, most } of budgets) {
  console.log(`${what}: ${found} of ${most}`);
  if (found > most) process.exitCode = 1;
}

function packedBytes() {
  const isWindows = process.platform === 'win32';
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const said = execFileSync(isWindows ? 'npm.cmd' : 'npm', args, {
    cwd: root,
    encoding: 'utf8',
    shell: isWindows,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(said)[0].size;
}

/** A program of one step, with all that it takes. */
async function bundled(platform) {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { step, workflow } from './dist/index.js';
        const hello = step('hello', () => 'hello');
        console.log(await workflow('hello', { hello }).run().result());
      `,
      resolveDir: root,
    },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform,
    target: 'es2022',
    logLevel: 'error',
  });
  return outputFiles[0].contents;
}

/** An entry and the chunks that come with it, each compressed by itself, as a server would. */
function gzipBytesOf(entry) {
  const files = new Set([entry]);
  let bytes = 0;
  // A Set goes on over what is added while it is walked.
  for (const file of files) {
    const text = readFileSync(new URL(file, dist), 'utf8');
    bytes += gzipSync(text).length;
    for (const [, chunk] of text.matchAll(/^(?:import|export)[^;]*?["']\.\/([^"']+)["'];$/gm))
      files.add(chunk);
  }
  return bytes;
}

/** Asked of a fresh process. On Node they are CommonJS, which keeps a list of what it has loaded. */
function rxjsModulesOf(entry) {
  const script = `
    import { createRequire } from 'node:module';
    await import(${JSON.stringify(new URL(entry, dist).href)});
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    console.log(loaded.filter((file) => /[\\\\/]node_modules[\\\\/]rxjs[\\\\/]/.test(file)).length);
  `;
  const args = ['--input-type=module', '--eval', script];
  return Number(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }));
}
