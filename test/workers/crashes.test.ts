import { expect, onTestFinished, test, vi } from 'vitest';
import { WorkerCrashedError } from '../../lib/pool/worker-crashed-error.ts';
import { errorAs, outputOf } from './support/outcome.ts';
import { openGate, raised, sharedWord, taskPool, until } from './support/pools.ts';

test('a task that exits its thread fails with the exit code, and the pool goes on', async () => {
  const pool = taskPool({ size: 1 });
  const error = await errorAs(WorkerCrashedError, pool.run('exit', 7));
  expect(error).toMatchObject({ code: 'WORKER_CRASHED', taskName: 'exit', exitCode: 7, reason: 'exit' });
  expect(await outputOf(pool.run('double', 1))).toBe(2);
  expect(pool.stats()).toMatchObject({ started: 2, crashed: 1, threads: 1 });
});

test.for([
  ['throwOutside', 'outside'],
  ['rejectOutside', 'nobody caught this'],
] as const)(
  '%s, an error that nobody caught, fails the task with it as the cause',
  async ([task, message]) => {
    const pool = taskPool({ size: 1 });
    const error = await errorAs(WorkerCrashedError, pool.run(task));
    expect(error).toMatchObject({ taskName: task, reason: 'uncaught-error', cause: { message } });
    expect(error.message).toContain(message);
    expect(await outputOf(pool.run('double', 1))).toBe(2);
  },
);

test('a thread that runs out of memory fails its task only', async () => {
  const pool = taskPool({ size: 1, resourceLimits: { maxOldGenerationSizeMb: 16 } });
  const error = await errorAs(WorkerCrashedError, pool.run('outOfMemory'));
  expect(error.reason).toBe('out-of-memory');
  expect(await outputOf(pool.run('double', 1))).toBe(2);
});

function nested(depth: number): unknown {
  let value: unknown = 'leaf';
  for (let level = 0; level < depth; level++) value = { value };
  return value;
}

test.for([
  [
    'is too large for',
    // With less, Node 22 can't even start a thread.
    { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 1 },
    () => Array.from({ length: 1e6 }, (_, index) => ({ index })),
    'out-of-memory',
  ],
  ['is too deep for', { stackSizeMb: 0.3 }, () => nested(3000), 'uncaught-error'],
] as const)(
  'an input that %s a thread fails its call, and those that wait go on',
  async ([, resourceLimits, make, reason]) => {
    // A thread that dies before its first task isn't taken for one that doesn't start.
    const pool = taskPool({ size: 1, resourceLimits, maxRestarts: 0 });
    const gate = sharedWord();
    const first = outputOf(pool.run('gate', gate));
    await raised(gate, 1);
    const input = make();
    const errors = [1, 2].map(() => errorAs(WorkerCrashedError, pool.run('echo', input)));
    const others = [1, 2, 3].map((value) => outputOf(pool.run('double', value)));
    openGate(gate);
    for (const error of await Promise.all(errors)) expect(error).toMatchObject({ taskName: 'echo', reason });
    expect(await Promise.all([first, ...others])).toStrictEqual([2, 2, 4, 6]);
    expect(pool.stats()).toMatchObject({ started: 3, crashed: 2 });
  },
);

test('crashes and kills amid many tasks cost those tasks only', async () => {
  const pool = taskPool({ size: 2 });
  const outcomes = Array.from({ length: 120 }, (_, index) => {
    if (index % 40 === 20) return outputOf(pool.run('exit', 1)).then(String, () => 'crashed');
    return outputOf(pool.run('double', index)).then(
      (value) => (value === index * 2 ? 'right' : 'wrong'),
      String,
    );
  });
  const word = sharedWord();
  const endless = pool.run('endless', word, { gracePeriod: 0 }).subscribe();
  await raised(word, 1);
  endless.unsubscribe();
  const all = await Promise.all(outcomes);
  expect(all.filter((outcome) => outcome === 'crashed')).toHaveLength(3);
  expect(all.filter((outcome) => outcome === 'right')).toHaveLength(117);
});

test('a thread that dies while it is idle is a warning of the process, and replaced when needed', async () => {
  const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  onTestFinished(() => {
    warning.mockRestore();
  });
  const pool = taskPool({ size: 1 });
  const word = sharedWord();
  expect(await outputOf(pool.run('dieAfter', word))).toBe('doomed');
  Atomics.store(word, 0, 1);
  await until(() => pool.stats().threads === 0);
  expect(warning.mock.calls[0]?.[0]).toMatchObject({
    name: 'WorkerCrashedError',
    exitCode: 3,
    taskName: undefined,
  });
  expect(await outputOf(pool.run('double', 1))).toBe(2);
});

test('a call that was sent to a dying thread before it began is given to another', async () => {
  const warning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  onTestFinished(() => {
    warning.mockRestore();
  });
  const pool = taskPool({ size: 1 });
  for (let round = 0; round < 5; round++) {
    const word = sharedWord();
    await outputOf(pool.run('dieAfter', word));
    Atomics.store(word, 0, 1);
    // The main side doesn't look at its events meanwhile, so it takes the dead thread for an idle one.
    Atomics.wait(sharedWord(), 0, 0, 20);
    expect(await outputOf(pool.run('double', round))).toBe(round * 2);
  }
});
