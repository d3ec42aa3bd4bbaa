// Packs the package and uses it as a stranger would: an empty project with a worker file of its own, an ESM script that
// uses every entry, and a strict TypeScript consumer of all types, under both ways of resolving modules.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'millrace-consumer-'));
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const run = (command, args, cwd) => execFileSync(command, args, { cwd, encoding: 'utf8', shell: command === npm && process.platform === 'win32' });

try {
  const [{ filename }] = JSON.parse(run(npm, ['pack', '--json', '--ignore-scripts', '--pack-destination', project], root));
  cpSync(new URL('consumer', import.meta.url), project, { recursive: true });
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  run(npm, ['install', '--prefer-offline', `./${filename}`, `rxjs@${devDependencies.rxjs}`], project);
  run(npm, ['install', '--prefer-offline', '-D', `typescript@${devDependencies.typescript}`, `@types/node@${devDependencies['@types/node']}`], project);

  const said = run(process.execPath, ['script.js'], project).trim();
  if (said !== 'every entry works') throw new Error(`the script said ${JSON.stringify(said)}`);
  console.log('an ESM script uses every entry, with a worker file of its own');

  const tsc = join(project, 'node_modules', 'typescript', 'bin', 'tsc');
  for (const [module, moduleResolution] of [['nodenext', 'nodenext'], ['esnext', 'bundler']]) {
    const options = ['--strict', '--exactOptionalPropertyTypes', '--noEmit', '--target', 'es2023', '--lib', 'es2023,esnext.disposable', '--types', 'node', '--module', module, '--moduleResolution', moduleResolution];
    run(process.execPath, [tsc, ...options, 'consumer.ts'], project);
    console.log(`a strict TypeScript consumer compiles with moduleResolution ${moduleResolution}`);
  }
} catch (error) {
  console.error(error.stdout || '', error.stderr || '');
  throw error;
} finally {
  rmSync(project, { recursive: true, force: true });
}
