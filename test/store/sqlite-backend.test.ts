import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InvalidOptionsError } from 'millrace';
import { checkStore } from 'millrace/testing';
import { describe, expect, test, vi } from 'vitest';
import { builtinModule } from '../../lib/base/host.ts';
import type { StoreBackend } from '../../lib/store/backend.ts';
import { every, pause } from '../../lib/store/host-time.ts';
import { sqliteBackend } from '../../lib/store/sqlite-backend.ts';
import { openSqlite } from '../../lib/store/sqlite-module.ts';
import { RunHeldError, StoreError, StoreFormatError } from '../../lib/store/store-errors.ts';
import { caught } from './support/caught.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { unwatched } from './support/unwatched.ts';
import { World } from './support/world.ts';

const isThere = builtinModule('node:sqlite') !== undefined;

test.skipIf(isThere)('a Node without SQLite is told so, and can keep things otherwise', async () => {
  const folder = temporaryFolder();
  const backend = sqliteBackend(join(folder, 'store.db'));
  expect(await backend.listRuns()).toStrictEqual([]);
  const error = await caught(backend.openRun('nightly', unwatched));
  expect(error).toBeInstanceOf(StoreError);
  expect((error as Error).message).toContain(
    `it needs node:sqlite, which Node has from 22.13 on, and this is ${process.version}`,
  );
  expect(readdirSync(folder)).toStrictEqual([]);
});

test('a file that can’t be one is refused', () => {
  for (const odd of ['', 'a\0b', new URL('https://millrace.dev'), undefined])
    expect(() => sqliteBackend(odd as string)).toThrow(InvalidOptionsError);
});

describe.skipIf(!isThere)(
  'a store in an SQLite database (skipped: this Node has no node:sqlite)',
  { timeout: 60_000 },
  () => {
    test('keeps every law of stores', async () => {
      const file = join(temporaryFolder(), 'store.db');
      const world = new World();
      const kills = new Map<StoreBackend, () => void>();
      await checkStore(
        () => {
          const { machine, kill } = world.process();
          // What it waits for comes by the real clock.
          const backend = sqliteBackend(file, { machine: { ...machine, every, pause }, heartbeatMs: 10 });
          kills.set(backend, kill);
          return backend;
        },
        { abandon: (backend) => kills.get(backend)?.(), sequences: 25 },
      );
    });

    test('is not there until something is kept, and is its user’s alone', async () => {
      const folder = temporaryFolder();
      const backend = sqliteBackend(join(folder, 'deep', 'store.db'));
      expect(await backend.listRuns()).toStrictEqual([]);
      expect(await backend.readLines('nightly')).toBeUndefined();
      await backend.removeRun('nightly');
      await backend.removeObject('blob', 'a');
      expect(await backend.getObject('blob', 'a')).toBeUndefined();
      expect(await backend.requestCancel('nightly', 'enough')).toBe(false);
      expect(readdirSync(folder)).toStrictEqual([]);
      await backend.putObject('blob', 'a', Uint8Array.of(1));
      const files = readdirSync(join(folder, 'deep'));
      expect(files).toContain('store.db');
      if (process.platform !== 'win32')
        for (const file of files) expect(statSync(join(folder, 'deep', file)).mode & 0o777).toBe(0o600);
      await backend.close();
      expect(readdirSync(join(folder, 'deep'))).toStrictEqual(['store.db']);
    });

    test('keeps lines with a zero in them', async () => {
      const file = join(temporaryFolder(), 'store.db');
      const backend = sqliteBackend(file);
      const run = await backend.openRun('nightly', unwatched);
      await run.append(['a\0b', 'c']);
      expect(await backend.readLines('nightly')).toStrictEqual(['a\0b', 'c']);
      await backend.close();
    });

    test('can be asked questions over many runs', async () => {
      const file = join(temporaryFolder(), 'store.db');
      const backend = sqliteBackend(file);
      for (const runId of ['Nightly 1', 'Nightly 2']) {
        const run = await backend.openRun(runId, unwatched);
        await run.append([JSON.stringify({ step: 'table', runId }), JSON.stringify({ step: 'report' })]);
      }
      const database = openSqlite(file, 'the test');
      const found = database
        .prepare(
          "select run.run as run from runs run join lines on lines.run = run.id where line ->> 'step' = 'report'",
        )
        .all();
      database.close();
      expect(found.map(({ run }) => run)).toStrictEqual(['Nightly 1', 'Nightly 2']);
      await backend.close();
    });

    test('of a later version, or of something else, is refused', async () => {
      const folder = temporaryFolder();
      const later = join(folder, 'later.db');
      const backend = sqliteBackend(later);
      await backend.putObject('blob', 'a', Uint8Array.of(1));
      await backend.close();
      const database = openSqlite(later, 'the test');
      database.exec('pragma user_version = 2');
      database.close();
      const error = await caught(sqliteBackend(later).listRuns());
      expect(error).toBeInstanceOf(StoreFormatError);
      expect(error).toMatchObject({ what: 'the store', found: 2, known: 1 });

      const other = openSqlite(join(folder, 'other.db'), 'the test');
      other.exec('create table t (a)');
      other.close();
      await expect(sqliteBackend(join(folder, 'other.db')).listRuns()).rejects.toThrow(
        'is a database of something else',
      );
      writeFileSync(join(folder, 'text.db'), 'a text that is no database, and is long enough for one');
      const noDatabase = await caught(sqliteBackend(join(folder, 'text.db')).openRun('nightly', unwatched));
      expect(noDatabase).toBeInstanceOf(StoreError);
      expect((noDatabase as StoreError).message).toContain('file is not a database');
    });

    test('is begun by several at once', async () => {
      const file = join(temporaryFolder(), 'store.db');
      const backends = [sqliteBackend(file), sqliteBackend(file), sqliteBackend(file)];
      await Promise.all(
        backends.map(async (backend, index) => {
          await backend.putObject('blob', String(index), Uint8Array.of(index));
        }),
      );
      expect((await backends[0]?.listObjects('blob'))?.length).toBe(3);
      for (const backend of backends) await backend.close();
    });

    test('displaces an owner that was stopped for long, and keeps nothing that it appends', async () => {
      const file = join(temporaryFolder(), 'store.db');
      const world = new World();
      const [first, second, other] = [
        world.process(),
        world.process(),
        world.process({ host: 'b', boot: 'b' }),
      ];
      const displaced = vi.fn<(by: string) => void>();
      const owner = sqliteBackend(file, { machine: first.machine });
      const run = await owner.openRun('nightly', { ...unwatched, displaced });
      await run.append(['one']);
      expect(
        await caught(sqliteBackend(file, { machine: second.machine }).openRun('nightly', unwatched)),
      ).toBeInstanceOf(RunHeldError);
      expect(
        await caught(sqliteBackend(file, { machine: other.machine }).openRun('nightly', unwatched)),
      ).toBeInstanceOf(RunHeldError);
      first.stop();
      const before = other.machine.machineMs();
      const next = sqliteBackend(file, { machine: other.machine });
      const taken = await next.openRun('nightly', unwatched);
      expect(other.machine.machineMs() - before).toBeGreaterThanOrEqual(10_000);
      expect([...taken.takeLines()]).toStrictEqual(['one']);
      first.goOn();
      expect(await caught(run.append(['late']))).toBeInstanceOf(StoreError);
      expect(displaced).toHaveBeenCalledTimes(1);
      expect(displaced.mock.calls[0]?.[0]).toContain('on host "b"');
      await owner.close();
      await taken.append(['two']);
      expect(await next.readLines('nightly')).toStrictEqual(['one', 'two']);
      await next.close();
    });
  },
);
