import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runExample } from './support/example.ts';

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-compare-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

// Read in several chunks.
const large = 'millrace '.repeat(30_000);

describe('the example that compares folders', { timeout: 60_000 }, () => {
  test('tells what is the same, what isn’t, and what was moved, in a file too', async () => {
    const left = await folderOf({ 'a.txt': 'a', 'deep/b.txt': 'b', 'old.bin': large, 'gone.txt': 'x' });
    const right = await folderOf({ 'a.txt': 'a', 'deep/b.txt': 'B', 'new/name.bin': large, 'come.txt': 'y' });
    const json = join(right, '../', `${Date.now().toString(36)}-comparison.json`);
    onTestFinished(() => {
      rmSync(json, { force: true });
    });
    const { code, stdout, stderr } = await runExample('compare', [
      left,
      right,
      '--json',
      json,
      '--exit-code',
    ]);
    expect(stderr).toContain('4 of 4 steps completed');
    expect(code).toBe(1);
    expect(JSON.parse(await readFile(json, 'utf8'))).toEqual({
      same: ['a.txt'],
      changed: ['deep/b.txt'],
      moved: [{ from: 'old.bin', to: 'new/name.bin' }],
      onlyLeft: ['gone.txt'],
      onlyRight: ['come.txt'],
      unreadable: [],
    });
    expect(stdout).toContain('moved: 1\n  old.bin → new/name.bin\n');
  });

  test('exits with 0 where they differ and nobody asked for that in the code', async () => {
    const { code, stdout } = await runExample('compare', [
      await folderOf({ a: 'a' }),
      await folderOf({ a: 'b' }),
    ]);
    expect(stdout).toMatch(/^left: .*\nright: .*\n/);
    expect(stdout).toContain('changed: 1\n');
    expect(stdout).toMatch(/\nthey differ\n$/);
    expect(code).toBe(0);
  });

  test('exits with 0 where they are equal, empty ones too', async () => {
    const equal = await runExample('compare', [
      await folderOf({ 'a.bin': large }),
      await folderOf({ 'a.bin': large }),
      '--exit-code',
    ]);
    expect(equal.stdout).toContain('the same: 1\n');
    expect(equal.stdout).toMatch(/\nthey are equal\n$/);
    expect(equal.code).toBe(0);
    const empty = await runExample('compare', [await folderOf({}), await folderOf({})]);
    expect(empty).toMatchObject({ code: 0 });
  });

  test.each([
    ['a folder that is not there', ['docs', 'not-there'], 'not-there is no folder'],
    ['an option it does not know', ['--yaml', 'x'], '--yaml'],
    ['too many folders', ['a', 'b', 'c'], 'expected two folders, or none, got 3'],
    ['one folder alone', ['docs'], 'expected two folders, or none, got 1'],
  ])('refuses %s', async (_, args, culprit) => {
    const { code, stderr } = await runExample('compare', args);
    expect(stderr).toContain(culprit);
    expect(stderr).toContain('usage: ');
    expect(code).toBe(2);
  });
});
