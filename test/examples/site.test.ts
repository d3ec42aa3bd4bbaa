import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runExample } from './support/example.ts';

/** A folder with a page in a folder of its own, both with links. */
async function source(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-site-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  await mkdir(join(folder, 'guide'));
  await writeFile(
    join(folder, 'index.md'),
    '# Hello, `World`!\n\n[guide](guide/start.md#first-steps) and [here](#hello-world), [away](https://example.org)\n',
  );
  await writeFile(
    join(folder, 'guide/start.md'),
    '# Start\n\n## First steps\n\n```ts\nconst answer: number = 42;\n```\n\n[back](../index.md)\n',
  );
  return folder;
}

describe('the site example', { timeout: 60_000 }, () => {
  test('writes a page a file, its code highlighted and its links those of pages', async () => {
    const folder = await source();
    const out = join(folder, 'out');
    const { code, stdout, stderr } = await runExample('site', [folder, '--out', out]);
    expect(stderr).toContain('site completed');
    expect(stdout).toMatch(/^2 pages in .*, \d+ ms\n$/);
    expect(code).toBe(0);
    const index = await readFile(join(out, 'index.html'), 'utf8');
    expect(index).toContain('<title>Hello, World!</title>');
    expect(index).toContain('<h1 id="hello-world">');
    expect(index).toContain('href="guide/start.html#first-steps"');
    expect(await readFile(join(out, 'guide/start.html'), 'utf8')).toMatch(
      /<span style="color:[^"]+"> ?42<\/span>/,
    );
  });

  test('reads pages whose lines end as on Windows', async () => {
    const folder = await source();
    const text =
      '---\ntitle: not shown\n---\n\n# Windows\n\n```ts\nconst answer = 42;\n```\n\n[none](none.md)\n';
    await writeFile(join(folder, 'windows.md'), text.replaceAll('\n', '\r\n'));
    const out = join(folder, 'out');
    const { stdout } = await runExample('site', [folder, '--out', out]);
    expect(stdout).toContain('windows.md:11: none.html: there is no such file');
    const page = await readFile(join(out, 'windows.html'), 'utf8');
    expect(page).toContain('<title>Windows</title>');
    expect(page).not.toMatch(/not shown|\r/);
  });

  test('tells dead links with file and line, and exits with 1', async () => {
    const folder = await source();
    await writeFile(
      join(folder, 'broken.md'),
      'Some text.\n\n[a](none.md)\n\n[b](guide/start.md#second-steps) <a href="#up">c</a>\n',
    );
    const { code, stdout } = await runExample('site', [folder, '--out', join(folder, 'out')]);
    expect(stdout.split('\n').slice(1)).toEqual([
      'broken.md:3: none.html: there is no such file',
      "broken.md:5: guide/start.html#second-steps: guide/start.md has no heading with the id 'second-steps'",
      "broken.md:1: #up: broken.md has no heading with the id 'up'",
      '',
    ]);
    expect(code).toBe(1);
  });

  test('finds every link within the documentation of this repository', async () => {
    const out = mkdtempSync(join(tmpdir(), 'millrace-site-'));
    onTestFinished(() => {
      rmSync(out, { recursive: true, force: true });
    });
    const { code, stdout } = await runExample('site', ['--out', out]);
    expect(stdout).toMatch(/^\d+ pages in .*\n$/);
    expect(code).toBe(0);
  });

  test('says what it could not read', async () => {
    const { code, stderr } = await runExample('site', [join(tmpdir(), 'no-such-folder-of-millrace')]);
    expect(stderr).toContain('no such file or directory');
    expect(code).toBe(1);
  });

  // Windows has no signals that a process could send to another.
  test.skipIf(process.platform === 'win32')(
    'builds anew when a file changes, until it is interrupted',
    async () => {
      const folder = await source();
      const out = join(folder, 'out');
      let hasChanged = false;
      const { code, stdout } = await runExample('site', [folder, '--out', out, '--watch'], (stdout, kill) => {
        if (stdout.includes('3 pages')) kill('SIGINT');
        else if (!hasChanged && stdout.includes('2 pages')) {
          hasChanged = true;
          void writeFile(join(folder, 'new.md'), '# New\n');
        }
      });
      expect(stdout).toMatch(/^2 pages in .*\n3 pages in .*\n/);
      expect(code).toBe(130);
      expect(await readFile(join(out, 'new.html'), 'utf8')).toContain('<h1 id="new">');
    },
  );
});
