import { expect, test, vi } from 'vitest';
import { CancelledError } from '../../lib/base/errors.ts';
import { step } from '../../lib/definition/step.ts';
import { PoolClosedError } from '../../lib/pool/pool-closed-error.ts';
import type { ThreadPool } from '../../lib/pool/thread-pool.ts';
import { UnclonableValueError } from '../../lib/pool/unclonable-value-error.ts';
import { UnknownTaskError } from '../../lib/pool/unknown-task-error.ts';
import { workflow } from '../../lib/workflow.ts';
import { tasks } from './fixtures/tasks.worker.ts';
import { errorAs, errorOf, outputOf } from './support/outcome.ts';
import { sharedWord, taskPool, until } from './support/pools.ts';
import { RecordingContext } from './support/step-context.ts';

type TaskPool = ThreadPool<typeof tasks>;
const inline = 'always' as const;
const inlinePool = (): TaskPool => taskPool({ size: 1, tasks });

test.for([
  ['a value', (pool: TaskPool) => pool.run('double', 21, { inline }), 42],
  ['a Promise', (pool: TaskPool) => pool.run('later', 'a', { inline }), 'a'],
  ['an Observable', (pool: TaskPool) => pool.run('stream', [1, 2], { inline }), 2],
  ['an AsyncIterable', (pool: TaskPool) => pool.run('iterate', [1, 2], { inline }), 2],
] as const)('an inline task gives %s without a thread', async ([, run, output]) => {
  const pool = inlinePool();
  expect(await outputOf(run(pool))).toBe(output);
  expect(pool.stats()).toMatchObject({ started: 0, inline: 0, completed: 1 });
});

test('an inline step has its progress, logs, id and attempt', async () => {
  const ctx = new RecordingContext();
  await outputOf(inlinePool().task('report', { inline })({}, ctx));
  expect(ctx.heard).toStrictEqual([
    [0.5, 'half'],
    [{ done: 1, total: 1 }, undefined],
    ['done', { taskName: 'report', stepId: 'delays', attempt: 2 }],
    ['odd', 'a function'],
  ]);
});

test('errors, clones, moves and names are as in a thread', async () => {
  const pool = inlinePool();
  const here = await errorOf(pool.run('fail', undefined, { inline }));
  const there = await errorOf(pool.run('fail'));
  expect(here).toMatchObject({ name: 'FlightError', code: 'E_FLIGHT', cause: { message: 'the reason' } });
  expect({ ...(here as object) }).toStrictEqual({ ...(there as object) });
  const given = { rows: [1] };
  const output = await outputOf(pool.run('echo', given, { inline }));
  expect(output).toStrictEqual(given);
  expect(output).not.toBe(given);
  const buffer = new ArrayBuffer(8);
  expect(await outputOf(pool.run('lengthOf', buffer, { inline, transfer: (moved) => [moved] }))).toBe(8);
  expect(buffer.byteLength).toBe(0);
  const input = await errorAs(UnclonableValueError, pool.run('echo', { a: () => 1 }, { inline }));
  expect(input.path).toBe('input.a');
  const result = await errorAs(UnclonableValueError, pool.run('unclonableOutput', undefined, { inline }));
  expect(result.path).toBe('output.rows[1].callback');
  await errorAs(UnknownTaskError, pool.run('duoble' as 'double', 1, { inline }));
});

test('an inline run is cancelled like any, and over when its work has stopped', async () => {
  const pool = inlinePool();
  const word = sharedWord();
  const wait = step(
    'wait',
    pool.task('waitForSignal', () => word, { inline }),
  );
  const run = workflow('inline', { wait }).run({ gracePeriod: '1m' });
  const result = run.result().catch((error: unknown) => error);
  await until(() => pool.stats().inline === 1);
  run.cancel('enough');
  expect(await result).toBeInstanceOf(CancelledError);
  expect(word[0]).toBe(2);
  expect(pool.stats()).toMatchObject({ inline: 0, started: 0 });
});

test('an inline task that does not stop is let go of after its grace period, with a warning', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const pool = taskPool<{ stubborn: () => Promise<never> }>({
    tasks: { stubborn: () => new Promise<never>(() => undefined) },
  });
  const ctx = new RecordingContext(1);
  const running = pool.task('stubborn', { inline })({}, ctx).subscribe();
  running.unsubscribe();
  await ctx.finalisers[0]?.();
  expect(String(warned.mock.calls[0]?.[0])).toContain("the inline task 'stubborn' hasn't stopped");
  expect(pool.stats().inline).toBe(0);
  warned.mockRestore();
});

test("'auto' sends the first call to a thread and comes back when the task is short", async () => {
  const pool = inlinePool();
  // The first calls are slow until the thread's code is warm: the mean falls with every further one.
  while ((pool.stats().tasks['double']?.meanMs ?? 1) >= 0.05)
    await outputOf(pool.run('double', 1, { inline: 'auto' }));
  const { started, tasks: times } = pool.stats();
  expect(started).toBe(1);
  let isOver = false;
  pool.run('double', 1, { inline: 'auto' }).subscribe(() => {
    isOver = true;
  });
  expect(isOver).toBe(true);
  expect(pool.stats().tasks['double']?.completed).toBe((times['double']?.completed ?? 0) + 1);
});

test('a closed pool runs nothing inline, and closing stops what does', async () => {
  const pool = inlinePool();
  const running = errorAs(PoolClosedError, pool.run('waitForSignal', sharedWord(), { inline }));
  await pool.close();
  await running;
  expect(pool.stats().inline).toBe(0);
  await errorAs(PoolClosedError, pool.run('double', 1, { inline }));
});

test('inline without the tasks, or in isolation, is refused with the remedy', () => {
  const pool = taskPool();
  for (const mode of ['auto', 'always'] as const) {
    expect(() => pool.task('double', { inline: mode })).toThrow('threadPool(url, { tasks })');
    expect(() => pool.run('double', 1, { inline: mode })).toThrow('threadPool(url, { tasks })');
  }
  expect(() => inlinePool().run('double', 1, { inline, isolate: true })).toThrow('isolated');
  expect(() => pool.run('double', 1, { inline: 'sometimes' as 'auto' })).toThrow("'never' or 'auto'");
  expect(() => taskPool({ tasks: { double: 1 } as never })).toThrow('tasks.double to be a function');
});
