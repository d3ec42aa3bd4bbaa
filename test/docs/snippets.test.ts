import { writeFileSync } from 'node:fs';
import { format } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { compileSnippets } from './support/compile.ts';
import { allSnippets, root } from './support/snippets.ts';

const snippets = allSnippets();

afterEach(() => {
  vi.restoreAllMocks();
});

// The compiler starts cold and reads the whole library.
test('every snippet of the documentation compiles', { timeout: 120_000 }, () => {
  expect(snippets.length).toBeGreaterThan(30);
  expect(compileSnippets(snippets)).toEqual([]);
});

test('the page on testing does what it says, from top to bottom', async () => {
  const page = snippets.filter(({ file }) => file === 'docs/testing.md');
  expect(page.length).toBeGreaterThan(6);
  const file = new URL('node_modules/.cache/snippets/testing-page.ts', root);
  const code = page.map((snippet) => snippet.code.replaceAll(/^import .*\n/gm, '')).join('\n');
  writeFileSync(
    file,
    `import fc from 'fast-check';
import 'millrace/testing/vitest';
import { step, workflow } from 'millrace';
import { cancelAt, composition, drawRun, durations, expectLawful, expectRun, failures, law, runInVirtualTime, scenario, VirtualTime } from 'millrace/testing';
import { expect, vi } from 'vitest';
const readTable = async () => ({ rows: [1, 2] });
const tests = [];
const test = (name, work) => tests.push(work());
${code}
await Promise.all(tests);
export const ran = tests.length;`,
  );
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const module = (await import(/* @vite-ignore */ file.href)) as { readonly ran: number };
  expect(module.ran).toBe(1);
  expect(log.mock.calls).toContainEqual([
    { kind: 'completed', outputs: { report: '3' } },
    expect.any(Number),
    expect.objectContaining({ clean: expect.stringContaining('x|') as unknown }),
  ]);
});

test('the first pipeline of the README does what it says', async () => {
  const [snippet, ...others] = snippets.filter(({ runs, file }) => runs && file === 'README.md');
  expect(others).toEqual([]);
  const file = new URL('node_modules/.cache/snippets/readme.ts', root);
  writeFileSync(file, snippet?.code ?? '');
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await import(/* @vite-ignore */ file.href);
  expect(log.mock.calls.map(([first]: unknown[]) => first)).toEqual([
    'lengths',
    'total',
    'longest',
    'report',
    '18 letters, the longest word is millrace',
  ]);
});

describe('prints what it says', () => {
  const running = snippets.filter(({ runs, file }) => runs && file !== 'README.md');

  test.for(running.map((snippet) => [`${snippet.file}:${String(snippet.line)}`, snippet] as const))(
    '%s',
    async ([place, { code }]) => {
      const file = new URL(`node_modules/.cache/snippets/${place.replaceAll(/\W/g, '-')}.ts`, root);
      writeFileSync(file, code);
      const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
      await import(/* @vite-ignore */ file.href);
      const expected = [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, text]) => text);
      expect(expected.length).toBeGreaterThan(0);
      expect(log.mock.calls.map((args: unknown[]) => format(...args))).toEqual(expected);
    },
  );
});
