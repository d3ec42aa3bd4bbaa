// Packs the package and uses it as a stranger would: an empty project with a worker file of its own, an ESM script that
// uses every entry, on Node, Bun and Deno, and strict TypeScript consumers: on Node, with a bundler, in a browser without Node's types,
// and with the oldest compiler that the README promises and the newest. What can't be had is left out, and it says so.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newerNode } from './newer-node.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'millrace-consumer-'));
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** The oldest that the README promises, and the newest. */
const compilers = ['5.6', '7.0'];
const exactly = (name) => `${name}@${devDependencies[name]}`;

try {
  const [{ filename }] = JSON.parse(
    npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', project),
  );
  cpSync(new URL('consumer', import.meta.url), project, { recursive: true });
  writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }');
  install(
    `./${filename}`,
    exactly('rxjs'),
    exactly('fast-check'),
    ...compilers.map((version) => `typescript-${version}@npm:typescript@${version}`),
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

  for (const [name, major, ...args] of [
    ['bun', 1],
    ['deno', 2, 'run', '--allow-all'],
  ]) {
    const program = otherRuntime(name, major);
    if (program === undefined) continue;
    expectSaid(`the script under ${name}`, run(program, ...args, 'script.js'), 'every entry works');
    console.log(`it does under ${name} too`);
  }

  for (const version of compilers) {
    node(join(project, `node_modules/typescript-${version}/bin/tsc`), '-p', 'plain.tsconfig.json');
    console.log(
      `TypeScript ${version} compiles it with its libraries looked at, without Node's types and with those that it takes by default`,
    );
  }

  // From here on there are the types of Node, and what a project that is up to date has beside it; this repository has the versions
  // before, which Node 20 can run.
  install('-D', '@types/node@24', 'vitest@5', 'log-update@8');
  for (const config of ['nodenext', 'bundler', 'browser']) {
    node(join(root, 'node_modules/typescript/bin/tsc'), '-p', `${config}.tsconfig.json`);
    console.log(`a strict TypeScript consumer compiles (${config})`);
  }
  const newer = newerNode(24);
  if (newer !== undefined) {
    run(newer, 'node_modules/vitest/vitest.mjs', 'run');
    console.log('the matchers work with Vitest 5, and the live view with log-update 8');
  }
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

/** The program of another runtime, which a package brings; `undefined` where it can't be had. */
function otherRuntime(name, major) {
  try {
    const folder = join(root, 'node_modules/.cache', name);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    npm(
      folder,
      'install',
      '--no-audit',
      '--no-fund',
      '--no-engine-strict',
      '--prefer-offline',
      `${name}@${major}`,
    );
    const program = join(folder, 'node_modules/.bin', name);
    run(program, '--version');
    return program;
  } catch (error) {
    console.log(
      `${name} could not be had: ${
        String(error.stderr ?? error)
          .trim()
          .split('\n')[0]
      }`,
    );
    return undefined;
  }
}

/** This repository insists on engines, and what it runs inherits that; the newest packages that are tried want a newer Node, and get it. */
function install(...args) {
  npm(project, 'install', '--prefer-offline', '--no-audit', '--no-fund', '--no-engine-strict', ...args);
}

function npm(cwd, ...args) {
  const isWindows = process.platform === 'win32';
  return execFileSync(isWindows ? 'npm.cmd' : 'npm', args, {
    cwd,
    encoding: 'utf8',
    shell: isWindows,
    stdio: 'pipe',
  });
}
