import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidOptionsError } from 'millrace';
import { describe, expect, test } from 'vitest';
import { fileBackend } from '../../lib/store/file-backend.ts';
import { frameHeader } from '../../lib/store/line-frame.ts';
import { StoreError, StoreFormatError } from '../../lib/store/store-errors.ts';
import { caught } from './support/caught.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { unwatched } from './support/unwatched.ts';

describe('a store in a folder', () => {
  test('is not there until something is kept', async () => {
    const folder = join(temporaryFolder(), 'deep', 'store');
    const backend = fileBackend(folder);
    expect(await backend.listRuns()).toStrictEqual([]);
    expect(await backend.listObjects('blob')).toStrictEqual([]);
    expect(await backend.readLines('nightly')).toBeUndefined();
    expect(await backend.requestCancel('nightly', 'enough')).toBe(false);
    await backend.removeRun('nightly');
    await backend.removeObject('blob', 'a');
    expect(() => statSync(folder)).toThrow('ENOENT');
    await backend.putObject('blob', 'a', Uint8Array.of(1));
    expect(readdirSync(folder).sort()).toStrictEqual(['drafts', 'format', 'objects']);
  });

  test('is given by a path or a URL, and by nothing else', async () => {
    const folder = temporaryFolder();
    await fileBackend(folder).putObject('blob', 'a', Uint8Array.of(1));
    expect(await fileBackend(pathToFileURL(folder)).getObject('blob', 'a')).toStrictEqual(Uint8Array.of(1));
    for (const odd of ['', 'a\0b', new URL('https://millrace.dev'), undefined])
      expect(() => fileBackend(odd as string)).toThrow(InvalidOptionsError);
  });

  test.skipIf(process.platform === 'win32')('is its user’s alone', async () => {
    const folder = join(temporaryFolder(), 'store');
    const backend = fileBackend(folder);
    const run = await backend.openRun('nightly', unwatched);
    await run.append(['one']);
    await run.appendEvents(['event']);
    await backend.putObject('cached', 'key', Uint8Array.of(1));
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(paths).toContain(join('runs', 'nightly', 'events.1.log'));
    for (const path of [...paths, '.']) {
      const stats = statSync(join(folder, path));
      expect([path, (stats.mode & 0o777).toString(8)]).toStrictEqual([
        path,
        stats.isDirectory() ? '700' : '600',
      ]);
    }
    await backend.close();
  });

  test('of a later version is refused', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'format'), '2\n');
    const backend = fileBackend(folder);
    const errors = await Promise.all([
      caught(backend.listRuns()),
      caught(backend.openRun('nightly', unwatched)),
    ]);
    for (const error of errors) {
      expect(error).toBeInstanceOf(StoreFormatError);
      expect(error).toMatchObject({ what: 'the store', found: 2, known: 1 });
    }
  });

  test('that is a file, or something else’s, is refused with what is wrong', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const inFile = await caught(fileBackend(file).openRun('nightly', unwatched));
    expect(inFile).toBeInstanceOf(StoreError);
    expect(inFile).toMatchObject({ action: "open run 'nightly'", store: `fileStore('${file}')` });
    expect((inFile as StoreError).cause).toBeInstanceOf(Error);
    mkdirSync(join(folder, 'other'));
    writeFileSync(join(folder, 'other', 'format'), 'parquet');
    await expect(fileBackend(join(folder, 'other')).listRuns()).rejects.toThrow(
      'holds no version; is it a store of millrace?',
    );
  });

  test('whose run was written by a later version has only that run refused', async () => {
    const folder = temporaryFolder();
    const backend = fileBackend(folder);
    await (await backend.openRun('nightly', unwatched)).close();
    const path = join(folder, 'runs', 'nightly', 'journal.1.log');
    writeFileSync(path, frameHeader('{"format":2}'));
    const error = await caught(backend.openRun('nightly', unwatched));
    expect(error).toBeInstanceOf(StoreFormatError);
    expect(error).toMatchObject({ what: "run 'nightly'", found: 2 });
    // It is held by nobody: the same again.
    expect(await caught(backend.openRun('nightly', unwatched))).toBeInstanceOf(StoreFormatError);
    await (await backend.openRun('other', unwatched)).close();
  });
});
