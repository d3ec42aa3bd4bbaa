import { step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { expect, onTestFinished, test } from 'vitest';
import { PoolClosedError } from '../../lib/pool/pool-closed-error.ts';
import type { ThreadPoolOptions } from '../../lib/pool/pool-options.ts';
import { type ThreadPool, threadPool } from '../../lib/pool/thread-pool.ts';
import { WorkerCrashedError } from '../../lib/pool/worker-crashed-error.ts';
import type { TaskContext } from '../../lib/task/task-context.ts';
import { TaskRunner } from '../../lib/thread/task-runner.ts';
import { ticketOf } from '../../lib/wire/control.ts';
import { type FromWorker, fromWorker, toWorker } from '../../lib/wire/messages.ts';
import type { tasks } from './fixtures/ahead.worker.ts';
import type { Word } from './fixtures/tasks.worker.ts';
import { errorAs, outputOf } from './support/outcome.ts';
import { openGate, sharedWord, until, workerUrl } from './support/pools.ts';

/** A pool that knows its tasks to be short, with all its threads ready. */
async function learnedPool(options: ThreadPoolOptions): Promise<ThreadPool<typeof tasks>> {
  const pool = threadPool<typeof tasks>(workerUrl('ahead'), options);
  onTestFinished(() => pool.close());
  await pool.prewarm();
  const word = sharedWord();
  for (let round = 0; round < 50; round++) {
    await Promise.all([outputOf(pool.run('hold')), outputOf(pool.run('count', word))]);
  }
  return pool;
}

/** Waits for a task to begin without letting the main side look at its events: nothing is taken back meanwhile. */
function blockUntilRaised(word: Word): void {
  while (Atomics.load(word, 0) === 0) Atomics.wait(word, 0, 0);
}

test('calls of short tasks give their outputs in the order they came', async () => {
  const pool = await learnedPool({ size: 1 });
  const counter = sharedWord();
  for (let round = 0; round < 5; round++) await outputOf(pool.run('later', counter));
  Atomics.store(counter, 0, 0);
  const outputs = Array.from({ length: 300 }, () => outputOf(pool.run('later', counter)));
  expect(await Promise.all(outputs)).toStrictEqual(Array.from({ length: 300 }, (_, index) => index));
});

test('a call that is cancelled behind another one never begins, and costs the others nothing', async () => {
  const pool = await learnedPool({ size: 1 });
  const word = sharedWord();
  const counter = sharedWord();
  const held = outputOf(pool.run('hold', word));
  const before = [1, 2].map(() => outputOf(pool.run('count', counter)));
  const cancelled = [1, 2].map(() => pool.run('count', counter).subscribe());
  const after = [1, 2].map(() => outputOf(pool.run('count', counter)));
  blockUntilRaised(word);
  for (const subscription of cancelled) subscription.unsubscribe();
  openGate(word);
  expect(await Promise.all([held, ...before, ...after])).toHaveLength(5);
  await outputOf(pool.run('hold'));
  expect(counter[0]).toBe(4);
  expect(pool.stats()).toMatchObject({ started: 1, running: 0, queued: 0 });
});

test('cancelling amid hundreds of short calls loses none of the others', async () => {
  const pool = await learnedPool({ size: 2 });
  const counter = sharedWord();
  const kept: Promise<string>[] = [];
  for (let index = 0; index < 400; index++) {
    if (index % 3 > 0) kept.push(outputOf(pool.run('count', counter)));
    else {
      const subscription = pool.run('count', counter).subscribe();
      if (index % 2 === 0) subscription.unsubscribe();
      else
        queueMicrotask(() => {
          subscription.unsubscribe();
        });
    }
  }
  expect(new Set(await Promise.all(kept))).toStrictEqual(new Set(['counted']));
  expect(pool.stats()).toMatchObject({ started: 2, queued: 0 });
});

test('no call is mistaken for an earlier one that still waits, however many between them were cancelled', async () => {
  const pool = await learnedPool({ size: 1 });
  const word = sharedWord();
  const counter = sharedWord();
  await outputOf(pool.run('tarry', word));
  blockUntilRaised(word);
  const kept: Promise<string>[] = [];
  for (let round = 0; round < 5; round++) {
    kept.push(outputOf(pool.run('count', counter)));
    for (let index = 0; index < 5; index++) pool.run('count', counter).subscribe().unsubscribe();
  }
  openGate(word);
  expect(await Promise.all(kept)).toHaveLength(5);
  expect(counter[0]).toBe(5);
});

test('a call is begun however many before it were cancelled at once', async () => {
  const pool = await learnedPool({ size: 1 });
  for (let index = 0; index < 100; index++) pool.run('hold').subscribe().unsubscribe();
  expect(await outputOf(pool.run('hold'))).toBe('held');
  expect(pool.stats()).toMatchObject({ started: 1, running: 0, queued: 0 });
});

test.for([
  ['is terminated', 2],
  ['exits by itself', 3],
] as const)('calls behind the one whose thread %s are run elsewhere, once each', async ([, way]) => {
  const pool = await learnedPool({ size: 1, gracePeriod: 0 });
  const word = sharedWord();
  const counter = sharedWord();
  const subscription = way === 2 ? pool.run('hold', word).subscribe() : undefined;
  const error = way === 3 ? errorAs(WorkerCrashedError, pool.run('hold', word)) : undefined;
  const others = [1, 2, 3, 4, 5].map(() => outputOf(pool.run('count', counter)));
  blockUntilRaised(word);
  subscription?.unsubscribe();
  if (way === 3) {
    Atomics.store(word, 0, 3);
    Atomics.notify(word, 0);
  }
  expect(await Promise.all(others)).toHaveLength(5);
  if (error !== undefined) expect(await error).toMatchObject({ taskName: 'hold', exitCode: 5 });
  expect(counter[0]).toBe(5);
  expect(pool.stats()).toMatchObject({ started: 2 });
});

test('what a task leaves behind ends its thread, and is not blamed on the call that was sent ahead', async () => {
  const pool = await learnedPool({ size: 1 });
  for (let round = 0; round < 3; round++) {
    const word = sharedWord();
    const counter = sharedWord();
    const held = outputOf(pool.run('hold', word));
    blockUntilRaised(word);
    const litter = outputOf(pool.run('litter'));
    const count = outputOf(pool.run('count', counter));
    openGate(word);
    expect(await Promise.all([held, litter, count])).toStrictEqual(['held', 'littered', 'counted']);
    expect(counter[0]).toBe(1);
  }
  expect(pool.stats()).toMatchObject({ crashed: 3, completed: 109 });
});

test('the time that a call waits behind another in its thread is no part of its timeout', async () => {
  const pool = await learnedPool({ size: 1 });
  const time = new VirtualTime();
  const word = sharedWord();
  const held = outputOf(pool.run('hold', word));
  blockUntilRaised(word);
  const count = step(
    'count',
    pool.task('count', () => sharedWord()),
    { timeout: '1s' },
  );
  const result = workflow('late', { count }).run({ scheduler: time.scheduler }).result();
  time.advanceTo(3_600_000);
  openGate(word);
  expect(await Promise.all([held, result])).toStrictEqual(['held', { count: 'counted' }]);
});

test('no call stays behind one that takes long after all while another thread is idle', async () => {
  const pool = await learnedPool({ size: 2 });
  const words = [sharedWord(), sharedWord()];
  const counter = sharedWord();
  const held = words.map((word) => outputOf(pool.run('hold', word)));
  const others = Array.from({ length: 8 }, () => outputOf(pool.run('count', counter)));
  for (const word of words) blockUntilRaised(word);
  openGate(words[1] as Word);
  expect(await Promise.all(others)).toHaveLength(8);
  expect(Atomics.load(words[0] as Word, 0)).toBe(1);
  openGate(words[0] as Word);
  expect(await Promise.all(held)).toStrictEqual(['held', 'held']);
});

test('closing fails what was sent ahead, and it never begins', async () => {
  const pool = await learnedPool({ size: 1, gracePeriod: 0 });
  const word = sharedWord();
  const counter = sharedWord();
  const errors = [pool.run('hold', word), pool.run('count', counter), pool.run('count', counter)].map(
    (call) => errorAs(PoolClosedError, call),
  );
  blockUntilRaised(word);
  await pool.close();
  expect(await Promise.all(errors)).toHaveLength(3);
  expect(counter[0]).toBe(0);
});

test('a thread begins a task when the one before is over, and none that was taken back', async () => {
  const sent: FromWorker[] = [];
  const control = new Int32Array(new SharedArrayBuffer(64));
  const ends: ((value: string) => void)[] = [];
  const task = (_: never, { attempt }: TaskContext): unknown =>
    attempt > 1 ? 'at once' : new Promise((resolve) => ends.push(resolve));
  const runner = new TaskRunner(
    { task },
    { post: (message) => void sent.push(message), receive: () => undefined },
    control,
  );
  for (let uid = 1; uid <= 4; uid++) runner.handle([toWorker.run, uid, 'task', 0, uid, undefined, false]);
  Atomics.store(control, ticketOf(2), -2);
  expect(control[ticketOf(1)]).toBe(1);
  expect(sent).toStrictEqual([]);
  ends[0]?.('first');
  await until(() => sent.length === 3);
  expect(sent.map(([kind, uid, value]) => [kind, uid, value])).toStrictEqual([
    [fromWorker.result, 1, 'first'],
    [fromWorker.result, 3, 'at once'],
    [fromWorker.result, 4, 'at once'],
  ]);
  expect([2, 3, 4].map((uid) => control[ticketOf(uid)])).toStrictEqual([0, 3, 4]);
});
