import { writeFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { compileSnippets } from './support/compile.ts';
import { allSnippets, root } from './support/snippets.ts';

const snippets = allSnippets();

// The compiler starts cold and reads the whole library.
test('every snippet of the documentation compiles', { timeout: 120_000 }, () => {
  expect(snippets.length).toBeGreaterThan(30);
  expect(compileSnippets(snippets)).toEqual([]);
});

test('the first pipeline of the README does what it says', async () => {
  const [snippet, ...others] = snippets.filter(({ runs }) => runs);
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
  log.mockRestore();
});
