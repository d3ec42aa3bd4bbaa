import { CancellationToken, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { NEVER } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { settlePromises } from './support/settle-promises.ts';
import { watch } from './support/watch.ts';

/** An AbortSignal that tells how many listen to it. */
function countedSignal() {
  const controller = new AbortController();
  let listeners = 0;
  const signal = Object.create(controller.signal, {
    aborted: { get: () => controller.signal.aborted },
    reason: { get: () => controller.signal.reason as unknown },
    addEventListener: {
      value: (...args: Parameters<AbortSignal['addEventListener']>) => {
        listeners++;
        controller.signal.addEventListener(...args);
      },
    },
    removeEventListener: {
      value: (...args: Parameters<AbortSignal['removeEventListener']>) => {
        listeners--;
        controller.signal.removeEventListener(...args);
      },
    },
  }) as AbortSignal;
  return {
    signal,
    abort: () => {
      controller.abort();
    },
    count: () => listeners,
  };
}

const cancelled = (): CancellationToken => {
  const token = new CancellationToken();
  token.cancel('before it started');
  return token;
};

describe('when a run is over, none of its timers is left', () => {
  const time = (): VirtualTime => new VirtualTime();
  const never = step('never', () => NEVER, { timeout: '1h' });
  const quick = step('quick', () => 1, { timeout: '1h' });
  const flaky = step(
    'flaky',
    () => {
      throw new Error('again');
    },
    { retry: { attempts: 9, delay: '30s' } },
  );

  test.each([
    ['it completed', { quick }, {}, undefined],
    ['it was cancelled', { never }, {}, 'cancel'],
    ['it was cancelled during a back-off', { flaky }, {}, 'cancel'],
    ['its token was cancelled before', { never }, { token: cancelled() }, undefined],
    ['its signal was aborted before', { never }, { signal: AbortSignal.abort() }, undefined],
  ] as const)('%s', (_, steps, options, how) => {
    const clock = time();
    const run = watch(workflow('timed', steps), clock, { timeout: '2h', ...options });
    if (how === 'cancel') run.run.cancel();
    expect(run.isOver).toBe(true);
    expect(clock.planned).toBe(0);
  });

  test('it was cancelled by a subscriber who heard that it started', () => {
    const clock = time();
    const outer = countedSignal();
    const run = workflow('timed', { never }).run({
      scheduler: clock.scheduler,
      timeout: '2h',
      signal: outer.signal,
    });
    run.progress$.subscribe(({ type }) => {
      if (type === 'run-started') run.cancel();
    });
    run.result$.subscribe({ error: () => undefined });
    expect(run.snapshot().status).toBe('cancelled');
    expect([clock.planned, outer.count()]).toStrictEqual([0, 0]);
  });
});

describe('when a run is over, it no longer listens to its signal', () => {
  test.each([
    ['it completed', () => 1, false],
    ['it was aborted', () => NEVER, true],
  ])('%s', (_, body, aborts) => {
    const outer = countedSignal();
    const run = watch(workflow('heeding', { only: step('only', (): unknown => body()) }), new VirtualTime(), {
      signal: outer.signal,
    });
    if (aborts) outer.abort();
    expect(run.isOver).toBe(true);
    expect(outer.count()).toBe(0);
  });

  test('a run that never starts never listens', () => {
    const outer = countedSignal();
    workflow('idle', { only: step('only', () => 1) }).run({ signal: outer.signal });
    expect(outer.count()).toBe(0);
  });
});

test('a timeout’s timer is gone as soon as its attempt is over', async () => {
  const clock = new VirtualTime();
  const quick = step('quick', () => Promise.resolve(1), { timeout: '1h' });
  const run = watch(workflow('timed', { never: step('never', { quick }, () => NEVER) }), clock);
  expect(clock.planned).toBe(1);
  await settlePromises();
  expect(run.of('quick')).toStrictEqual(['step-started', 'step-completed']);
  expect(clock.planned).toBe(0);
});

test('snapshots leave no timer when their last subscriber leaves, or when the run is over', () => {
  const clock = new VirtualTime();
  const run = workflow('snapshots', { never: step('never', () => NEVER) }).run({
    scheduler: clock.scheduler,
  });
  const snapshots = run.snapshot$.subscribe();
  const result = run.result$.subscribe();
  expect(clock.planned).toBe(1);
  snapshots.unsubscribe();
  expect(clock.planned).toBe(0);
  const others = run.snapshot$.subscribe();
  result.unsubscribe();
  expect([clock.planned, others.closed]).toStrictEqual([0, true]);
});
