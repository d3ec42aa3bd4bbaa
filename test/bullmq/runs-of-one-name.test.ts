import { step, workflow } from 'millrace';
import { fileStore, memoryStore, Store } from 'millrace/store';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { StoreBackend } from '../../lib/store/backend.ts';
import { memoryBackend } from '../../lib/store/memory-backend.ts';
import { temporaryFolder } from '../store/support/temporary-folder.ts';
import { unwatched } from '../store/support/unwatched.ts';
import { doneFor } from './support/holder.ts';
import { hasRedis, TestRedis } from './support/redis.ts';
import { QueueStage } from './support/stage.ts';
import { remote, worker } from './support/workers.ts';

const nightly = { runId: 'nightly', life: 'monday' };

test('a process that has lost its run to a later one gets no tasks of it done', async () => {
  const stage = new QueueStage();
  stage.worker('a', 2);
  const { remote: tasks } = stage.coordinator();
  const later = doneFor(tasks, { ...nightly, epoch: 2 }, 10);
  await stage.advanceTo(500);
  const earlier = doneFor(tasks, { ...nightly, epoch: 1 }, 20);
  const again = doneFor(tasks, { ...nightly, epoch: 2 }, 30);
  await stage.advanceTo(1000);
  expect(await Promise.all([later, earlier, again])).toStrictEqual([10, 'OUTDATED_RUN', 30]);
  expect(stage.works).toHaveLength(2);
});

test('a run that is begun anew under an old name isn’t taken for an earlier holder of that', async () => {
  const stage = new QueueStage();
  stage.worker('a', 2);
  const { remote: tasks } = stage.coordinator();
  const before = doneFor(tasks, { ...nightly, epoch: 5 }, 10);
  await stage.advanceTo(500);
  const anew = doneFor(tasks, { ...nightly, life: 'tuesday', epoch: 1 }, 20);
  const left = doneFor(tasks, { ...nightly, epoch: 4 }, 30);
  await stage.advanceTo(1000);
  expect(await Promise.all([before, anew, left])).toStrictEqual([10, 20, 'OUTDATED_RUN']);
});

/** A store in memory whose first append takes until it is let go on. */
function slowStore() {
  const backend = memoryBackend();
  let letGoOn: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    letGoOn = resolve;
  });
  const slow: StoreBackend = {
    ...backend,
    openRun(runId, watcher) {
      const opened = backend.openRun(runId, watcher);
      return {
        epoch: opened.epoch,
        problems: opened.problems,
        takeLines: () => opened.takeLines(),
        async append(lines) {
          await gate;
          opened.append(lines);
        },
        appendEvents: (lines) => {
          opened.appendEvents(lines);
        },
        close: () => {
          opened.close();
        },
      };
    },
  };
  return { store: new Store(slow), letGoOn };
}

/** A run of one remote step whose store is slow to say that it has begun. */
function heldUpRun() {
  const stage = new QueueStage();
  stage.worker('a', 1);
  const { remote: tasks } = stage.coordinator();
  const only = step(
    'only',
    tasks.task('wait', () => 10),
  );
  const { store, letGoOn } = slowStore();
  const run = workflow('w', { only }).run({ scheduler: stage.time.scheduler, store, runId: 'nightly' });
  return { stage, tasks, run, letGoOn };
}

test('nothing is sent for a run before those who go on with it would know that it is the same', async () => {
  const { stage, run, letGoOn } = heldUpRun();
  const result = run.result();
  await stage.advanceTo(500);
  expect(stage.broker.jobsSent).toBe(0);
  letGoOn();
  await stage.advanceTo(1000);
  expect(await result).toStrictEqual({ only: 10 });
});

test('a run that is given up while it waits for that sends nothing', async () => {
  const { stage, tasks, run, letGoOn } = heldUpRun();
  const failure = run.result().catch((error: unknown) => error);
  await stage.advanceTo(500);
  run.cancel();
  letGoOn();
  await stage.advanceTo(1000);
  expect(await failure).toMatchObject({ code: 'CANCELLED' });
  expect(stage.broker.jobsSent).toBe(0);
  expect(tasks.stats()).toMatchObject({ queued: 0, running: 0 });
});

test('a run keeps what tells it from others of its name, and gets it where an earlier version wrote it down', async () => {
  const stage = new QueueStage();
  stage.worker('a', 1);
  const { remote: tasks } = stage.coordinator();
  const only = step(
    'only',
    tasks.task('wait', () => 10),
  );
  const backend = memoryBackend();
  const heads = (): Record<string, unknown>[] =>
    (backend.readLines('nightly') ?? []).flatMap((line) => {
      const [kind, head] = JSON.parse(line) as [string, Record<string, unknown>];
      return kind === 'run' ? [head] : [];
    });
  const goOn = async (more: object): Promise<unknown> => {
    const store = new Store(backend);
    const run = workflow('w', { only }).run({
      scheduler: stage.time.scheduler,
      store,
      runId: 'nightly',
      ...more,
    });
    const result = run.result();
    await stage.advanceBy(500);
    return result;
  };
  await goOn({});
  const [{ life, ...old } = {}] = heads();
  expect(life).toBeTypeOf('string');
  backend.removeRun('nightly');
  const opened = backend.openRun('nightly', unwatched);
  opened.append([JSON.stringify(['run', old])]);
  opened.close();
  for (let count = 0; count < 2; count++)
    expect(await goOn({ resume: { from: ['only'] } })).toStrictEqual({ only: 10 });
  const lives = heads().map((head) => head['life']);
  expect(lives).toStrictEqual([undefined, lives[1], lives[1]]);
  expect(lives[1]).toBeTypeOf('string');
  expect(stage.works).toHaveLength(3);
});

describe.skipIf(!hasRedis)('a name that a run had which was gone on with', { timeout: 60_000 }, () => {
  test.for([
    { of: 'a run that isn’t kept', options: () => ({}) },
    { of: 'one in another store', options: () => ({ store: memoryStore() }) },
    { of: 'one in the same store, once that was emptied', options: undefined },
  ])('may be that of $of', async ({ options }) => {
    const redis = await TestRedis.start();
    onTestFinished(() => redis[Symbol.asyncDispose]());
    const connection = redis.url;
    await worker({ connection, queue: 'names', slots: 1 });
    const tasks = remote({ connection, queue: 'names' });
    let fails = true;
    const doubled = step(
      'doubled',
      tasks.task('double', () => 2),
    );
    const again = step(
      'again',
      { doubled },
      tasks.task('double', ({ doubled: value }) => value),
    );
    const last = step('last', { again }, (inputs) => {
      if (fails) throw new Error('not yet');
      return inputs.again;
    });
    const flow = workflow('names', { last });
    const store = fileStore(temporaryFolder());
    onTestFinished(() => store[Symbol.asyncDispose]());
    const runId = 'nightly';
    await expect(flow.run({ store, runId }).result()).rejects.toThrow('not yet');
    fails = false;
    expect(await flow.run({ store, runId, resume: { from: ['again'] } }).result()).toStrictEqual({ last: 8 });
    if (options === undefined) await store.backend.removeRun(runId);
    expect(await flow.run({ store, runId, ...options?.() }).result()).toStrictEqual({ last: 8 });
  });
});
