// Packs the package and uses it as a stranger would: an empty project with a worker file of its own, an ESM script that
// uses every entry, and strict TypeScript consumers: on Node, with a bundler, in a browser without Node's types, and with the
// oldest compiler that the README promises.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newerNode } from './newer-node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'millrace-consumer-'));
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const oldestCompiler = '5.6';
const exactly = (name) => `${name}@${devDependencies[name]}`;

try {
  const [{ filename }] = JSON.parse(
    npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', project),
  );
  cpSync(new URL('consumer', import.meta.url), project, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }');
  npm(
    project,
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    `./${filename}`,
    exactly('rxjs'),
    exactly('fast-check'),
  );

  expectSaid('the script', node('script.js'), 'every entry works');
  console.log('an ESM script uses every entry, with a worker file of its own, and ends by itself');

  for (const major of [22, 24, 26]) {
    const newer = newerNode(major);
    if (newer === undefined) continue;
    expectSaid(`on Node ${major} the script`, run(newer, 'script.js'), 'every entry works');
    expectSaid(
      `on Node ${major} a worker file in TypeScript`,
      run(newer, 'typed-script.ts'),
      '42, stopped at typed-tasks.ts:6, thrown at line 10',
    );
    console.log(
      `it does on Node ${major} too, and with a worker file in TypeScript, which a debugger stops in`,
    );
  }

  // This repository's compiler will do; the types of Node have to be the project's.
  npm(project, 'install', '--prefer-offline', '--no-audit', '--no-fund', '-D', exactly('@types/node'));
  for (const config of ['nodenext', 'bundler', 'browser']) {
    node(join(root, 'node_modules/typescript/bin/tsc'), '-p', `${config}.tsconfig.json`);
    console.log(`a strict TypeScript consumer compiles (${config})`);
  }

  npm(
    project,
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '-D',
    `typescript@${oldestCompiler}`,
  );
  node(join(project, 'node_modules/typescript/bin/tsc'), '-p', 'plain.tsconfig.json');
  console.log(
    `TypeScript ${oldestCompiler} compiles it, without Node's types and with the libraries that it takes by default`,
  );
} catch (error) {
  console.error(error.stdout ?? '', error.stderr ?? '');
  throw error;
} finally {
  rmSync(project, { recursive: true, force: true });
}

function node(...args) {
  return run(process.execPath, ...args);
}

/** What a program of the project says; one that doesn't end by itself is a failure. */
function run(program, ...args) {
  return execFileSync(program, args, { cwd: project, encoding: 'utf8', timeout: 120_000 });
}

function expectSaid(who, said, expected) {
  if (said.trim() !== expected) throw new Error(`${who} said ${JSON.stringify(said)}`);
}

function npm(cwd, ...args) {
  const isWindows = process.platform === 'win32';
  return execFileSync(isWindows ? 'npm.cmd' : 'npm', args, { cwd, encoding: 'utf8', shell: isWindows });
}
