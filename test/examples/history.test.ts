import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const tsx = createRequire(import.meta.url).resolve('tsx/cli');

test('the history example tells the makespans of both runs, and what took longest', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [tsx, '-C', 'millrace:source', 'examples/history/main.ts'],
    { cwd: fileURLToPath(root) },
  );
  expect(stdout).toMatch(/^without a history: \d+ ms\nwith what the first run measured: \d+ ms\n/);
  expect(stdout).toContain('the longest step: package-lock.json');
}, 30_000);
