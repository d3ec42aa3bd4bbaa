import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CancellationToken, CancelledError, step, workflow } from 'millrace';
import {
  fileStore,
  ResumeMismatchError,
  RunHeldError,
  Store,
  StoreError,
  StoreFormatError,
} from 'millrace/store';
import { firstValueFrom } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fileBackend } from '../../lib/store/file-backend.ts';
import type { FileIo, OpenFile } from '../../lib/store/file-io.ts';
import { nodeFileIo } from '../../lib/store/node-file-io.ts';
import { Calls } from './support/calls.ts';
import { eventually } from './support/eventually.ts';
import { known, Place, runId, warnings } from './support/place.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const long = 'x'.repeat(20_000);

/** Three steps in a row, the second one's output being long. */
function chain(calls = new Calls()) {
  const a = step('a', async () => {
    await Promise.resolve();
    return calls.note('a', 1);
  });
  const b = step('b', { a }, () => calls.note('b', long));
  const c = step('c', { b }, (inputs) => calls.note('c', inputs.b.length));
  return { calls, steps: workflow('w', { c }) };
}

/** A file system that is full from some write on, or the nth time that something is asked of it. */
function failing(shouldFail: (action: string, path: string) => boolean): FileIo {
  const check = (action: string, path: string): void => {
    if (shouldFail(action, path))
      throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  };
  return {
    ...nodeFileIo,
    async open(path, how) {
      check('open', path);
      const file = await nodeFileIo.open(path, how);
      return {
        async write(bytes, position) {
          check('write', path);
          // Not all at once, either.
          return file.write(bytes.subarray(0, 8192), position);
        },
        truncate: (length) => file.truncate(length),
        async sync() {
          check('sync', path);
          await file.sync();
        },
        close: () => file.close(),
      } satisfies OpenFile;
    },
  };
}

function storeIn(folder: string, io: FileIo = nodeFileIo): Store {
  const store = new Store(fileBackend(folder, { io }));
  onTestFinished(() => store[Symbol.asyncDispose]());
  return store;
}

describe('a store that is full', () => {
  test('at any write fails the run by name, corrupts nothing, and the run goes on once there is room', async () => {
    for (let at = 1; ; at++) {
      const folder = temporaryFolder();
      let writes = 0;
      let isFull = true;
      const io = failing((action) => action === 'write' && isFull && ++writes >= at);
      const { calls, steps } = chain();
      const first = await new Place().run(steps, { store: storeIn(folder, io) });
      const ran = calls.take();
      if (writes < at) {
        expect(first.result).toStrictEqual({ c: long.length });
        expect(at).toBeGreaterThan(5);
        break;
      }
      isFull = false;
      // What can't be written of the events only costs a picture.
      if (first.error !== undefined) {
        expect(first.error).toBeInstanceOf(StoreError);
        expect(first.error).toMatchObject({ code: 'STORE', cause: { code: 'ENOSPC' } });
        expect((first.error as Error).message).toContain(`fileStore('${folder}') could not `);
      }
      const second = await new Place().run(steps, { store: storeIn(folder) });
      expect(second.result).toStrictEqual({ c: long.length });
      const again = new Set(known(second.events, 'restored'));
      expect(calls.take().filter((id) => again.has(id))).toStrictEqual([]);
      expect(warnings(second.events), `write ${String(at)}`).toStrictEqual([]);
      expect(ran.length).toBeLessThanOrEqual(3);
    }
  }, 30_000);

  test('costs with onStoreError: ‘warn’ only what is kept', async () => {
    for (const action of ['write', 'sync', 'open']) {
      for (const from of [1, 3, 5, 7]) {
        let asked = 0;
        const io = failing((what) => what === action && ++asked >= from);
        const { steps } = chain();
        const folder = temporaryFolder();
        const ran = await new Place().run(steps, { store: storeIn(folder, io), onStoreError: 'warn' });
        expect(ran.error, `${action} ${String(from)}`).toBeUndefined();
        expect(ran.result).toStrictEqual({ c: long.length });
        expect(warnings(ran.events).length).toBeLessThanOrEqual(1);
        for (const message of warnings(ran.events))
          expect(message).toMatch(/^the run isn.t kept( any more)?: (StoreError: )?fileStore/);
      }
    }
  });

  test('warns once, though every step has a cache', async () => {
    const place = new Place();
    const backend = eventually(place.backend);
    const broken = (): never => {
      throw new StoreError('broken', 'do it', 'it is broken');
    };
    const store = new Store({ ...backend, openRun: broken, getObject: broken, putObject: broken });
    const made = ['a', 'b', 'c'].map((id) => step(id, () => id, { cache: { version: 1 } }));
    const steps = workflow('w', Object.fromEntries(made.map((one, at) => [String(at), one])));
    const ran = await place.run(steps, { store, onStoreError: 'warn' });
    expect(ran.result).toStrictEqual({ 0: 'a', 1: 'b', 2: 'c' });
    expect(warnings(ran.events)).toStrictEqual(["the run isn't kept: broken could not do it: it is broken"]);
  });
});

describe('a store in a folder', () => {
  test('that is a file fails the run before anything of it runs, or is warned of', async () => {
    const path = join(temporaryFolder(), 'file');
    writeFileSync(path, '');
    const { calls, steps } = chain();
    const failed = await new Place().run(steps, { store: fileStore(path) });
    expect(failed.error).toBeInstanceOf(StoreError);
    expect((failed.error as Error).message).toContain(path);
    expect(calls.take()).toStrictEqual([]);
    const warned = await new Place().run(steps, { store: fileStore(path), onStoreError: 'warn' });
    expect(warned.result).toStrictEqual({ c: long.length });
    expect(warnings(warned.events)).toHaveLength(1);
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  test('that is read-only, the same', async () => {
    const folder = temporaryFolder();
    const readOnly = failing(() => false);
    const io: FileIo = {
      ...readOnly,
      open: () => Promise.reject(Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' })),
      makeFolder: () =>
        Promise.reject(Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' })),
    };
    const { calls, steps } = chain();
    const failed = await new Place().run(steps, { store: storeIn(folder, io) });
    expect(failed.error).toMatchObject({ name: 'StoreError', cause: { code: 'EROFS' } });
    expect(calls.take()).toStrictEqual([]);
    const warned = await new Place().run(steps, { store: storeIn(folder, io), onStoreError: 'warn' });
    expect(warned.result).toStrictEqual({ c: long.length });
    expect(readdirSync(folder)).toStrictEqual([]);
  });

  test('of a later version is refused, whatever becomes of errors', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'format'), '99\n');
    const { calls, steps } = chain();
    for (const onStoreError of ['fail', 'warn'] as const) {
      const { error } = await new Place().run(steps, { store: storeIn(folder), onStoreError });
      expect(error).toBeInstanceOf(StoreFormatError);
      expect(calls.take()).toStrictEqual([]);
    }
  });

  test('goes on from what is there, whichever byte of the journal was flipped or wherever it was cut', async () => {
    const folder = temporaryFolder();
    const { calls, steps } = chain();
    await new Place().run(steps, { store: storeIn(folder) });
    calls.take();
    const journal = join(folder, 'runs', runId, 'journal.1.log');
    const whole = readFileSync(journal);
    const damages: Uint8Array[] = [];
    for (let at = 0; at < whole.length; at += 7) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] as number) ^ 0x15;
      damages.push(flipped, whole.subarray(0, at));
    }
    for (const bytes of damages) {
      for (const name of readdirSync(join(folder, 'runs', runId)))
        if (name !== 'journal.1.log') rmSync(join(folder, 'runs', runId, name), { recursive: true });
      writeFileSync(journal, bytes);
      const ran = await new Place().run(steps, { store: storeIn(folder) });
      // The header says what the file is: of another format, or damaged.
      if (ran.error === undefined) expect(ran.result).toStrictEqual({ c: long.length });
      else
        expect([StoreError, StoreFormatError, ResumeMismatchError]).toContain(
          (ran.error as Error).constructor,
        );
    }
    expect(damages.length).toBeGreaterThan(50);
  }, 60_000);

  test('tells of a line that is damaged, and makes what it told of again', async () => {
    const folder = temporaryFolder();
    const { calls, steps } = chain();
    await new Place().run(steps, { store: storeIn(folder) });
    calls.take();
    const journal = join(folder, 'runs', runId, 'journal.1.log');
    writeFileSync(journal, readFileSync(journal, 'utf8').replace('["all",["c"],', '["all",["x"],'));
    const ran = await new Place().run(steps, { store: storeIn(folder) });
    expect(ran.result).toStrictEqual({ c: long.length });
    expect(calls.take()).toStrictEqual(['c']);
    expect(warnings(ran.events)).toHaveLength(1);
    expect(warnings(ran.events)[0]).toContain(`in fileStore('${folder}'): `);
    expect(warnings(ran.events)[0]).toContain('journal.1.log');
  });

  test('of which a long output is missing, or isn’t what it was, makes it again and says so', async () => {
    for (const damage of ['missing', 'flipped', 'cut'] as const) {
      const folder = temporaryFolder();
      let fails = true;
      const calls = new Calls();
      const a = step('a', () => calls.note('a', long));
      const b = step('b', { a }, (inputs) => {
        if (fails) throw new Error('broken');
        return inputs.a.length;
      });
      const steps = workflow('w', { b });
      await new Place().run(steps, { store: storeIn(folder) });
      calls.take();
      fails = false;
      for (const path of readdirSync(join(folder, 'objects'), { recursive: true, encoding: 'utf8' })) {
        const whole = join(folder, 'objects', path);
        if (!statSync(whole).isFile() || statSync(whole).size < 10_000) continue;
        const bytes = readFileSync(whole);
        if (damage === 'missing') rmSync(whole);
        else if (damage === 'cut') writeFileSync(whole, bytes.subarray(0, 1000));
        else {
          bytes[bytes.length - 5] = (bytes.at(-5) as number) ^ 1;
          writeFileSync(whole, bytes);
        }
      }
      const ran = await new Place().run(steps, { store: storeIn(folder) });
      expect(ran.result, damage).toStrictEqual({ b: long.length });
      expect(calls.take()).toStrictEqual(['a']);
      expect(warnings(ran.events)).toMatchObject([
        expect.stringMatching(/^what step 'a' had come to can't be read, and is made again: /),
      ]);
    }
  });

  test('is left as it was by what is refused', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'store'));
    const store = storeIn(join(folder, 'store'));
    await new Place().run(workflow('w', { a: step('a', () => 1) }), { store });
    const changed = workflow('w', { a: step('a', () => 1, { version: 2 }) });
    const before = (await store.backend.readLines(runId)) ?? [];
    expect((await new Place().run(changed, { store })).error).toBeInstanceOf(ResumeMismatchError);
    expect(await store.backend.readLines(runId)).toStrictEqual(before);
    expect(existsSync(join(folder, 'store', 'runs', runId))).toBe(true);
  });
});

describe('a run that somebody holds', () => {
  test('is refused by name to whoever comes second, and goes on for the first', async () => {
    for (const store of [new Place().store, storeIn(temporaryFolder())]) {
      let proceed: () => void = () => undefined;
      const waiting = new Promise<void>((resolve) => {
        proceed = resolve;
      });
      let started: () => void = () => undefined;
      const hasStarted = new Promise<void>((resolve) => {
        started = resolve;
      });
      const a = step('a', async () => {
        started();
        await waiting;
        return 1;
      });
      const steps = workflow('w', { a });
      const first = new Place().run(steps, { store });
      await hasStarted;
      for (const onStoreError of ['fail', 'warn'] as const) {
        const { error, events } = await new Place().run(steps, { store, onStoreError });
        expect(error).toBeInstanceOf(RunHeldError);
        expect(error).toMatchObject({ code: 'RUN_HELD', runId });
        expect(events.map(({ type }) => type)).toStrictEqual(['run-started', 'step-cancelled', 'run-failed']);
      }
      proceed();
      expect((await first).result).toStrictEqual({ a: 1 });
      expect((await new Place().run(steps, { store })).result).toStrictEqual({ a: 1 });
    }
  });

  test('is cancelled where its store is asked for it', async () => {
    const place = new Place();
    const a = step('a', ({ token }) => {
      place.backend.requestCancel(runId, 'enough');
      return new Promise<number>((_, reject) => {
        token.onCancel(() => {
          reject(new Error('told to stop'));
        });
      });
    });
    const { error } = await place.run(workflow('w', { a }));
    expect(error).toBeInstanceOf(CancelledError);
    expect(error).toMatchObject({ reason: 'enough' });
  });

  test('is lost where another takes it, and nothing is written from then on', async () => {
    const place = new Place();
    const a = step('a', async () => {
      place.backend.abandon();
      // Another process takes it.
      const other = place.backend.openRun(runId, {
        cancelRequested: () => undefined,
        displaced: () => undefined,
      });
      other.close();
      await Promise.resolve();
      return 1;
    });
    const steps = workflow('w', { b: step('b', { a }, () => 2) });
    for (const onStoreError of ['fail', 'warn'] as const) {
      const before = place.lines.length;
      const { error } = await place.run(steps, { onStoreError });
      expect(error).toBeInstanceOf(StoreError);
      expect((error as Error).message).toContain("go on with run 'nightly'");
      expect(place.lines.length - before).toBeLessThanOrEqual(1);
    }
  });
});

describe('a run whose store is still being opened', () => {
  test('can be cancelled: nothing of it runs, and the run is let go of', async () => {
    const place = new Place();
    const { calls, steps } = chain();
    const store = new Store(eventually(place.backend));
    const run = steps.run({ store, runId });
    const story: string[] = [];
    run.progress$.subscribe(({ type }) => story.push(type));
    const result = run.result().catch((error: unknown) => error);
    run.cancel('changed my mind');
    expect(await result).toMatchObject({ name: 'CancelledError', reason: 'changed my mind' });
    expect(story).toStrictEqual([
      'run-started',
      'step-cancelled',
      'step-cancelled',
      'step-cancelled',
      'run-cancelled',
    ]);
    expect(calls.take()).toStrictEqual([]);
    expect((await place.run(steps, { store })).result).toStrictEqual({ c: long.length });
  });

  test('can be left, time out, or be cancelled by a signal', async () => {
    for (const how of ['leave', 'signal', 'timeout'] as const) {
      const place = new Place();
      const { calls, steps } = chain();
      const stopped = new CancellationToken();
      const store = new Store({
        ...eventually(place.backend),
        openRun: async (id, watcher) => {
          await firstValueFrom(stopped.cancelled$);
          return place.backend.openRun(id, watcher);
        },
      });
      const abort = new AbortController();
      const run = steps.run({
        store,
        runId,
        signal: abort.signal,
        ...(how === 'timeout' ? { timeout: 1 } : {}),
      });
      const over = new Promise<void>((resolve) => {
        run.progress$.subscribe({ complete: resolve });
      });
      run.token.onCancel(() => {
        stopped.cancel();
      });
      const subscription = run.result$.subscribe({ error: () => undefined });
      if (how === 'leave') subscription.unsubscribe();
      else if (how === 'signal') abort.abort();
      await over;
      expect(calls.take(), how).toStrictEqual([]);
      expect((await place.run(steps)).result).toStrictEqual({ c: long.length });
    }
  });
});
