// What `import 'millrace'` costs may not creep up: the bytes that a browser fetches, gzipped, and the modules of RxJS that Node
// reads, which are most of the time it takes.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const most = { gzipBytes: 98_000, rxjsModules: 40 };

const dist = new URL('../dist/', import.meta.url);
const found = { gzipBytes: gzipBytesOf('index.js'), rxjsModules: rxjsModulesOf('index.js') };
for (const [name, limit] of Object.entries(most)) {
  console.log(`${name}: ${found[name]} of ${limit}`);
  if (found[name] > limit) process.exitCode = 1;
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
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  return Number(execFileSync(process.execPath, args, { cwd, encoding: 'utf8' }));
}
