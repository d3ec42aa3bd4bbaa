import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { atomicFile } from '../../examples/flights/report/atomic-file.ts';
import { temporaryFolder } from './support/flights-parquet.ts';

const folder = temporaryFolder();

describe('atomicFile', () => {
  test('leaves the file as it was until the commit, and nothing else after it', async () => {
    const path = join(folder(), 'report.json');
    await writeFile(path, 'old');
    const file = atomicFile(path);
    await file.write('new');
    expect(await readFile(path, 'utf8')).toBe('old');
    await file.commit();
    await file.discard();
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readdir(folder())).toEqual(['report.json']);
  });

  test('leaves no trace when it is discarded', async () => {
    const file = atomicFile(join(folder(), 'report.json'));
    await file.write('new');
    await file.discard();
    await file.discard();
    expect(await readdir(folder())).toEqual([]);
  });

  test('stops writing on a signal', async () => {
    const file = atomicFile(join(folder(), 'report.json'));
    await expect(file.write('new', AbortSignal.abort())).rejects.toThrow('abort');
    await file.discard();
    expect(await readdir(folder())).toEqual([]);
  });

  test('fails where the folder is missing', async () => {
    await expect(atomicFile(join(folder(), 'none', 'report.json')).write('new')).rejects.toThrow('ENOENT');
  });
});
