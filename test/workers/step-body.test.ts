import { expect, test } from 'vitest';
import { InvalidOptionsError } from '../../lib/base/errors.ts';
import { isNotRetriable } from '../../lib/base/not-retriable.ts';
import { offloadedMark } from '../../lib/definition/offloaded-body.ts';
import { UnclonableValueError } from '../../lib/pool/unclonable-value-error.ts';
import { errorAs, errorOf, outputOf } from './support/outcome.ts';
import { raised, sharedWord, taskPool, until } from './support/pools.ts';
import { RecordingContext } from './support/step-context.ts';

test('a task is a step body that demands heavy-cpu', () => {
  expect(offloadedMark(taskPool().task('double'))).toStrictEqual({ demand: { 'heavy-cpu': 1 } });
});

test('the input is what the function makes of the inputs of the step, or these themselves', async () => {
  const pool = taskPool({ size: 1 });
  const body = pool.task('double', ({ value }: { value: number }) => value);
  expect(await outputOf(body({ value: 21 }, new RecordingContext()))).toBe(42);
  expect(await outputOf(pool.task('echo')({ a: 1 }, new RecordingContext()))).toStrictEqual({ a: 1 });
});

test('progress, logs, the step and the attempt are those of the step, and its token is not made', async () => {
  const ctx = new RecordingContext();
  await outputOf(taskPool({ size: 1 }).task('report')({}, ctx));
  expect(ctx.heard).toStrictEqual([
    [0.5, 'half'],
    [{ done: 1, total: 1 }, undefined],
    ['done', { taskName: 'report', stepId: 'delays', attempt: 2 }],
    ['odd', 'a function'],
  ]);
  expect(ctx.hasToken).toBe(false);
});

test('after an outcome nothing is left to wait for', async () => {
  const ctx = new RecordingContext();
  await outputOf(taskPool({ size: 1 }).task('double')(1, ctx));
  expect(ctx.finalisers.map((finaliser) => finaliser())).toStrictEqual([undefined]);
});

test('the finaliser of a cancelled task ends when the task was acknowledged as stopped', async () => {
  const pool = taskPool({ size: 1 });
  const [ctx, word] = [new RecordingContext(), sharedWord()];
  const running = pool.task('cooperative')(word, ctx).subscribe();
  await raised(word, 1);
  ctx.token.cancel('enough');
  running.unsubscribe();
  const stopped = ctx.finalisers[0]?.();
  expect(stopped).toBeInstanceOf(Promise);
  await stopped;
  expect(Atomics.load(word, 0)).toBe(2);
  expect(pool.stats()).toMatchObject({ running: 0, idle: 1 });
});

test('the finaliser of a task that does not stop ends when its thread is gone', async () => {
  const pool = taskPool({ size: 1, gracePeriod: '1m' });
  const [ctx, word] = [new RecordingContext(10), sharedWord()];
  const running = pool.task('endless')(word, ctx).subscribe();
  await raised(word, 1);
  running.unsubscribe();
  await ctx.finalisers[0]?.();
  expect(pool.stats()).toMatchObject({ running: 0, threads: 0 });
});

test('a task that is cancelled before it has a thread leaves nothing to wait for', () => {
  const ctx = new RecordingContext();
  const call = taskPool({ size: 1 }).task('double')(1, ctx).subscribe();
  call.unsubscribe();
  expect(ctx.finalisers.map((finaliser) => finaliser())).toStrictEqual([undefined]);
});

test('what toInput throws is the error of the step, and nothing was sent', async () => {
  const pool = taskPool();
  const body = pool.task('double', () => {
    throw new Error('no input');
  });
  await expect(outputOf(body({}, new RecordingContext()))).rejects.toThrow('no input');
  expect(pool.stats().started).toBe(0);
});

test('an attempt whose input was moved fails with an error that must not be retried', async () => {
  const pool = taskPool({ size: 1 });
  const moving = { transfer: (buffer: unknown) => [buffer as ArrayBuffer] };
  const buffer = new ArrayBuffer(8);
  const body = pool.task('throwThis', () => buffer, moving);
  await errorOf(body({}, new RecordingContext()));
  expect(buffer.byteLength).toBe(0);
  const crash = await errorOf(pool.run('exit', 1));
  expect(isNotRetriable(crash)).toBe(false);
  const error = await errorOf(pool.run('gone' as 'echo', new ArrayBuffer(8), moving));
  expect(isNotRetriable(error)).toBe(false);
  const failed = await errorOf(pool.run('fail', new ArrayBuffer(8), moving));
  expect(isNotRetriable(failed)).toBe(true);
  expect(Object.keys(failed as object)).not.toContain('notRetriable');
  const again = await errorAs(UnclonableValueError, body({}, new RecordingContext()));
  expect(again.path).toBe('input');
});

test('options that cannot be used are refused at once', () => {
  const pool = taskPool();
  expect(() => pool.task('double', { transfr: 1 } as object)).toThrow("did you mean 'transfer'?");
  expect(() => pool.task(1 as never)).toThrow(InvalidOptionsError);
  expect(() => pool.task('double', 7 as never)).toThrow('expected options to be an object');
});

test('a progress listener that throws stops the task too', async () => {
  const pool = taskPool({ size: 1 });
  const ctx = new RecordingContext();
  ctx.progress = () => {
    throw new Error('bad amount');
  };
  await expect(outputOf(pool.task('report')({}, ctx))).rejects.toThrow('bad amount');
  await until(() => pool.stats().running === 0);
});
