import { expect, test } from 'vitest';
import { runExample } from './support/example.ts';

test('the parallel example gives the same both ways, and tells how much of it was at once', async () => {
  const { code, stdout, stderr } = await runExample('parallel');
  const [, together, bytes, parallelism, alone] =
    /^(as it comes): (\d+) bytes in \d+ ms, (\d\.\d) steps at once on average\none step at a time: (\d+) bytes in \d+ ms, 1\.0 steps/.exec(
      stdout,
    ) ?? [];
  expect(together, stdout + stderr).toBe('as it comes');
  expect(alone).toBe(bytes);
  expect(Number(parallelism)).toBeGreaterThanOrEqual(1);
  expect(code).toBe(0);
}, 30_000);
