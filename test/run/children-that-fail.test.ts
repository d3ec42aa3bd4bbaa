import { ChildrenFailedError, forEachStep, StepTimeoutError, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { map, NEVER, type Observable } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { broken } from './support/broken.ts';
import { startsOf, waits } from './support/fan-outs.ts';
import { expectSound } from './support/sound.ts';
import { play, watch } from './support/watch.ts';

describe('a child that fails', () => {
  const failing =
    (time: VirtualTime) =>
    (n: number): Observable<number> =>
      time.after(n, n).pipe(map((n) => (n === 10 ? broken() : n)));

  test('fails the fan-out at once, and the others are stopped', () => {
    const time = new VirtualTime();
    const run = play(
      workflow('w', { all: forEachStep('all', { items: [5, 10, 20] }, failing(time)) }),
      {},
      time,
    );
    expect(run.error).toMatchObject({
      stepId: 'all',
      chain: ['all'],
      cause: { stepId: 'all[1]', chain: ['all', 'all[1]'], cause: { message: 'broken' } },
    });
    expect(run.story.slice(-5)).toStrictEqual([
      'step-completed all[0]',
      'step-failed all[1]',
      'step-cancelled all[2]',
      'step-failed all',
      'run-failed',
    ]);
    expect(time.now).toBe(10);
    expectSound(run);
  });

  test('fails it after the others have ended, where the run goes on', () => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [5, 10, 20] }, failing(time));
    const run = play(
      workflow('w', { all, end: step('end', { all }, () => 1) }),
      { onFailure: 'continue' },
      time,
    );
    const { cause } = (run.error as Error).cause as Error;
    expect(cause).toBeInstanceOf(ChildrenFailedError);
    expect(cause).toMatchObject({ stepId: 'all', failed: 1, errors: [{ stepId: 'all[1]' }] });
    expect(run.of('all[2]').at(-1)).toBe('step-completed');
    expect(run.of('end')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('is a result, where results are settled', () => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [5, 10] }, failing(time), { settle: true });
    const run = play(workflow('w', { all }), {}, time);
    expect(run.result?.all).toMatchObject([
      { status: 'fulfilled', value: 5 },
      { status: 'rejected', reason: { code: 'STEP_FAILED', stepId: 'all[1]' } },
    ]);
    expectSound(run);
  });

  test('is tried again on its own, and holds nothing meanwhile', () => {
    const all = forEachStep(
      'all',
      { items: [0, 1] },
      (n, _, ctx) => (n === 0 && ctx.attempt < 3 ? broken() : waits(10, _, ctx)),
      {
        resource: 'gpu',
        retry: { attempts: 3, delay: 5, factor: 1, jitter: 0 },
      },
    );
    const run = play(workflow('w', { all }), { limits: { gpu: 1 } });
    expect(run.of('all[0]').filter((name) => name !== 'step-added')).toStrictEqual([
      'step-started',
      'step-retrying',
      'step-started',
      'step-retrying',
      'step-started',
      'step-completed',
    ]);
    expect(startsOf(run)['all[1]']).toBe(0);
    expectSound(run);
  });

  test('takes too long from its own start, and may then be tried again', () => {
    const all = forEachStep(
      'all',
      { items: [1, 2] },
      (n, _, ctx) => (ctx.attempt === 1 ? NEVER : waits(n, _, ctx)),
      {
        concurrency: 1,
        timeout: 10,
        retry: 1,
      },
    );
    const run = play(workflow('w', { all }));
    expect(run.result).toStrictEqual({ all: [1, 2] });
    for (const { error, stepId } of run.all('step-retrying')) {
      expect(error).toBeInstanceOf(StepTimeoutError);
      expect(error).toMatchObject({ stepId });
    }
    expectSound(run);
  });

  test('by cancelling itself cancels the run', () => {
    const time = new VirtualTime();
    const all = forEachStep(
      'all',
      { items: [1, 2] },
      (n, _, { token }) => (n === 1 ? NEVER : token.throwIfCancelled()),
      {
        settle: true,
      },
    );
    const run = watch(workflow('w', { all }), time);
    run.run.token.cancel('over');
    time.flush();
    expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'over' });
    expectSound(run);
  });

  test('doesn’t hide the clean-ups of the others, which run the last one first', () => {
    const log: string[] = [];
    const all = forEachStep(
      'all',
      { items: [5, 10, 15] },
      (ms, _, ctx) => (ms === 15 ? broken() : waits(ms, _, ctx)),
      {
        cleanup: (ms, outcome) => log.push(`undo ${String(ms)} ${outcome}`),
        settle: true,
      },
    );
    play(workflow('w', { end: step('end', { all }, broken) }));
    expect(log).toStrictEqual(['undo 10 failed', 'undo 5 failed']);
  });

  test('that ignores its end is given up and keeps what it holds, which fails those that need it', () => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [1, 2, 3] }, () => new Promise(() => undefined), {
      resource: 'gpu',
      timeout: 10,
      settle: true,
    });
    const run = play(workflow('w', { all }), { limits: { gpu: 1 }, gracePeriod: 5 }, time);
    expect(run.result?.all).toMatchObject([
      { reason: { cause: { code: 'STEP_TIMEOUT' } } },
      { reason: { cause: { code: 'RESOURCE_LIMIT' } } },
      { reason: { cause: { code: 'RESOURCE_LIMIT' } } },
    ]);
    expect(run.run.snapshot().resources).toMatchObject({ gpu: { taken: 1, limit: 1 } });
  });

  test('for want of what another holds for ever stops those that lack it too', () => {
    const time = new VirtualTime();
    const stuck = step('stuck', () => new Promise(() => undefined), { resource: 'gpu', timeout: 10 });
    const all = forEachStep('all', { items: [1, 2, 3], stuck: step('first', () => 1) }, (n) => n, {
      resource: 'gpu',
    });
    const run = play(workflow('w', { stuck, all }), { limits: { gpu: 1 }, onFailure: 'continue' }, time);
    expect(run.isOver).toBe(true);
    expect(run.error).toMatchObject({ code: 'WORKFLOW_FAILED' });
    expect(run.of('all[2]').at(-1)).toBe('step-failed');
  });
});
