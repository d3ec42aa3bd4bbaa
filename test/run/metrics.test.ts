import { step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { NEVER } from 'rxjs';
import { expect, test } from 'vitest';
import { play, watch } from './support/watch.ts';

test('metrics() tells the run’s time, each step’s, and what decided it', () => {
  const time = new VirtualTime();
  const a = step('a', () => time.after(30, 1), { resource: 'gpu' });
  const b = step('b', () => time.after(10, 1), { resource: 'gpu', priority: 1 });
  const c = step(
    'c',
    { a, b },
    (_, ctx) => {
      if (ctx.attempt === 1) throw new Error('again');
      return time.after(20, 1);
    },
    { resource: { gpu: 0.5 }, retry: { attempts: 2, delay: 5 } },
  );
  const run = play(workflow('measured', { c }), { limits: { gpu: 1 } }, time);
  const { steps, ...whole } = run.run.metrics();
  expect([...steps]).toStrictEqual([
    {
      id: 'a',
      status: 'completed',
      attempts: 1,
      durationMs: 30,
      waitMs: 10,
      waitedFor: { kind: 'resource', resource: 'gpu' },
      busyMs: 30,
    },
    { id: 'b', status: 'completed', attempts: 1, durationMs: 10, waitMs: 0, busyMs: 10 },
    { id: 'c', status: 'completed', attempts: 2, durationMs: 25, waitMs: 0, busyMs: 20 },
  ]);
  expect(whole).toStrictEqual({
    totalMs: 65,
    parallelism: 60 / 65,
    resources: { gpu: { limit: 1, peak: 1, utilisation: (40 + 20 / 2) / 65 } },
    criticalPath: ['a', 'c'],
    criticalSteps: [
      {
        id: 'a',
        status: 'completed',
        waitMs: 10,
        waitedFor: { kind: 'resource', resource: 'gpu' },
        durationMs: 30,
      },
      { id: 'c', status: 'completed', waitMs: 0, durationMs: 25, retryMs: 5 },
    ],
  });
});

test('before the start, everything is nothing', () => {
  const run = workflow('idle', { only: step('only', () => 1) }).run();
  expect(run.metrics()).toMatchObject({
    totalMs: 0,
    parallelism: 0,
    criticalPath: [],
  });
  expect(run.metrics().steps.get('only')).toMatchObject({
    status: 'waiting',
    attempts: 0,
    durationMs: 0,
    waitMs: 0,
    busyMs: 0,
  });
  expect(run.metrics().resources['light-cpu']).toMatchObject({ peak: 0, utilisation: 0 });
});

test('in the middle, what runs counts up to now', () => {
  const time = new VirtualTime();
  const first = step('first', () => time.after(10, 1));
  const second = step('second', { first }, () => NEVER);
  const run = watch(workflow('middle', { second }), time);
  time.advanceTo(50);
  expect(run.run.metrics()).toMatchObject({
    totalMs: 50,
    parallelism: 1,
    criticalPath: ['first'],
  });
  expect([...run.run.metrics().steps]).toMatchObject([
    { durationMs: 10 },
    { status: 'running', durationMs: 40, busyMs: 40 },
  ]);
});

test('a back-off isn’t time that was busy', () => {
  const time = new VirtualTime();
  const only = step('only', (ctx) => time.after(10, ctx.attempt).pipe((source) => source), {
    timeout: 5,
    retry: { attempts: 3, delay: 100, factor: 1 },
  });
  const run = play(workflow('busy', { only }), {}, time);
  expect(run.run.metrics().steps.get('only')).toStrictEqual({
    id: 'only',
    status: 'failed',
    attempts: 3,
    durationMs: 215,
    waitMs: 0,
    busyMs: 15,
  });
});

test('the end stands still', () => {
  const time = new VirtualTime();
  const run = play(workflow('over', { only: step('only', () => time.after(10, 1)) }), {}, time);
  const before = run.run.metrics();
  time.advanceTo(1000);
  expect(run.run.metrics()).toStrictEqual(before);
});

test('a run that takes no time has no division by it', () => {
  expect(play(workflow('instant', { only: step('only', () => 1) })).run.metrics()).toMatchObject({
    totalMs: 0,
    parallelism: 0,
  });
});

test('a limit of Infinity is never utilised', () => {
  const time = new VirtualTime();
  const run = play(
    workflow('endless', { only: step('only', () => time.after(10, 1), { resource: 'gpu' }) }),
    { limits: { gpu: Infinity } },
    time,
  );
  expect(run.run.metrics().resources['gpu']).toStrictEqual({ limit: Infinity, peak: 1, utilisation: 0 });
});
