import {
  ResourceLimitError,
  type Run,
  type StepContext,
  StepFailedError,
  StepTimeoutError,
  step,
  WorkflowFailedError,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { NEVER } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { settlePromises } from './support/settle-promises.ts';
import { watch } from './support/watch.ts';

/** A Promise that heeds nobody, and how to settle it. */
function stubborn() {
  let settle: { resolve(value: string): void; reject(error: Error): void } | undefined;
  const promise = new Promise<string>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return {
    promise,
    resolve: (value: string) => settle?.resolve(value),
    reject: (error: Error) => settle?.reject(error),
  };
}

const taken = (run: Run<unknown>, resource: string): number =>
  run.snapshot().resources[resource]?.taken ?? Number.NaN;

test('a body that still runs after the grace period is given up: a warning, then the outcome', () => {
  const time = new VirtualTime();
  const deaf = step('deaf', () => stubborn().promise, { timeout: 10, resource: 'heavy-io' });
  const run = watch(workflow('abandoning', { deaf }), time, { gracePeriod: 100, limits: { 'heavy-io': 1 } });
  time.advanceTo(109);
  expect(run.story).toStrictEqual(['run-started', 'step-started deaf']);
  time.advanceTo(110);
  expect(run.story.slice(2)).toStrictEqual(['warning deaf', 'step-failed deaf', 'run-failed']);
  expect(run.the('warning')).toMatchObject({ topic: 'abandoned', stepId: 'deaf', attempt: 1 });
  expect(run.error).toMatchObject({ stepId: 'deaf', cause: { name: 'StepTimeoutError' } });
  expect(run.isOver).toBe(true);
});

test('the grace period is one second by default', () => {
  const time = new VirtualTime();
  const run = watch(workflow('abandoning', { deaf: step('deaf', () => stubborn().promise) }), time);
  run.run.cancel();
  time.advanceTo(999);
  expect(run.isOver).toBe(false);
  time.advanceTo(1000);
  expect(run.isOver).toBe(true);
});

test('a body that stops within the grace period isn’t abandoned, and its late value isn’t its outcome', async () => {
  const time = new VirtualTime();
  const { promise, resolve } = stubborn();
  const run = watch(workflow('slow to stop', { slow: step('slow', () => promise, { timeout: 10 }) }), time);
  time.advanceTo(20);
  resolve('late');
  await settlePromises();
  expect(run.all('warning')).toStrictEqual([]);
  expect(run.error).toMatchObject({ cause: { code: 'STEP_TIMEOUT' } });
  time.flush();
  expect(run.all('warning')).toStrictEqual([]);
});

test('an abandoned attempt is tried again like any other, and its error says that it was', () => {
  const time = new VirtualTime();
  let attempts = 0;
  const asked: unknown[] = [];
  const deaf = step(
    'deaf',
    () => {
      attempts++;
      return stubborn().promise;
    },
    { timeout: 10, retry: { attempts: 3, when: (error) => asked.push(error) > 0 } },
  );
  const run = watch(workflow('abandoning', { deaf }), time);
  time.flush();
  expect(attempts).toBe(3);
  expect(asked).toMatchObject([{ abandoned: true }, { abandoned: true }]);
  expect(run.error).toMatchObject({ attempts: 3, cause: { abandoned: true } });
  expect(taken(run.run, 'light-cpu')).toBe(3);
});

test('its demand stays held, and the run may end without it', () => {
  const time = new VirtualTime();
  const deaf = step('deaf', () => stubborn().promise, { resource: { gpu: 2 } });
  const run = watch(workflow('abandoning', { deaf }), time, { limits: { gpu: 3 } });
  run.run.cancel('enough');
  time.flush();
  expect(run.error).toMatchObject({ reason: 'enough' });
  expect(run.of('deaf')).toStrictEqual(['step-started', 'warning', 'step-cancelled']);
  expect(taken(run.run, 'gpu')).toBe(2);
});

describe('under onFailure: continue, with the demand of an abandoned body held', () => {
  const options = { onFailure: 'continue', limits: { gpu: 2 }, gracePeriod: 10 } as const;

  test('a waiting step that can never fit any more fails with a ResourceLimitError, and the run ends', () => {
    const time = new VirtualTime();
    const deaf = step('deaf', () => stubborn().promise, { resource: 'gpu', timeout: 10, priority: 1 });
    const big = step('big', () => 'never', { resource: { gpu: 2 } });
    const after = step('after', { big }, () => 'never');
    const small = step('small', () => time.after(100, 'done'), { resource: 'gpu' });
    const run = watch(workflow('abandoning', { deaf, after, small }), time, options);
    time.flush();
    expect(run.isOver).toBe(true);
    expect(run.error).toBeInstanceOf(WorkflowFailedError);
    const { errors, outputs } = run.error as WorkflowFailedError;
    expect(
      errors.map(({ stepId, attempts, cause }) => [stepId, attempts, (cause as Error).name]),
    ).toStrictEqual([
      ['deaf', 1, StepTimeoutError.name],
      ['big', 0, ResourceLimitError.name],
    ]);
    expect(errors[1]?.cause).toMatchObject({
      stepId: 'big',
      resource: 'gpu',
      demand: 2,
      limit: 2,
      message: expect.stringContaining('abandoned') as unknown,
    });
    expect(outputs).toStrictEqual({ small: 'done' });
    expect(run.of('after')).toStrictEqual(['step-skipped']);
  });

  test('so does a step that becomes ready later', () => {
    const time = new VirtualTime();
    const deaf = step('deaf', () => stubborn().promise, { resource: 'gpu', timeout: 10 });
    const first = step('first', () => time.after(50, 1));
    const big = step('big', { first }, () => 'never', { resource: { gpu: 2 } });
    const run = watch(workflow('abandoning', { deaf, big }), time, options);
    time.flush();
    expect(run.isOver).toBe(true);
    expect(run.of('big')).toStrictEqual(['warning', 'step-failed']);
  });

  test('so does a step that comes back from a back-off, even if it is the last one', () => {
    const time = new VirtualTime();
    const flaky = step(
      'flaky',
      () => {
        throw new Error('flaky');
      },
      { resource: { gpu: 2 }, retry: { attempts: 3, delay: 100 }, priority: 1 },
    );
    const deaf = step('deaf', () => stubborn().promise, { resource: 'gpu', timeout: 10 });
    const run = watch(workflow('abandoning', { flaky, deaf }), time, options);
    time.flush();
    expect(run.of('flaky')).toStrictEqual(['step-started', 'step-retrying', 'warning', 'step-failed']);
    expect(run.the('step-failed', 'flaky').error).toMatchObject({
      attempts: 1,
      cause: { code: 'RESOURCE_LIMIT' },
    });
    expect(run.isOver).toBe(true);
  });

  test('a late end of the body gives the demand back', async () => {
    const time = new VirtualTime();
    const { promise, resolve } = stubborn();
    const deaf = step('deaf', () => promise, { resource: 'gpu', timeout: 10 });
    const long = step('long', () => time.after(1000, 'done'), { resource: 'light-io' });
    const big = step('big', { long }, () => 'fits again', { resource: { gpu: 2 } });
    const run = watch(workflow('abandoning', { deaf, big }), time, options);
    time.advanceTo(500);
    expect(taken(run.run, 'gpu')).toBe(1);
    resolve('late');
    await settlePromises();
    expect(taken(run.run, 'gpu')).toBe(0);
    time.flush();
    expect(run.error).toMatchObject({ outputs: { big: 'fits again' } });
  });

  test('a late end of the body lets a step start that was waiting for its demand', async () => {
    const time = new VirtualTime();
    const { promise, resolve } = stubborn();
    const busy = step('busy', () => time.after(2000, 0), { resource: 'gpu', priority: 2 });
    const deaf = step('deaf', () => promise, { resource: 'gpu', timeout: 10, priority: 1 });
    const waiting = step('waiting', () => 'started', { resource: 'gpu' });
    const run = watch(workflow('abandoning', { busy, deaf, waiting }), time, options);
    time.advanceTo(500);
    expect(run.of('waiting')).toStrictEqual([]);
    resolve('late');
    await settlePromises();
    expect(run.of('waiting')).toStrictEqual(['step-started', 'step-completed']);
  });
});

describe('a body that ends after the run is over', () => {
  test('changes nothing: no event, no second clean-up, the same result and metrics', async () => {
    const time = new VirtualTime();
    const { promise, resolve } = stubborn();
    let cleanUps = 0;
    const first = step('first', () => 1, { cleanup: () => cleanUps++ });
    const deaf = step('deaf', { first }, () => promise, { timeout: 10 });
    const run = watch(workflow('abandoning', { deaf }), time);
    time.flush();
    const before = {
      error: run.error,
      metrics: run.run.metrics(),
      snapshot: run.run.snapshot(),
      events: [...run.events],
    };
    time.advanceTo(5000);
    resolve('late');
    await settlePromises();
    expect(cleanUps).toBe(1);
    expect(run.events).toStrictEqual(before.events);
    expect(run.run.metrics()).toStrictEqual(before.metrics);
    await expect(run.run.result()).rejects.toBe(before.error);
    expect(run.run.snapshot()).toMatchObject({ status: 'failed', endedAt: before.snapshot.endedAt });
    expect(taken(run.run, 'light-cpu')).toBe(0);
  });

  test('changes nothing either while clean-ups still run', async () => {
    const time = new VirtualTime();
    const { promise, resolve } = stubborn();
    const log: string[] = [];
    const first = step('first', () => 1, {
      cleanup: () => {
        log.push('clean-up');
        return time.after(1000, 0);
      },
    });
    const deaf = step('deaf', { first }, () => promise, { timeout: 10 });
    const run = watch(workflow('abandoning', { deaf }), time);
    time.advanceTo(1500);
    resolve('late');
    await settlePromises();
    expect(run.isOver).toBe(false);
    time.flush();
    expect(log).toStrictEqual(['clean-up']);
    expect(run.all('run-failed')).toHaveLength(1);
  });

  test('may still fail: nobody is told, and nothing is left unhandled', async () => {
    const time = new VirtualTime();
    const { promise, reject } = stubborn();
    const run = watch(workflow('abandoning', { deaf: step('deaf', () => promise) }), time);
    run.run.cancel('enough');
    time.flush();
    reject(new Error('late'));
    await settlePromises();
    expect(run.error).toMatchObject({ reason: 'enough' });
  });
});

test('the finalisers of an abandoned body run when it ends, and only then is its demand given back', async () => {
  const time = new VirtualTime();
  const { promise, resolve } = stubborn();
  const log: string[] = [];
  let context: StepContext | undefined;
  const deaf = step(
    'deaf',
    (ctx) => {
      context = ctx;
      ctx.defer(() => log.push('early'));
      return promise;
    },
    { resource: 'gpu' },
  );
  const run = watch(workflow('abandoning', { deaf }), time, { limits: { gpu: 1 } });
  run.run.cancel();
  time.flush();
  // The body goes on, and registers another one.
  context?.defer(() => log.push('late'));
  await settlePromises();
  expect([log, taken(run.run, 'gpu')]).toStrictEqual([[], 1]);
  resolve('at last');
  await settlePromises();
  expect([log, taken(run.run, 'gpu')]).toStrictEqual([['late', 'early'], 0]);
});

test('a finaliser registered when the attempt is long over runs at once', () => {
  let context: StepContext | undefined;
  const log: string[] = [];
  const time = new VirtualTime();
  watch(
    workflow('late', {
      late: step('late', (ctx) => {
        context = ctx;
        return 1;
      }),
    }),
    time,
  );
  context?.defer(() => log.push('ran'));
  expect(log).toStrictEqual(['ran']);
});

test('an Observable is never abandoned, since it stops when it is unsubscribed from', () => {
  const time = new VirtualTime();
  const run = watch(workflow('streams', { endless: step('endless', () => NEVER, { timeout: 10 }) }), time);
  time.advanceTo(10);
  expect(run.error).toBeInstanceOf(StepFailedError);
  expect(run.all('warning')).toStrictEqual([]);
});
