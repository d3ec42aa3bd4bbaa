import { readJsonLines } from 'millrace/node';
import { expect, test } from 'vitest';
import { runExample } from './support/example.ts';

const root = new URL('../../', import.meta.url);

test('the progress example shows, logs, measures and counts one run', async () => {
  const { stdout, stderr } = await runExample('progress');
  expect(stderr).toContain('inventory: poetry failed and is tried again: a board is missing\n');
  expect(stderr).toMatch(/^inventory: history \(1\/9, \d+ ms\)$/m);
  expect(stderr).toMatch(
    /\n✓ inventory completed in .*\n {2}9 of 9 steps completed\n {2}slowest: .*\n {2}critical path: .* → total \(.*\)\n$/,
  );
  const { events, problems } = await readJsonLines(new URL('out/progress/run.jsonl', root));
  expect(problems).toEqual([]);
  expect(stdout).toMatch(/^360 books in \d+ ms\n/);
  expect(stdout).toContain('heavy-io: 3 of 3 at most');
  expect(stdout).toContain('history 5, physics 5');
  expect(stdout).toContain('poetry 8');
  expect(stdout).toContain(`the log has ${String(events.length)} events; replayed, 9 steps completed`);
}, 30_000);
