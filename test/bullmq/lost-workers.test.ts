import { CancelledError, type ProgressEvent, StepFailedError, step, workflow } from 'millrace';
import { type RemoteTasksOptions, WorkerLostError } from 'millrace/bullmq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasRedis, TestRedis } from './support/redis.ts';
import { Notes, remote, until, worker, workerProcess } from './support/workers.ts';

const lease = '2s' as const;

/** A run whose only step a worker has begun, which waits until it may go on. */
async function heldRun(options: RemoteTasksOptions, retry = 0) {
  const tasks = remote(options);
  const notes = new Notes();
  const held = step(
    'held',
    tasks.task('hold', () => notes.input),
    { retry },
  );
  const run = workflow(options.queue, { held }).run();
  const events: ProgressEvent[] = [];
  run.progress$.subscribe((event) => events.push(event));
  const outcome = run.result().catch((error: unknown) => error);
  await until(() => notes.startedBy.length === 1 && tasks.stats().running === 1);
  return { tasks, notes, run, events, outcome };
}

describe.skipIf(!hasRedis)('workers that are processes of their own', { timeout: 120_000 }, () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.start();
  });
  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
  });

  test('one is killed in the middle of a task: another does it, and one result counts', async () => {
    const options = { connection: redis.url, queue: 'killed', lease };
    const workers = await Promise.all([1, 2].map(() => workerProcess({ ...options, slots: 1 })));
    const { tasks, notes, events, outcome } = await heldRun(options, 1);
    const victim = workers.find(({ pid }) => pid === notes.startedBy[0]);
    victim?.kill('SIGKILL');
    await until(() => notes.startedBy.length === 2);
    notes.letGoOn();
    const other = workers.find((each) => each !== victim);
    expect(await outcome).toStrictEqual({ held: { by: other?.pid, attempt: 2 } });
    const retrying = events.filter((event) => event.type === 'step-retrying');
    expect(retrying).toHaveLength(1);
    expect(retrying[0]?.error).toMatchObject({ code: 'WORKER_LOST', worker: victim?.id, reason: 'silent' });
    expect(events.filter(({ type }) => type === 'step-completed')).toHaveLength(1);
    expect(tasks.stats()).toMatchObject({ workers: 1, slots: 1, running: 0 });
  });

  test('without a retry the step fails with an error that names worker, task and step', async () => {
    const options = { connection: redis.url, queue: 'failed', lease };
    const only = await workerProcess({ ...options, slots: 1 });
    const { outcome } = await heldRun(options);
    only.kill('SIGKILL');
    const error = await outcome;
    expect(error).toBeInstanceOf(StepFailedError);
    const { cause } = error as StepFailedError;
    expect(cause).toBeInstanceOf(WorkerLostError);
    expect((cause as WorkerLostError).message).toBe(
      `the worker ${only.id} gave no sign of life for longer than its lease while it had the task 'hold' of step 'held'`,
    );
  });

  test('one that stood still and comes back is too late: what it came to is dropped', async () => {
    const options = { connection: redis.url, queue: 'stopped', lease };
    const workers = await Promise.all([1, 2].map(() => workerProcess({ ...options, slots: 1 })));
    const { tasks, notes, outcome } = await heldRun(options, 1);
    const victim = workers.find(({ pid }) => pid === notes.startedBy[0]);
    victim?.kill('SIGSTOP');
    await until(() => notes.startedBy.length === 2);
    notes.letGoOn();
    expect(await outcome).toMatchObject({ held: { attempt: 2 } });
    expect(tasks.stats().dropped).toBe(0);
    victim?.kill('SIGCONT');
    await until(() => tasks.stats().dropped > 0);
    // It counts again, for what comes next.
    await until(() => tasks.stats().slots === 2);
  });

  test('a cancelled run ends when the body elsewhere has seen it', async () => {
    const options = { connection: redis.url, queue: 'cancelled' };
    await worker({ ...options, slots: 1 });
    const { tasks, notes, run, outcome } = await heldRun(options);
    run.cancel('enough');
    expect(await outcome).toBeInstanceOf(CancelledError);
    expect(notes.lines.at(-1)).toMatch(/^cancelled/);
    expect(tasks.stats()).toMatchObject({ queued: 0, running: 0 });
  });

  test('one that is told to end finishes what it does', async () => {
    const options = { connection: redis.url, queue: 'drained', lease };
    const first = await workerProcess({ ...options, slots: 1 });
    const { tasks, notes, outcome } = await heldRun(options);
    first.kill('SIGTERM');
    await until(() => tasks.stats().slots === 0);
    notes.letGoOn();
    expect(await outcome).toMatchObject({ held: { by: first.pid } });
    expect(await first.exited).toBe(0);
  });

  test('one that is closed gives up what it does, which another then does', async () => {
    const options = { connection: redis.url, queue: 'closed' };
    const first = await worker({ ...options, slots: 1 });
    const { notes, outcome } = await heldRun(options, 1);
    await worker({ ...options, slots: 1 });
    await first.close();
    await until(() => notes.startedBy.length === 2);
    notes.letGoOn();
    expect(await outcome).toMatchObject({ held: { attempt: 2 } });
  });
});
