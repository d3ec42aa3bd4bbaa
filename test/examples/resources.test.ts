import { expect, test } from 'vitest';
import { runExample } from './support/example.ts';

test('the resources example prints what was taken at most beside the limits', async () => {
  const { code, stdout, stderr } = await runExample('resources');
  expect(stderr).toBe('');
  const peaks = new Map(
    [...stdout.matchAll(/^([\w-]+): (\d+) of (\d+) at most/gm)].map(([, name, peak, limit]) => [
      name,
      [Number(peak), Number(limit)] as const,
    ]),
  );
  expect([...peaks.keys()].sort()).toEqual(['db', 'heavy-cpu', 'mail', 'memory']);
  for (const [peak, limit] of peaks.values()) {
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThanOrEqual(limit);
  }
  // Three of 64 MiB fit into 200 MiB.
  expect(peaks.get('memory')).toEqual([3 * 64 * 2 ** 20, 200 * 2 ** 20]);
  expect(stdout).toMatch(/^mails started within 100 ms: [1-6] of 6 at most$/m);
  expect(code).toBe(0);
}, 30_000);
