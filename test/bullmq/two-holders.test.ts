import { type StepSnapshot, step, type Workflow, workflow } from 'millrace';
import { Store } from 'millrace/store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fileBackend } from '../../lib/store/file-backend.ts';
import { FragileDisk } from '../store/support/fragile-disk.ts';
import { gated } from '../store/support/gated.ts';
import { World } from '../store/support/world.ts';
import { hasRedis, TestRedis } from './support/redis.ts';
import { type RemoteFixture, remote, until, worker } from './support/workers.ts';

const names = ['a', 'b', 'c', 'd'];

/** One remote step, then four. */
function flow(tasks: RemoteFixture): Workflow<Record<string, number>> {
  const first = step(
    'first',
    tasks.task('double', () => 1),
  );
  const rest = names.map((name) => {
    const body = tasks.task('double', ({ first: value }: { readonly first: number }) => value);
    return [name, step(name, { first }, body, { resource: {} })] as const;
  });
  return workflow('w', Object.fromEntries(rest));
}

function isReady({ status }: StepSnapshot): boolean {
  return status === 'ready';
}

describe.skipIf(!hasRedis)('two processes that believe that they have a run', { timeout: 20_000 }, () => {
  test('the earlier one is refused by every worker, and by the store; the later one ends', async () => {
    const redis = await TestRedis.start();
    onTestFinished(() => redis[Symbol.asyncDispose]());
    const connection = redis.url;
    const [disk, world] = [new FragileDisk(), new World()];
    for (let count = 0; count < 2; count++) await worker({ connection, queue: 'held', slots: 2 });
    const holder = (host: string, turn: () => Promise<void>) => {
      const process = world.process({ host });
      const io = gated(disk.io, turn);
      const store = new Store(fileBackend('/store', { io, machine: process.machine }));
      const tasks = remote({ connection, queue: 'held' });
      const run = flow(tasks).run({ store, runId: 'nightly', onFailure: 'continue' });
      const failed: (readonly [string, unknown])[] = [];
      run.progress$.subscribe((event) => {
        if (event.type === 'step-failed') failed.push([event.stepId, (event.error as Error).cause]);
      });
      return { process, run, failed, tasks, result: run.result().catch((error: unknown) => error) };
    };
    let turnOfDisk = Promise.resolve();
    const earlier = holder('one', () => turnOfDisk);
    earlier.run.progress$.subscribe((event) => {
      if (event.type === 'step-started' && event.stepId === 'first') earlier.run.pause();
    });
    await until(() => [...earlier.run.snapshot().steps].filter(isReady).length === names.length);

    // Its disk hangs, and nobody on another machine can tell whether it lives: it is taken for dead.
    let diskGoesOn: () => void = () => undefined;
    turnOfDisk = new Promise((resolve) => {
      diskGoesOn = resolve;
    });
    earlier.process.stop();
    await world.pass(20_000);
    const later = holder('two', () => Promise.resolve());
    expect(await later.result).toStrictEqual(Object.fromEntries(names.map((name) => [name, 4])));

    earlier.run.resume();
    await until(() => earlier.failed.length === names.length);
    const outdated = expect.objectContaining({ code: 'OUTDATED_RUN', runId: 'nightly' }) as unknown;
    expect(earlier.failed.toSorted()).toStrictEqual(names.map((name) => [name, outdated]));
    diskGoesOn();
    expect(await earlier.result).toMatchObject({ code: 'WORKFLOW_FAILED' });
    // Of that nothing is written down.
    const third = holder('three', () => Promise.resolve());
    expect(await third.result).toStrictEqual(await later.result);
    expect(third.tasks.stats().completed).toBe(0);
    expect(earlier.tasks.stats()).toMatchObject({ queued: 0, running: 0 });
  });
});
