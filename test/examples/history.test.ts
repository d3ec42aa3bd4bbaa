import { expect, test } from 'vitest';
import { runExample } from './support/example.ts';

test('the history example tells the makespans of both runs, and what took longest', async () => {
  const { stdout } = await runExample('history');
  expect(stdout).toMatch(/^without a history: \d+ ms\nwith what the first run measured: \d+ ms\n/);
  expect(stdout).toContain('the longest step: package-lock.json');
}, 30_000);
