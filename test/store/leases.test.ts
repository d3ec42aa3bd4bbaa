import { describe, expect, test, vi } from 'vitest';
import type { OpenedRun, RunWatcher, StoreBackend } from '../../lib/store/backend.ts';
import { fileBackend } from '../../lib/store/file-backend.ts';
import { RunHeldError, StoreError } from '../../lib/store/store-errors.ts';
import { caught } from './support/caught.ts';
import { FragileDisk } from './support/fragile-disk.ts';
import { unwatched } from './support/unwatched.ts';
import { World, type WorldProcess } from './support/world.ts';

class Watcher implements RunWatcher {
  readonly cancelRequested = vi.fn<(reason: string) => void>();
  readonly displaced = vi.fn<(by: string) => void>();
}

interface Party {
  readonly backend: StoreBackend;
  readonly process: WorldProcess;
}

/** Processes that share a folder. */
class Parties {
  readonly disk = new FragileDisk();
  readonly world = new World();

  party(place?: Parameters<World['process']>[0]): Party {
    const process = this.world.process(place);
    return { process, backend: fileBackend('/store', { io: this.disk.io, machine: process.machine }) };
  }

  /** A run that somebody has opened and appended `one` to. */
  async held(place?: Parameters<World['process']>[0]): Promise<Party & { run: OpenedRun; watcher: Watcher }> {
    const party = this.party(place);
    const watcher = new Watcher();
    const run = await party.backend.openRun('nightly', watcher);
    await run.append(['one']);
    return { ...party, run, watcher };
  }

  /** How long it takes to get the run, in ms; and the run. */
  async taken(place?: Parameters<World['process']>[0]): Promise<{ run: OpenedRun; ms: number }> {
    const { backend, process } = this.party(place);
    const start = process.machine.machineMs();
    const run = await backend.openRun('nightly', unwatched);
    return { run, ms: process.machine.machineMs() - start };
  }
}

describe('a run is taken over at once', () => {
  test('where there is no process any more of its owner’s number', async () => {
    const parties = new Parties();
    (await parties.held()).process.kill();
    const { run, ms } = await parties.taken();
    expect([[...run.takeLines()], run.epoch, ms]).toStrictEqual([['one'], 2, 0]);
  });

  test('where its owner’s number has become another’s, as in a container that is started again', async () => {
    const parties = new Parties();
    (await parties.held({ pid: 1 })).process.kill();
    const { run, ms } = await parties.taken({ pid: 1 });
    expect([run.epoch, ms]).toStrictEqual([2, 0]);
  });

  test('where its owner has been silent for ten seconds', async () => {
    const parties = new Parties();
    const { process } = await parties.held();
    process.stop();
    await parties.world.pass(10_000);
    expect((await parties.taken()).ms).toBe(0);
  });

  test('where starts of the machine can’t be told apart, and its clock has begun anew', async () => {
    const parties = new Parties();
    const { process } = await parties.held({ boot: '', skew: 1_000_000 });
    process.stop();
    expect((await parties.taken({ boot: '' })).ms).toBe(0);
  });
});

describe('a run is refused', () => {
  test('while its owner lives, with who that is', async () => {
    const parties = new Parties();
    await parties.held({ pid: 4242 });
    const error = await caught(parties.party().backend.openRun('nightly', unwatched));
    expect(error).toBeInstanceOf(RunHeldError);
    expect(error).toMatchObject({
      runId: 'nightly',
      heldBy: 'process 4242 on host "mill" since 1970-01-01T00:16:40.000Z',
    });
  });

  test('to its own process, however long that was busy', async () => {
    const parties = new Parties();
    const { process, backend } = await parties.held();
    process.stop();
    await parties.world.pass(60_000);
    const error = await caught(backend.openRun('nightly', unwatched));
    expect((error as RunHeldError).heldBy).toContain('this process (1)');
  });

  test.each([
    ['another machine', { host: 'other', boot: 'other' }],
    ['another machine whose clock is hours ahead', { host: 'other', boot: 'other', skew: 20_000_000 }],
    ['another machine whose clock is hours behind', { host: 'other', boot: 'other', skew: -20_000_000 }],
    ['another machine of the same name', { boot: 'other' }],
    ['another container', { space: 'pid:[2]' }],
    ['another thread of this process', { thread: 2, pid: 1 }],
  ])('to %s once its owner has given a sign of life', async (_, place) => {
    const parties = new Parties();
    const { run } = await parties.held({ pid: 1 });
    const { backend, process } = parties.party(place);
    const start = process.machine.machineMs();
    expect(await caught(backend.openRun('nightly', unwatched))).toBeInstanceOf(RunHeldError);
    const took = process.machine.machineMs() - start;
    expect(took).toBeGreaterThan(0);
    expect(took).toBeLessThanOrEqual(2500);
    await run.append(['two']);
  });
});

describe('a run is taken over after ten seconds of silence', () => {
  test.each([
    ['another machine', { host: 'other', boot: 'other' }],
    ['another machine whose clock is hours ahead', { host: 'other', boot: 'other', skew: 20_000_000 }],
    ['another machine whose clock is hours behind', { host: 'other', boot: 'other', skew: -20_000_000 }],
    ['another container', { space: 'pid:[2]' }],
    ['the machine that was started again', { boot: 'second' }],
  ])('by %s', async (_, place) => {
    const parties = new Parties();
    const { process } = await parties.held();
    process.kill();
    const { run, ms } = await parties.taken(place);
    expect([...run.takeLines()]).toStrictEqual(['one']);
    expect(ms).toBeGreaterThanOrEqual(10_000);
    expect(ms).toBeLessThanOrEqual(10_500);
  });

  test('by another thread, which counts what was before it came', async () => {
    const parties = new Parties();
    const { process } = await parties.held({ pid: 1 });
    process.stop();
    await parties.world.pass(7000);
    const { ms } = await parties.taken({ pid: 1, thread: 2 });
    expect(ms).toBeGreaterThanOrEqual(3000);
    expect(ms).toBeLessThanOrEqual(3500);
  });

  test('where its lease never came to say whose it is', async () => {
    const parties = new Parties();
    await (await parties.held()).run.close();
    await (await parties.disk.io.open('/store/runs/nightly/lease.2', 'new')).close();
    const { run, ms } = await parties.taken();
    expect(run.epoch).toBe(3);
    expect(ms).toBeGreaterThanOrEqual(10_000);
  });
});

describe('an owner that was displaced', () => {
  test('is told of it at its next sign of life, by whom, once', async () => {
    const parties = new Parties();
    const { process, watcher, run } = await parties.held();
    process.stop();
    await parties.world.pass(10_000);
    await parties.taken({ pid: 77 });
    expect(watcher.displaced).not.toHaveBeenCalled();
    process.goOn();
    await parties.world.pass(5000);
    expect(watcher.displaced.mock.calls).toStrictEqual([
      ['process 77 on host "mill" since 1970-01-01T00:16:50.000Z'],
    ]);
    await run.close();
    expect(watcher.displaced).toHaveBeenCalledTimes(1);
  });

  test('finds out as it appends, and what it appended is nobody’s', async () => {
    const parties = new Parties();
    const { process, watcher, run } = await parties.held();
    process.stop();
    await parties.world.pass(10_000);
    const next = await parties.taken();
    process.goOn();
    const error = await caught(run.append(['late']));
    expect(error).toBeInstanceOf(StoreError);
    expect((error as Error).message).toContain('the run is held by process 2 on host "mill"');
    expect(watcher.displaced).toHaveBeenCalledTimes(1);
    expect(await caught(run.append(['later']))).toBeInstanceOf(StoreError);
    expect(await caught(run.appendEvents(['event']))).toBeInstanceOf(StoreError);
    await next.run.append(['two']);
    await run.close();
    await next.run.close();
    const last = (await parties.taken()).run;
    expect([[...last.takeLines()], last.problems]).toStrictEqual([['one', 'two'], []]);
  });

  test('takes nothing from who holds the run as it is closed', async () => {
    const parties = new Parties();
    const { process, run } = await parties.held();
    process.stop();
    await parties.world.pass(10_000);
    const next = await parties.taken();
    process.goOn();
    await run.close();
    expect(await caught(parties.taken())).toBeInstanceOf(RunHeldError);
    await next.run.append(['two']);
  });

  test('finds out too where the run was removed and is another by now', async () => {
    const parties = new Parties();
    const { process, run } = await parties.held();
    process.stop();
    await parties.world.pass(10_000);
    await parties.party().backend.removeRun('nightly');
    const next = await parties.taken();
    expect([next.run.epoch, [...next.run.takeLines()]]).toStrictEqual([1, []]);
    process.goOn();
    expect(await caught(run.append(['late']))).toBeInstanceOf(StoreError);
    await run.close();
    await next.run.append(['one of another']);
    expect(await parties.party().backend.readLines('nightly')).toStrictEqual(['one of another']);
  });
});

describe('a request to cancel', () => {
  test('comes with the next sign of life', async () => {
    const parties = new Parties();
    const { watcher } = await parties.held();
    const { backend } = parties.party();
    expect(await backend.requestCancel('nightly', 'enough')).toBe(true);
    expect(await backend.requestCancel('nightly', 'enough of it')).toBe(true);
    expect(watcher.cancelRequested).not.toHaveBeenCalled();
    await parties.world.pass(2000);
    expect(watcher.cancelRequested.mock.calls).toStrictEqual([['enough of it']]);
    await backend.requestCancel('nightly', 'again');
    await parties.world.pass(10_000);
    expect(watcher.cancelRequested).toHaveBeenCalledTimes(1);
  });

  test('to an owner that is dead is to nobody', async () => {
    const parties = new Parties();
    const { process } = await parties.held();
    process.kill();
    const { backend } = parties.party();
    expect(await backend.requestCancel('nightly', 'enough')).toBe(false);
    expect((await backend.listRuns())[0]).toMatchObject({ runId: 'nightly', heldBy: undefined });
  });

  test('that its owner didn’t live to read isn’t the next one’s', async () => {
    const parties = new Parties();
    const { process } = await parties.held();
    await parties.party().backend.requestCancel('nightly', 'enough');
    process.kill();
    const { backend } = parties.party();
    const watcher = new Watcher();
    await backend.openRun('nightly', watcher);
    await parties.world.pass(10_000);
    expect(watcher.cancelRequested).not.toHaveBeenCalled();
    expect(parties.disk.paths.filter((path) => path.includes('cancel'))).toStrictEqual([]);
  });

  test('reaches another machine, as long as that seems to live', async () => {
    const parties = new Parties();
    const { watcher, process } = await parties.held({ host: 'other', boot: 'other' });
    const { backend } = parties.party();
    expect(await backend.requestCancel('nightly', 'enough')).toBe(true);
    expect((await backend.listRuns())[0]?.heldBy).toContain('on host "other"');
    await parties.world.pass(2000);
    expect(watcher.cancelRequested).toHaveBeenCalledTimes(1);
    process.stop();
    await parties.world.pass(11_000);
    expect(await backend.requestCancel('nightly', 'enough')).toBe(false);
    expect((await backend.listRuns())[0]?.heldBy).toBeUndefined();
  });
});

test('a sign of life that can’t be given is given the next time', async () => {
  const parties = new Parties();
  const { run } = await parties.held();
  let failures = 0;
  parties.disk.onCall = ({ path }) => {
    if (!path.includes('lease')) return undefined;
    failures++;
    return Object.assign(new Error('EIO'), { code: 'EIO' });
  };
  await parties.world.pass(4000);
  expect(failures).toBe(2);
  parties.disk.onCall = () => undefined;
  await parties.world.pass(8000);
  await run.append(['two']);
  expect(await caught(parties.taken())).toBeInstanceOf(RunHeldError);
});

test('a run that was opened and closed often leaves few files', async () => {
  const parties = new Parties();
  for (let count = 0; count < 20; count++) await (await parties.taken()).run.close();
  const run = (await parties.taken()).run;
  expect(run.epoch).toBe(21);
  await run.append(['one']);
  await run.close();
  await (await parties.taken()).run.close();
  expect(parties.disk.paths).toStrictEqual([
    '/store/format',
    '/store/runs/nightly/journal.21.log',
    '/store/runs/nightly/journal.22.log',
  ]);
});
