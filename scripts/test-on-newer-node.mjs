// What only newer versions of Node have, tested on one of them: `node:sqlite`. Says so where that one can't be had.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { newerNode } from './newer-node.mjs';

const tests = [
  'test/store/sqlite-backend.test.ts',
  'test/store/backends-are-lawful.test.ts',
  'test/command/arguments.test.ts',
];
const root = fileURLToPath(new URL('..', import.meta.url));
const node = newerNode(24);
if (node === undefined) {
  console.log('the tests of the store in SQLite were skipped');
} else {
  const { status } = spawnSync(
    node,
    [
      fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url)),
      'run',
      '--project',
      'unit',
      ...tests,
    ],
    { cwd: root, stdio: 'inherit' },
  );
  process.exitCode = status ?? 1;
}
