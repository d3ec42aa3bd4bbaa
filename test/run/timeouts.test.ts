import {
  type StepContext,
  StepFailedError,
  StepTimeoutError,
  step,
  WorkflowTimeoutError,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { NEVER, Observable } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { settlePromises } from './support/settle-promises.ts';
import { play, watch } from './support/watch.ts';

describe('the timeout of a step is pre-emptive', () => {
  test('an Observable is unsubscribed from, at that moment', () => {
    const time = new VirtualTime();
    const log: unknown[] = [];
    const body = new Observable(() => () => log.push(time.now));
    const run = play(workflow('timed', { slow: step('slow', () => body, { timeout: '1s' }) }), {}, time);
    expect(log).toStrictEqual([1000]);
    expect(run.error).toBeInstanceOf(StepFailedError);
    expect(run.error).toMatchObject({
      stepId: 'slow',
      attempts: 1,
      cause: expect.any(StepTimeoutError) as unknown,
    });
    expect((run.error as StepFailedError).cause).toMatchObject({
      stepId: 'slow',
      timeoutMs: 1000,
      code: 'STEP_TIMEOUT',
    });
    expect(run.the('step-failed').durationMs).toBe(1000);
  });

  test('a Promise’s signal is aborted, with the timeout as the reason', async () => {
    const time = new VirtualTime();
    let signal: AbortSignal | undefined;
    const slow = step(
      'slow',
      (ctx) => {
        ({ signal } = ctx);
        return new Promise((_, reject) => {
          ctx.signal.addEventListener('abort', () => {
            reject(ctx.signal.reason as Error);
          });
        });
      },
      { timeout: 50 },
    );
    const run = watch(workflow('timed', { slow }), time);
    time.advanceTo(50);
    await settlePromises();
    expect(signal?.reason).toMatchObject({ code: 'CANCELLED', reason: { code: 'STEP_TIMEOUT' } });
    expect(run.error).toMatchObject({ cause: { code: 'STEP_TIMEOUT' } });
    expect(run.run.token.isCancelled).toBe(true);
  });

  test('an AsyncIterable’s return() is called', async () => {
    const time = new VirtualTime();
    const log: string[] = [];
    async function* body(ctx: StepContext): AsyncGenerator<number> {
      try {
        await new Promise((resolve) => {
          ctx.signal.addEventListener('abort', resolve);
        });
        yield 1;
      } finally {
        log.push('closed');
      }
    }
    const run = watch(workflow('timed', { slow: step('slow', body, { timeout: 50 }) }), time);
    await settlePromises();
    time.advanceTo(50);
    await settlePromises();
    expect(log).toStrictEqual(['closed']);
    expect(run.error).toMatchObject({ cause: { code: 'STEP_TIMEOUT' } });
  });

  test('a token taken after the timeout is cancelled already', async () => {
    const time = new VirtualTime();
    let context: StepContext | undefined;
    const run = watch(
      workflow('timed', {
        slow: step(
          'slow',
          (ctx) => {
            context = ctx;
            return new Promise(() => undefined);
          },
          { timeout: 50 },
        ),
      }),
      time,
    );
    time.advanceTo(60);
    expect(context?.token).toMatchObject({ isCancelled: true, reason: { code: 'STEP_TIMEOUT' } });
    expect(context?.signal.aborted).toBe(true);
    await settlePromises();
    expect(run.isOver).toBe(false);
    time.flush();
  });
});

test('a synchronous body can’t be pre-empted: its value counts', () => {
  const time = new VirtualTime();
  const sync = step(
    'sync',
    () => {
      time.scheduler.frame += 1000;
      return 'late';
    },
    { timeout: 10 },
  );
  expect(play(workflow('timed', { sync }), {}, time).result).toStrictEqual({ sync: 'late' });
});

test('the timeout is per attempt', () => {
  const time = new VirtualTime();
  const slow = step('slow', (ctx) => time.after(ctx.attempt === 3 ? 5 : 100, ctx.attempt), {
    timeout: 10,
    retry: { attempts: 3, delay: 1000, factor: 1 },
  });
  const run = play(workflow('timed', { slow }), {}, time);
  expect(run.result).toStrictEqual({ slow: 3 });
  expect(time.now).toBe(2025);
});

test('the timeout counts from the attempt’s start: waiting for resources is free', () => {
  const time = new VirtualTime();
  const first = step('first', () => time.after(100, 1), { priority: 1 });
  const second = step('second', () => time.after(10, 2), { timeout: 10.5 });
  expect(play(workflow('timed', { first, second }), { concurrency: 1 }, time).result).toStrictEqual({
    first: 1,
    second: 2,
  });
});

test('a body that ends in time has ended: a slow finaliser doesn’t make it a failure', () => {
  const time = new VirtualTime();
  const done = step(
    'done',
    (ctx) => {
      ctx.defer(() => time.after(100, 0));
      return 'done';
    },
    { timeout: 10 },
  );
  const run = watch(workflow('timed', { done }), time);
  time.flush();
  expect(run.result).toStrictEqual({ done: 'done' });
});

test('a finaliser that never ends is given up after timeout and grace period, and the output stands', () => {
  const time = new VirtualTime();
  const done = step(
    'done',
    (ctx) => {
      ctx.defer(() => NEVER);
      return 'done';
    },
    { timeout: 10 },
  );
  const run = watch(workflow('timed', { done }), time, { gracePeriod: 50 });
  time.flush();
  expect(time.now).toBe(60);
  expect(run.the('warning').topic).toBe('abandoned');
  expect(run.result).toStrictEqual({ done: 'done' });
});

test.each([0, '0ms'] as const)('a timeout of %s leaves no time to anything that waits', (timeout) => {
  const run = play(
    workflow('timed', {
      sync: step('sync', () => 1, { timeout }),
      slow: step('slow', () => NEVER, { timeout }),
    }),
  );
  expect(run.error).toMatchObject({ stepId: 'slow' });
  expect(run.of('sync')).toContain('step-completed');
});

describe('the timeout of a run', () => {
  const never = step('never', () => NEVER);

  test('stops it, and is its error', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const done = step('done', () => 'done', { cleanup: (_, outcome) => log.push(outcome) });
    const run = play(workflow('timed', { done, never }), { timeout: '2s' }, time);
    expect(time.now).toBe(2000);
    expect(run.error).toBeInstanceOf(WorkflowTimeoutError);
    expect(run.error).toMatchObject({
      workflow: 'timed',
      timeoutMs: 2000,
      code: 'WORKFLOW_TIMEOUT',
      outputs: { done: 'done' },
      metrics: { totalMs: 2000 },
    });
    expect(run.story.slice(-2)).toStrictEqual(['step-cancelled never', 'run-failed']);
    expect(log).toStrictEqual(['failed']);
  });

  test('may be the workflow’s; the run’s own goes first', () => {
    const flow = workflow('timed', { never }, { timeout: '5s' });
    expect(play(flow).time.now).toBe(5000);
    expect(play(flow, { timeout: '1s' }).time.now).toBe(1000);
    expect(play(flow, { timeout: undefined }).time.now).toBe(5000);
  });

  test('doesn’t fire into clean-ups', () => {
    const time = new VirtualTime();
    const done = step('done', () => 1, { cleanup: () => time.after(1000, 0) });
    const failing = step('failing', { done }, () => {
      throw new Error('broken');
    });
    const run = watch(workflow('timed', { failing }), time, { timeout: 500 });
    time.flush();
    expect(run.error).toMatchObject({ code: 'STEP_FAILED' });
    expect(run.all('run-failed')).toHaveLength(1);
  });

  test('starts with the run, not with run()', () => {
    const time = new VirtualTime();
    const run = workflow('timed', { only: step('only', () => time.after(80, 1)) }).run({
      scheduler: time.scheduler,
      timeout: 100,
    });
    time.advanceTo(90);
    let result: unknown;
    run.result$.subscribe((value) => {
      result = value;
    });
    time.flush();
    expect(result).toStrictEqual({ only: 1 });
  });
});
