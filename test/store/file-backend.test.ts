import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
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

  test('has a folder of its own for each run, also where file systems take several names for one', async () => {
    const folder = temporaryFolder();
    const ids = [
      'run',
      'Run',
      'RUN',
      'run.',
      'run ',
      'r\u00fcn',
      'ru\u0308n',
      'r\u00dcn',
      'con',
      'CON',
      'K',
      '\u212a',
      'k',
    ];
    {
      const backend = fileBackend(folder);
      for (const id of ids) await (await backend.openRun(id, unwatched)).append([id]);
    }
    // What differs by case, by how an accent is written, or by what Windows drops at the end, is one name there.
    const names = readdirSync(join(folder, 'runs')).map((name) =>
      name
        .normalize('NFKC')
        .toLowerCase()
        .replace(/[. ]+$/, ''),
    );
    expect(new Set(names).size).toBe(ids.length);
    const listed = await fileBackend(folder).listRuns();
    expect(listed.map(({ runId }) => runId).toSorted()).toEqual(ids.toSorted());
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

  test('whose folder somebody has removed meanwhile is begun again', async () => {
    const folder = join(temporaryFolder(), 'store');
    const backend = fileBackend(folder);
    await (await backend.openRun('nightly', unwatched)).close();
    rmSync(folder, { recursive: true });
    await backend.putObject('blob', 'a', Uint8Array.of(1));
    rmSync(folder, { recursive: true });
    const run = await backend.openRun('nightly', unwatched);
    await run.append(['one']);
    expect([run.epoch, await backend.readLines('nightly')]).toStrictEqual([1, ['one']]);
    expect(await backend.getObject('blob', 'a')).toBeUndefined();
    // That of a run that is held is as good as another owner.
    rmSync(folder, { recursive: true });
    expect(await caught(run.append(['two']))).toBeInstanceOf(StoreError);
    await run.close();
  });

  test('tells of damage by file and line, and has what is sound', async () => {
    const folder = temporaryFolder();
    const backend = fileBackend(folder);
    const run = await backend.openRun('nightly', unwatched);
    await run.append(['one', 'two', 'three']);
    await run.append(['four']);
    await run.close();
    const path = join(folder, 'runs', 'nightly', 'journal.1.log');
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('two') + 1] = 0;
    writeFileSync(path, bytes);
    truncateSync(path, bytes.length - 2);
    const next = await backend.openRun('nightly', unwatched);
    expect([...next.takeLines()]).toStrictEqual(['one', 'three']);
    expect(next.problems).toStrictEqual([
      `line 3 of ${path} is damaged, and has been left out`,
      `the last line of ${path}, line 5, is cut, and has been left out`,
    ]);
    expect(await backend.readLines('nightly')).toStrictEqual(['one', 'three']);
    await next.close();
  });

  test('leaves out an event that a crash has cut', async () => {
    const folder = temporaryFolder();
    const backend = fileBackend(folder);
    const run = await backend.openRun('nightly', unwatched);
    await run.appendEvents(['event 1', 'event 2']);
    await run.close();
    truncateSync(join(folder, 'runs', 'nightly', 'events.1.log'), 12);
    expect(await backend.readEvents('nightly')).toStrictEqual(['event 1']);
  });

  test('notes that an object was used, at most once an hour', async () => {
    const folder = temporaryFolder();
    const backend = fileBackend(folder);
    await backend.putObject('cached', 'key', Uint8Array.of(1));
    const path = join(folder, 'objects', 'cached', 'ke', 'key');
    const usedAt = async (): Promise<number> => (await backend.listObjects('cached'))[0]?.usedAt ?? 0;
    const day = 86_400;
    const now = Math.floor(Date.now() / 1000);
    utimesSync(path, now - day, now - day);
    expect(await usedAt()).toBe((now - day) * 1000);
    await backend.getObject('cached', 'key');
    expect(await usedAt()).toBeGreaterThanOrEqual(now * 1000);
    utimesSync(path, now - 60, now - 60);
    await backend.getObject('cached', 'key');
    expect(await usedAt()).toBe((now - 60) * 1000);
  });

  test('clears away what dead processes were writing, once it is a day old', async () => {
    const folder = temporaryFolder();
    await fileBackend(folder).putObject('blob', 'a', Uint8Array.of(1));
    const day = 86_400;
    const now = Date.now() / 1000;
    for (const [name, age] of [
      ['old', 2 * day],
      ['new', day / 2],
    ] as const) {
      const path = join(folder, 'drafts', name);
      writeFileSync(path, '');
      utimesSync(path, now - age, now - age);
    }
    await fileBackend(folder).putObject('blob', 'b', Uint8Array.of(1));
    expect(readdirSync(join(folder, 'drafts'))).toStrictEqual(['new']);
  });

  test('heeds nothing that others have put into it', async () => {
    const folder = temporaryFolder();
    const backend = fileBackend(folder);
    await (await backend.openRun('nightly', unwatched)).close();
    await backend.putObject('blob', 'abc', Uint8Array.of(1));
    writeFileSync(join(folder, 'runs', '.DS_Store'), '');
    writeFileSync(join(folder, 'runs', 'nightly', 'notes.txt'), '');
    mkdirSync(join(folder, 'runs', 'Notes'));
    writeFileSync(join(folder, 'objects', 'blob', 'ab', 'abc.bak'), '');
    writeFileSync(join(folder, 'objects', 'blob', 'ab', 'xyz'), '');
    expect((await backend.listRuns()).map(({ runId }) => runId)).toStrictEqual(['nightly']);
    expect((await backend.listObjects('blob')).map(({ name }) => name)).toStrictEqual(['abc']);
  });
});
