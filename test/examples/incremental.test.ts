import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runExample } from './support/example.ts';

function folderOf(pages: Readonly<Record<string, string>>): { readonly docs: string; readonly out: string } {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-incremental-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  for (const [name, text] of Object.entries(pages)) writeFileSync(join(folder, name), text);
  return { docs: folder, out: join(folder, '.out') };
}

const madeIn = (stdout: string) => stdout.split('\n').filter((line) => line.startsWith('made '));

describe('the incremental example', { timeout: 60_000 }, () => {
  test('makes all, then nothing, then what has changed', async () => {
    const { docs, out } = folderOf({ 'a.md': '# A\n', 'b.md': '# B\n', 'c.md': '# C\n' });
    const run = async (): Promise<string[]> => {
      const { code, stdout, stderr } = await runExample('incremental', [docs, '--out', out]);
      expect(stderr).not.toContain('Error');
      expect(code).toBe(0);
      return madeIn(stdout).sort();
    };
    expect(await run()).toEqual([
      'made contents',
      'made pages[a.md]',
      'made pages[b.md]',
      'made pages[c.md]',
    ]);
    expect(await run()).toEqual([]);
    // The title is the same, so that the contents are.
    writeFileSync(join(docs, 'b.md'), '# B\n\nmore\n');
    expect(await run()).toEqual(['made pages[b.md]']);
    writeFileSync(join(docs, 'b.md'), '# Bee\n');
    expect(await run()).toEqual(['made contents', 'made pages[b.md]']);
    // Somebody deletes a page that was made.
    rmSync(join(out, 'c.html'));
    expect(await run()).toEqual(['made pages[c.md]']);
  });

  test('refuses two folders', async () => {
    expect(await runExample('incremental', ['a', 'b'])).toMatchObject({ code: 2 });
  });
});
