import type { ProgressEvent } from 'millrace';
import { toChromeTrace } from 'millrace/report';
import { expect, test } from 'vitest';
import { CancelledError } from '../../lib/base/errors.ts';
import { step } from '../../lib/definition/step.ts';
import { workflow } from '../../lib/workflow.ts';
import { outputOf } from './support/outcome.ts';
import { raised, sharedWord, taskPool, until } from './support/pools.ts';

test('a task is a step among others, with its progress', async () => {
  const pool = taskPool({ size: 2 });
  const numbers = step('numbers', () => [1, 2, 3]);
  const echo = step('echo', { numbers }, pool.task('echo'));
  const double = step(
    'double',
    { numbers },
    pool.task('double', (inputs) => inputs.numbers.length),
  );
  const report = step('report', pool.task('report'));
  const run = workflow('offloaded', { echo, double, report }).run();
  const heard: unknown[] = [];
  run.progress$.subscribe({
    next: (event) => {
      if (event.type === 'step-progress') heard.push([event.stepId, event.fraction]);
    },
    error: (error: unknown) => heard.push(error),
  });
  expect(await run.result()).toStrictEqual({ echo: { numbers: [1, 2, 3] }, double: 6, report: 'reported' });
  expect(heard).toStrictEqual([
    ['report', 0.5],
    ['report', 1],
  ]);
});

test('its events name the thread that has taken it, once for each attempt', async () => {
  const pool = taskPool({ size: 2, name: 'numbers' });
  const steps = Object.fromEntries(
    ['a', 'b', 'c'].map((id) => [
      id,
      step(
        id,
        pool.task('double', () => 1),
      ),
    ]),
  );
  const here = step('here', () => 1);
  const run = workflow('offloaded', { ...steps, here }).run();
  const events: ProgressEvent[] = [];
  run.progress$.subscribe((event) => events.push(event));
  await run.result();
  const offloaded = events.filter((event) => event.type === 'step-offloaded');
  expect(offloaded.map(({ stepId }) => stepId).toSorted()).toStrictEqual(['a', 'b', 'c']);
  for (const { thread } of offloaded) expect(thread).toMatch(/^numbers \d+$/);
  expect(new Set(offloaded.map(({ thread }) => thread)).size).toBeLessThanOrEqual(2);
  const trace = toChromeTrace({ workflow: run.workflow, limits: {}, events });
  const tracks = trace.traceEvents
    .filter(({ name }) => name === 'thread_name')
    .map(({ args }) => args?.['name']);
  expect(tracks).toEqual(expect.arrayContaining([...new Set(offloaded.map(({ thread }) => thread))]));
  // Each in a lane of its class and in the track of its thread.
  expect(trace.traceEvents.filter(({ ph, name }) => ph === 'X' && name === 'a')).toHaveLength(2);
});

test('a run that is cancelled is over when the thread has stopped', async () => {
  const pool = taskPool({ size: 1 });
  const word = sharedWord();
  const run = workflow('offloaded', {
    wait: step(
      'wait',
      pool.task('cooperative', () => word),
    ),
  }).run({
    gracePeriod: '1m',
  });
  const result = run.result().catch((error: unknown) => error);
  await raised(word, 1);
  run.cancel('enough');
  expect(await result).toBeInstanceOf(CancelledError);
  expect(Atomics.load(word, 0)).toBe(2);
  expect(pool.stats()).toMatchObject({ running: 0, idle: 1 });
});

test('an endless task is terminated by the timeout of its step, and tried again', async () => {
  const pool = taskPool({ size: 1 });
  let attempts = 0;
  const words = [sharedWord(), sharedWord()] as const;
  const endless = step(
    'endless',
    pool.task('endless', () => words[attempts++ === 0 ? 0 : 1]),
    { timeout: 150, retry: 1 },
  );
  const run = workflow('offloaded', { endless }).run({ gracePeriod: 10 });
  await expect(run.result()).rejects.toMatchObject({ attempts: 2, cause: { name: 'StepTimeoutError' } });
  await until(() => pool.stats().running === 0);
  expect(await outputOf(pool.run('double', 1))).toBe(2);
});

test('a crash is retried, unless its input was moved', async () => {
  const pool = taskPool({ size: 1 });
  let attempts = 0;
  const crash = step(
    'crash',
    pool.task('exit', () => ++attempts),
    { retry: 1 },
  );
  await expect(workflow('crash', { crash }).run().result()).rejects.toMatchObject({
    attempts: 2,
    cause: { name: 'WorkerCrashedError', exitCode: 2 },
  });
  const moved = step(
    'moved',
    pool.task('fail', () => new ArrayBuffer(8), { transfer: (buffer) => [buffer as ArrayBuffer] }),
    { retry: 3 },
  );
  await expect(workflow('moved', { moved }).run().result()).rejects.toMatchObject({
    attempts: 1,
    cause: { code: 'E_FLIGHT' },
  });
});
