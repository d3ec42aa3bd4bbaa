// Bundles a benchmark with the library's source, so that neither pays for the other's loader, and runs it.
// Usage: node scripts/bench.mjs <name> [arguments]
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = new URL('../bench/', import.meta.url);
const [name, ...args] = process.argv.slice(2);
if (name === undefined || !existsSync(new URL(`${name}.ts`, folder))) {
  const names = readdirSync(folder).filter((file) => file.endsWith('.bench.ts'));
  console.error(
    `usage: node scripts/bench.mjs <name>, one of: ${names.map((file) => file.slice(0, -3)).join(', ')}`,
  );
  process.exit(2);
}

const outdir = fileURLToPath(new URL('../node_modules/.cache/bench/', import.meta.url));
const workers = readdirSync(folder).filter((file) => file.endsWith('.worker.ts'));
await build({
  entryPoints: [`${name}.ts`, ...workers].map((file) => fileURLToPath(new URL(file, folder))),
  outdir,
  bundle: true,
  packages: 'external',
  conditions: ['millrace:source'],
  alias: Object.fromEntries(
    Object.entries({
      millrace: 'lib/index.ts',
      'millrace/operators': 'operators/index.ts',
      'millrace/workers': 'lib/pool/index.ts',
      'millrace/worker': 'lib/thread/index.ts',
      'millrace/simulate': 'lib/simulate/index.ts',
      'millrace/bullmq': 'lib/bullmq/index.ts',
      'millrace/report': 'lib/report/index.ts',
      'millrace/node': 'lib/node/index.ts',
      'millrace/opentelemetry': 'lib/opentelemetry/index.ts',
      'millrace/testing': 'lib/testing/index.ts',
    }).map(([entry, file]) => [entry, fileURLToPath(new URL(`../${file}`, import.meta.url))]),
  ),
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
});
spawn(process.execPath, ['--expose-gc', `${outdir}${name}.js`, ...args], { stdio: 'inherit' }).on(
  'exit',
  (code) => {
    process.exitCode = code ?? 1;
  },
);
