import { expect, test } from 'vitest';
import type { OpenedRun, StoreBackend } from '../../lib/store/backend.ts';
import { fileBackend } from '../../lib/store/file-backend.ts';
import { RunHeldError, StoreError } from '../../lib/store/store-errors.ts';
import { caught } from './support/caught.ts';
import { FragileDisk } from './support/fragile-disk.ts';
import { type HeldUp, heldUp } from './support/held-up.ts';
import { unwatched } from './support/unwatched.ts';
import { World, type WorldProcess } from './support/world.ts';

// A process may be stopped between any two calls of the system, for as long as it takes others to do anything.

const disk = (): { disk: FragileDisk; world: World } => ({ disk: new FragileDisk(), world: new World() });

function party(
  shared: ReturnType<typeof disk>,
  isIt?: (call: string) => boolean,
): { backend: StoreBackend; process: WorldProcess } & Omit<HeldUp, 'io'> {
  const process = shared.world.process();
  const { io, ...rest } = heldUp(shared.disk.io, isIt ?? (() => false));
  return { backend: fileBackend('/store', { io, machine: process.machine }), process, ...rest };
}

async function hasOneRun(shared: ReturnType<typeof disk>): Promise<void> {
  const { backend } = party(shared);
  const run = await backend.openRun('nightly', unwatched);
  await run.append(['one']);
  await run.close();
}

async function linesLeft(shared: ReturnType<typeof disk>): Promise<OpenedRun> {
  return party(shared).backend.openRun('nightly', unwatched);
}

test('one that is held up before it makes its lease finds that others have come and gone', async () => {
  const shared = disk();
  await hasOneRun(shared);
  const slow = party(shared, (call) => call === 'open /store/runs/nightly/lease.2');
  const opening = Promise.resolve(slow.backend.openRun('nightly', unwatched));
  await slow.isReached;
  const quick = await linesLeft(shared);
  expect(quick.epoch).toBe(2);
  await quick.append(['two']);
  await quick.close();
  slow.goOn();
  const run = await opening;
  expect([run.epoch, [...run.takeLines()]]).toStrictEqual([3, ['one', 'two']]);
  await run.append(['three']);
  await run.close();
  expect([...(await linesLeft(shared)).takeLines()]).toStrictEqual(['one', 'two', 'three']);
});

test('one that is held up before it makes its lease is refused where another holds the run', async () => {
  const shared = disk();
  await hasOneRun(shared);
  const slow = party(shared, (call) => call === 'open /store/runs/nightly/lease.2');
  const opening = caught(slow.backend.openRun('nightly', unwatched));
  await slow.isReached;
  const quick = await linesLeft(shared);
  const third = await (async () => {
    await quick.close();
    return linesLeft(shared);
  })();
  expect(third.epoch).toBe(3);
  slow.goOn();
  expect(await opening).toBeInstanceOf(RunHeldError);
  await third.append(['two']);
});

test('one that is held up before it makes its lease may find another run of that name', async () => {
  const shared = disk();
  await hasOneRun(shared);
  const slow = party(shared, (call) => call === 'open /store/runs/nightly/lease.2');
  const opening = caught(slow.backend.openRun('nightly', unwatched));
  await slow.isReached;
  await party(shared).backend.removeRun('nightly');
  const another = await linesLeft(shared);
  expect(another.epoch).toBe(1);
  slow.goOn();
  expect(await opening).toBeInstanceOf(RunHeldError);
  await another.append(['one of another']);
  await another.close();
  expect([...(await linesLeft(shared)).takeLines()]).toStrictEqual(['one of another']);
});

test('one that is held up before it says whose its lease is has lost it', async () => {
  const shared = disk();
  await hasOneRun(shared);
  const slow = party(shared, (call) => call === 'write /store/runs/nightly/lease.2');
  const opening = caught(slow.backend.openRun('nightly', unwatched));
  await slow.isReached;
  const quick = await linesLeft(shared);
  expect(quick.epoch).toBe(3);
  slow.goOn();
  expect(await opening).toBeInstanceOf(RunHeldError);
  await quick.append(['two']);
});

test.each([
  'read /store/runs/nightly/journal.1.log',
  'open /store/runs/nightly/journal.2.log',
  'sync /store/runs/nightly/journal.2.log',
  'syncFolder /store/runs/nightly',
])('one that is displaced while it opens a run, held up at %s, doesn’t get it', async (held) => {
  const shared = disk();
  await hasOneRun(shared);
  const slow = party(shared, (call) => call === held);
  const opening = caught(slow.backend.openRun('nightly', unwatched));
  await slow.isReached;
  slow.process.stop();
  await shared.world.pass(10_000);
  const quick = await linesLeft(shared);
  slow.process.goOn();
  slow.goOn();
  expect(await opening).toBeInstanceOf(RunHeldError);
  await quick.append(['two']);
  await quick.close();
  expect([...(await linesLeft(shared)).takeLines()]).toStrictEqual(['one', 'two']);
});

test.each(['write', 'sync'])('what one that is held up at its %s appends is nobody’s', async (call) => {
  const shared = disk();
  await hasOneRun(shared);
  let syncs = 0;
  const slow = party(
    shared,
    (made) =>
      // The first is that of what it begins with.
      made === `${call} /store/runs/nightly/journal.2.log` && ++syncs === 2,
  );
  const run = await slow.backend.openRun('nightly', unwatched);
  const appending = caught(run.append(['late']));
  await slow.isReached;
  slow.process.stop();
  await shared.world.pass(10_000);
  const quick = await linesLeft(shared);
  // Written, and not sure to stay: it may be there, and then it stays.
  const before = call === 'sync' ? ['one', 'late'] : ['one'];
  expect([...quick.takeLines()]).toStrictEqual(before);
  slow.process.goOn();
  slow.goOn();
  expect(await appending).toBeInstanceOf(StoreError);
  await quick.append(['two']);
  await quick.close();
  expect([...(await linesLeft(shared)).takeLines()]).toStrictEqual([...before, 'two']);
});

test('who only reads doesn’t see what one that was displaced appends meanwhile', async () => {
  const shared = disk();
  const owner = party(shared);
  const run = await owner.backend.openRun('nightly', unwatched);
  await run.append(['one']);
  const reader = party(shared, (call) => call === 'read /store/runs/nightly/journal.1.log');
  const reading = Promise.resolve(reader.backend.readLines('nightly'));
  await reader.isReached;
  owner.process.stop();
  await shared.world.pass(10_000);
  const quick = await linesLeft(shared);
  await quick.append(['two']);
  owner.process.goOn();
  expect(await caught(run.append(['late']))).toBeInstanceOf(StoreError);
  reader.goOn();
  expect(await reading).toStrictEqual(['one', 'two']);
});
