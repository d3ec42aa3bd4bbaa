import { VirtualTime } from 'millrace/testing';
import { expect, test } from 'vitest';
import { StepTimeoutError } from '../../lib/attempt/step-timeout-error.ts';
import { step } from '../../lib/definition/step.ts';
import { StepFailedError } from '../../lib/observe/failures.ts';
import type { Run } from '../../lib/run/run.ts';
import { workflow } from '../../lib/workflow.ts';
import { errorAs, outputOf } from './support/outcome.ts';
import { openGate, raised, sharedWord, taskPool } from './support/pools.ts';

const hour = 3_600_000;

/** The events of a run that a timeout would cause. */
function failuresOf(run: Run<unknown>): unknown[] {
  const failures: unknown[] = [];
  run.progress$.subscribe((event) => {
    if (event.type === 'step-failed' || event.type === 'step-retrying') failures.push(event.error);
  });
  return failures;
}

// The timeouts of a run go by its scheduler: time stands still here unless a test moves it, whatever threads do.

test('the wait for a busy thread is no part of the timeout; the run of the task itself is', async () => {
  const pool = taskPool({ size: 1 });
  const time = new VirtualTime();
  const [gate, word] = [sharedWord(), sharedWord()];
  const other = outputOf(pool.run('gate', gate));
  await raised(gate, 1);
  const waits = step(
    'waits',
    pool.task('cooperative', () => word),
    { timeout: '1s' },
  );
  const run = workflow('timeout', { waits }).run({ scheduler: time.scheduler });
  const failures = failuresOf(run);
  const error = errorAs(StepFailedError, run.result$);
  time.advanceTo(hour);
  expect(pool.stats()).toMatchObject({ running: 1, queued: 1 });
  openGate(gate);
  expect(await other).toBe(2);
  await raised(word, 1);
  time.advanceTo(hour + 999);
  expect(failures).toStrictEqual([]);
  time.advanceTo(hour + 1000);
  await raised(word, 2);
  const { attempts, cause } = await error;
  expect([attempts, cause]).toStrictEqual([1, new StepTimeoutError('waits', 1000)]);
});

test('each attempt has its whole timeout from when a thread takes it', async () => {
  const pool = taskPool({ size: 1 });
  const time = new VirtualTime();
  const words = [sharedWord(), sharedWord()] as const;
  const gate = sharedWord();
  let tries = 0;
  const twice = step(
    'twice',
    pool.task('cooperative', () => words[tries++ === 0 ? 0 : 1]),
    { timeout: '1s', retry: { attempts: 2, delay: '1m' } },
  );
  const run = workflow('timeout', { twice }).run({ scheduler: time.scheduler });
  const failures = failuresOf(run);
  const error = errorAs(StepFailedError, run.result$);
  await raised(words[0], 1);
  const other = outputOf(pool.run('gate', gate));
  time.advanceTo(1000);
  await raised(gate, 1);
  expect(failures).toStrictEqual([new StepTimeoutError('twice', 1000)]);
  time.advanceTo(hour);
  expect(pool.stats()).toMatchObject({ running: 1, queued: 1 });
  openGate(gate);
  await Promise.all([other, raised(words[1], 1)]);
  time.advanceTo(hour + 999);
  expect(failures).toHaveLength(1);
  time.advanceTo(hour + 1000);
  expect((await error).attempts).toBe(2);
});

test('the start of the first thread is no part of the timeout', async () => {
  const pool = taskPool({ size: 1 });
  const time = new VirtualTime();
  const double = step(
    'double',
    pool.task('double', () => 21),
    { timeout: 1 },
  );
  const run = workflow('timeout', { double }).run({ scheduler: time.scheduler });
  const result = run.result();
  expect(pool.stats()).toMatchObject({ starting: 1, queued: 1 });
  time.advanceTo(hour);
  expect(await result).toStrictEqual({ double: 42 });
});

test('a run that is cancelled while a step waits for a thread is over at once', async () => {
  const pool = taskPool({ size: 1 });
  const time = new VirtualTime();
  const [gate, never] = [sharedWord(), sharedWord()];
  const other = outputOf(pool.run('gate', gate));
  await raised(gate, 1);
  const waits = step(
    'waits',
    pool.task('gate', () => never),
    { timeout: '1s' },
  );
  const run = workflow('timeout', { waits }).run({ scheduler: time.scheduler });
  const result = run.result();
  run.cancel('enough');
  await expect(result).rejects.toMatchObject({ code: 'CANCELLED', reason: 'enough' });
  expect(pool.stats()).toMatchObject({ running: 1, queued: 0 });
  expect(time.planned).toBe(0);
  openGate(gate);
  await other;
  expect(Atomics.load(never, 0)).toBe(0);
});
