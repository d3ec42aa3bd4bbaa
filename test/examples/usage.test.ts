import { expect, test } from 'vitest';
import { runExample } from './support/example.ts';

test.each([
  ['compare', ['--help'], 0],
  ['compare', ['--nope'], 2],
  ['crawl', ['--most', 'all'], 2],
  ['crawl', ['example'], 2],
  ['incremental', ['--nope'], 2],
  ['server', ['--port', 'http'], 2],
  ['server', ['--nope'], 2],
  ['site', ['--help'], 0],
  ['site', ['--nope'], 2],
])('%s %j tells how it is used', { timeout: 60_000 }, async (name, args, expected) => {
  const { code, stdout, stderr } = await runExample(name, args, undefined, [
    '--import',
    './scripts/report-page-hooks.mjs',
  ]);
  expect(stdout + stderr).toContain(`usage: npm run example:${name}`);
  expect(stdout + stderr).not.toMatch(/\n {4}at /);
  expect(code).toBe(expected);
});
