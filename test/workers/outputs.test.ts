import { forkJoin } from 'rxjs';
import { expect, test } from 'vitest';
import { EmptyStepError } from '../../lib/base/empty-step-error.ts';
import { errorAs, outputOf } from './support/outcome.ts';
import { taskPool } from './support/pools.ts';

const falsy = [0, -0, '', false, null, undefined, Number.NaN, 0n];

test('a task gives the value that it returns, whatever kind of value it is', async () => {
  const pool = taskPool({ size: 1 });
  const values = [...falsy, [1, [2]], 'text', new Map([['a', new Date(0)]]), { a: { b: 1 } }];
  for (const value of values) {
    expect(await outputOf(pool.run('echo', value))).toStrictEqual(value);
    expect(await outputOf(pool.run('later', value))).toStrictEqual(value);
  }
});

test('a stream gives its last value, falsy ones too', async () => {
  const pool = taskPool({ size: 1 });
  for (const value of falsy) {
    for (const task of ['stream', 'iterate', 'promisedStream'] as const) {
      expect(await outputOf(pool.run(task, [1, value]))).toStrictEqual(value);
    }
  }
  expect(await outputOf(pool.run('interop', 7) as never)).toBe(7);
});

test('a stream without a value is an EmptyStepError that names the task', async () => {
  const pool = taskPool({ size: 1 });
  const error = await errorAs(EmptyStepError, pool.run('empty'));
  expect(error).toMatchObject({ code: 'EMPTY_STEP', stepId: 'empty' });
  expect(error.message).toContain('defaultIfEmpty');
  await errorAs(EmptyStepError, pool.run('iterate', []));
});

test('a task without an input is called without one', async () => {
  expect(await outputOf(taskPool({ size: 1 }).run('now'))).toBe('now');
});

test('a call is cold: each subscription is a new one', async () => {
  const pool = taskPool({ size: 1 });
  const call = pool.run('double', 21);
  expect(pool.stats().started).toBe(0);
  expect(await outputOf(forkJoin([call, call]))).toStrictEqual([42, 42]);
});

test('200 tasks through 2 workers all come back right', async () => {
  const pool = taskPool({ size: 2 });
  const inputs = Array.from({ length: 200 }, (_, index) => index);
  const outputs = await outputOf(forkJoin(inputs.map((input) => pool.run('double', input))));
  expect(outputs).toStrictEqual(inputs.map((input) => input * 2));
  expect(pool.stats()).toMatchObject({ started: 2, crashed: 0, running: 0, queued: 0 });
});

test('progress and logs arrive with what they say, and unclonable data as a description', async () => {
  const heard: unknown[] = [];
  const output = await outputOf(
    taskPool({ size: 1 }).run('report', undefined, {
      onProgress: (...progress) => heard.push(progress),
      onLog: (...log) => heard.push(log),
    }),
  );
  expect(output).toBe('reported');
  expect(heard).toStrictEqual([
    [0.5, 'half'],
    [{ done: 1, total: 1 }, undefined],
    ['done', { taskName: 'report', stepId: undefined, attempt: 1 }],
    ['odd', 'a function'],
  ]);
});

test('what a listener of progress throws fails the call, and the pool goes on', async () => {
  const pool = taskPool({ size: 1 });
  const options = {
    onProgress: () => {
      throw new Error('listener');
    },
  };
  await expect(outputOf(pool.run('report', undefined, options))).rejects.toThrow('listener');
  expect(await outputOf(pool.run('double', 1))).toBe(2);
});
