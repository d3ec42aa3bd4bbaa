import {
  CancellationToken,
  OverloadedError,
  type Run,
  type RunStatus,
  sharedLimits,
  step,
  WorkflowTimeoutError,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { idleUsage, Sharing } from './support/sharing.ts';
import type { Watched } from './support/watch.ts';

const light = [{ resource: 'light-io' }] as const;
const statusOf = ({ run }: { readonly run: Run<unknown> }): RunStatus => run.snapshot().status;
const momentsOf = (run: Watched<unknown>): string[] =>
  run.events.map(({ at, type }) => `${String(at)} ${type}`);

describe('`runs` caps the runs under way', () => {
  test('the others wait from their start, and begin in turn as those are over', () => {
    const sharing = new Sharing({ runs: 2 });
    const runs = ['a', 'b', 'c', 'd', 'e'].map((id) => sharing.run(id, light));
    expect(runs.map(statusOf)).toStrictEqual(['running', 'running', 'waiting', 'waiting', 'waiting']);
    expect(sharing.shared.usage()).toStrictEqual({
      running: 2,
      waiting: 3,
      inLine: 0,
      isPaused: false,
      resources: { runs: { taken: 2, abandoned: 0, limit: 2, waiting: 3, isPaused: false } },
    });
    const snapshot = runs[2]?.run.snapshot();
    expect(snapshot).toMatchObject({ startedAt: null, endedAt: null, counts: { waiting: 1 } });
    sharing.time.flush();
    expect(runs.map((run) => run.the('run-started').at)).toStrictEqual([0, 0, 10, 10, 20]);
    expect(momentsOf(runs[4] as Watched<unknown>)).toStrictEqual([
      '0 run-waiting',
      '20 run-started',
      '20 step-started',
      '30 step-completed',
      '30 run-completed',
    ]);
    expect(runs[4]?.the('run-waiting')).toMatchObject({ seq: 1, workflow: 'e', steps: 1, waiting: 3 });
    expect(runs[4]?.the('run-completed').durationMs).toBe(10);
    expect(runs[4]?.run.metrics().totalMs).toBe(10);
    expect(sharing.shared.usage()).toMatchObject({
      ...idleUsage,
      resources: { runs: { taken: 0, waiting: 0 } },
    });
  });

  test('a run is under way until all that it told to stop has stopped', () => {
    const sharing = new Sharing({ runs: 1 });
    const { time } = sharing;
    const lingering = step('lingering', (ctx) => {
      ctx.defer(() => time.after(30, 0));
      return time.after(100, 1);
    });
    const quick = step('quick', () => time.after(10, 1));
    const first = workflow('first', { lingering, quick }).run({
      scheduler: time.scheduler,
      shared: sharing.shared,
    });
    first.result$.subscribe({ error: () => undefined });
    const next = sharing.run('next', light);
    time.at(20, () => {
      first.cancel();
    });
    time.flush();
    expect(next.the('run-started').at).toBe(50);
  });

  test('a higher priority begins first, and overtakes none too often', () => {
    const sharing = new Sharing({ runs: 1 }, { maxOvertakes: 2 });
    sharing.run('first', light);
    const started: string[] = [];
    for (const [id, priority] of [
      ['low', 0],
      ['h1', 1],
      ['h2', 1],
      ['h3', 1],
    ] as const)
      sharing.run(id, light, { priority }).run.progress$.subscribe(({ type, runId }) => {
        if (type === 'run-started') started.push(runId);
      });
    sharing.time.flush();
    expect(started).toStrictEqual(['h1', 'h2', 'low', 'h3']);
  });

  test('the result of the one before is there when the next begins', () => {
    const sharing = new Sharing({ runs: 1 });
    const order: string[] = [];
    for (const id of ['a', 'b']) {
      const run = workflow(id, { only: step('only', () => sharing.time.after(10, 1)) }).run({
        scheduler: sharing.time.scheduler,
        shared: sharing.shared,
      });
      run.progress$.subscribe(({ type }) => order.push(`${id} ${type}`));
      run.result$.subscribe(() => order.push(`${id} result`));
    }
    sharing.time.flush();
    expect(order.slice(order.indexOf('a run-completed'), order.indexOf('b run-started') + 1)).toStrictEqual([
      'a run-completed',
      'a result',
      'b run-started',
    ]);
  });

  test('who starts a run as another gives its result finds its place free', () => {
    const sharing = new Sharing({ runs: 1 }, { maxWaiting: 0 });
    const { time, shared } = sharing;
    const flow = workflow('again', { only: step('only', () => time.after(10, 1)) });
    const results: unknown[] = [];
    const again = (left: number): void => {
      flow.run({ scheduler: time.scheduler, shared }).result$.subscribe({
        next: (result) => {
          results.push(result);
          if (left > 0) again(left - 1);
        },
        error: (error: unknown) => results.push(error),
      });
    };
    again(3);
    time.flush();
    expect(results).toStrictEqual(Array.from({ length: 4 }, () => ({ only: 1 })));
  });

  test('of two shared limits both have to have room, in whatever order they are given', () => {
    const sharing = new Sharing({ runs: 2 });
    const tenant = sharedLimits({ runs: 1 });
    const both = [sharing.shared, tenant];
    const runs = ['a', 'b', 'c', 'd'].map((id, place) =>
      sharing.run(id, light, { shared: place % 2 === 0 ? both : both.toReversed() }),
    );
    const other = sharing.run('other', light);
    sharing.time.flush();
    expect(runs.map((run) => run.the('run-started').at)).toStrictEqual([0, 10, 20, 30]);
    expect(other.the('run-started').at).toBe(0);
    expect([sharing.shared.usage(), tenant.usage()]).toMatchObject([idleUsage, idleUsage]);
  });

  test('setLimits lets more begin at once', () => {
    const sharing = new Sharing({ runs: 1 });
    const runs = ['a', 'b', 'c'].map((id) => sharing.run(id, light));
    sharing.shared.setLimits({ runs: 2 });
    expect(runs.map(statusOf)).toStrictEqual(['running', 'running', 'waiting']);
  });

  test('may be a rate', () => {
    const sharing = new Sharing({ runs: { rate: { limit: 2, per: '1s' } } });
    const runs = ['a', 'b', 'c', 'd', 'e'].map((id) => sharing.run(id, light));
    sharing.time.flush();
    expect(runs.map((run) => run.the('run-started').at)).toStrictEqual([0, 0, 1000, 1000, 2000]);
    expect(sharing.time.planned).toBe(0);
  });

  test('a pause of `runs` holds back those that would begin, and nothing else', () => {
    const sharing = new Sharing({ runs: 5, db: 1 });
    sharing.queries('a', 2);
    sharing.shared.pause('runs');
    const b = sharing.queries('b', 1);
    sharing.time.advanceTo(100);
    expect(sharing.starts).toStrictEqual(['0 a s0', '10 a s1']);
    sharing.shared.resume('runs');
    expect(b.the('run-started').at).toBe(100);
  });
});

describe('a run that waits to begin', () => {
  test('leaves the line at once when it is cancelled, and nothing of it has run', () => {
    const sharing = new Sharing({ runs: 1 });
    sharing.run('a', light);
    const waiting = sharing.run('b', light);
    waiting.run.cancel('gone');
    expect(waiting.error).toMatchObject({ code: 'CANCELLED', reason: 'gone' });
    expect(waiting.story).toStrictEqual(['run-waiting', 'step-cancelled s0', 'run-cancelled']);
    expect(sharing.shared.usage()).toMatchObject({
      running: 1,
      waiting: 0,
      resources: { runs: { waiting: 0 } },
    });
    sharing.time.flush();
    expect(sharing.starts).toStrictEqual(['0 a s0']);
  });

  test.each<[string, (token: CancellationToken, controller: AbortController) => void, object]>([
    [
      'its token',
      (token) => {
        token.cancel();
      },
      { code: 'CANCELLED' },
    ],
    [
      'its signal',
      (_, controller) => {
        controller.abort();
      },
      { code: 'CANCELLED' },
    ],
  ])('hears of %s', (_, act, error) => {
    const sharing = new Sharing({ runs: 1 });
    sharing.run('a', light);
    const token = new CancellationToken();
    const controller = new AbortController();
    const waiting = sharing.run('b', light, { token, signal: controller.signal });
    act(token, controller);
    expect(waiting.error).toMatchObject(error);
    expect(waiting.isOver).toBe(true);
  });

  test('counts the wait for its timeout', () => {
    const sharing = new Sharing({ runs: 1 });
    sharing.run('a', [{ resource: 'light-io', ms: 100 }]);
    const late = sharing.run('b', light, { timeout: 50 });
    const intime = sharing.run('c', light, { timeout: 105 });
    sharing.time.flush();
    expect(late.error).toBeInstanceOf(WorkflowTimeoutError);
    expect(momentsOf(late)).toStrictEqual(['0 run-waiting', '50 step-cancelled', '50 run-failed']);
    expect(momentsOf(intime).at(-1)).toBe('105 run-failed');
    expect(sharing.time.planned).toBe(0);
  });

  test('is cancelled by its last subscriber, too', () => {
    const sharing = new Sharing({ runs: 1 });
    sharing.run('a', light);
    const waiting = sharing.run('b', light);
    waiting.subscription.unsubscribe();
    expect(statusOf(waiting)).toBe('cancelled');
    expect(sharing.shared.usage().waiting).toBe(0);
  });

  test('can be paused, and have its limits changed, before it begins', () => {
    const sharing = new Sharing({ runs: 1 });
    sharing.run('a', light);
    const waiting = sharing.run('b', [...light, ...light]);
    waiting.run.pause();
    waiting.run.setLimits({ 'light-io': 1 });
    sharing.time.at(50, () => {
      waiting.run.resume();
    });
    sharing.time.flush();
    expect(sharing.starts).toStrictEqual(['0 a s0', '50 b s0', '60 b s1']);
    expect(waiting.the('run-started').at).toBe(10);
  });

  test('fails as a whole if its step is cancelled by itself', () => {
    const sharing = new Sharing({ runs: 1 });
    sharing.run('a', light);
    const waiting = sharing.run('b', light);
    waiting.run.cancelStep('s0');
    expect(waiting.error).toMatchObject({ code: 'STEP_FAILED', cause: { code: 'STEP_CANCELLED' } });
    sharing.time.flush();
    expect(sharing.starts).toStrictEqual(['0 a s0']);
    expect(sharing.shared.usage()).toMatchObject({ ...idleUsage, resources: { runs: { taken: 0 } } });
  });

  test('that is cancelled before its start isn’t in the line at all', () => {
    const sharing = new Sharing({ runs: 1 });
    const run = workflow('w', { only: step('only', () => 1) }).run({ shared: sharing.shared });
    run.cancel();
    const errors: unknown[] = [];
    run.result$.subscribe({ error: (error: unknown) => errors.push(error) });
    expect(errors).toHaveLength(1);
    expect(sharing.shared.usage()).toMatchObject({ ...idleUsage, resources: { runs: { taken: 0 } } });
  });

  test('and is disposed of, begins never', async () => {
    const sharing = new Sharing({ runs: 1 });
    sharing.run('a', light);
    const waiting = sharing.run('b', light);
    await waiting.run[Symbol.asyncDispose]();
    expect(statusOf(waiting)).toBe('cancelled');
  });

  test('shows it in its snapshots', () => {
    const sharing = new Sharing({ runs: 1 });
    sharing.run('a', [{ resource: 'light-io', ms: 50 }]);
    const seen: RunStatus[] = [];
    const flow = workflow('b', { only: step('only', () => sharing.time.after(100, 1)) });
    const run = flow.run({ scheduler: sharing.time.scheduler, shared: sharing.shared });
    run.snapshot$.subscribe(({ status }) => seen.push(status));
    run.result$.subscribe();
    sharing.time.flush();
    expect(seen).toStrictEqual(['idle', 'waiting', 'running', 'completed']);
  });
});

describe('one more than may wait', () => {
  test('is refused before anything of it runs, with the figures and the remedy', () => {
    const sharing = new Sharing({ runs: 2, db: 5 }, { maxWaiting: 1, name: 'the server' });
    const runs = ['a', 'b', 'c', 'd'].map((id) => sharing.queries(id, 1));
    const refused = runs[3] as Watched<unknown>;
    expect(refused.error).toBeInstanceOf(OverloadedError);
    expect(refused.error).toMatchObject({
      name: 'OverloadedError',
      code: 'OVERLOADED',
      runId: 'd',
      shared: "shared limits 'the server'",
      running: 2,
      limit: 2,
      waiting: 1,
      outputs: {},
      completed: {},
      metrics: { totalMs: 0 },
    });
    expect(String(refused.error)).toBe(
      "OverloadedError: run 'd' was refused: of the shared limits 'the server', 2 runs of at most 2 are under way, and 1 waits, which is as many as may; try again later, or raise `runs` or `maxWaiting`",
    );
    expect(refused.story).toStrictEqual(['step-cancelled s0', 'run-failed']);
    expect(refused.isOver).toBe(true);
    sharing.time.flush();
    expect(sharing.starts).toStrictEqual(['0 a s0', '0 b s0', '10 c s0']);
  });

  test('at 0, nobody waits', () => {
    const sharing = new Sharing({ runs: 1 }, { maxWaiting: 0 });
    const runs = ['a', 'b'].map((id) => sharing.run(id, light));
    expect(runs.map(statusOf)).toStrictEqual(['running', 'failed']);
    sharing.time.flush();
    const late = sharing.run('c', light);
    sharing.time.flush();
    expect(late.result).toBeDefined();
  });

  test('by either of two shared limits', () => {
    const sharing = new Sharing({ runs: 5 }, { maxWaiting: 5 });
    const tenant = sharedLimits({ runs: 1 }, { maxWaiting: 1, name: 'tenant' });
    const runs = ['a', 'b', 'c'].map((id) => sharing.run(id, light, { shared: [sharing.shared, tenant] }));
    expect(runs[2]?.error).toMatchObject({
      code: 'OVERLOADED',
      shared: "shared limits 'tenant'",
      limit: 1,
      waiting: 1,
    });
    expect(sharing.shared.usage()).toMatchObject({ running: 1, waiting: 1 });
  });

  test('by default there is no end to how many may wait', () => {
    const sharing = new Sharing({ runs: 1 });
    const runs = Array.from({ length: 2000 }, (_, place) => sharing.run(String(place), light));
    expect(sharing.shared.usage().waiting).toBe(1999);
    sharing.time.flush();
    expect(runs.every(({ result }) => result !== undefined)).toBe(true);
  });
});

test('a run of a virtual time of its own may wait, too', () => {
  const sharing = new Sharing({ runs: 1 });
  sharing.run('a', light);
  const other = new VirtualTime();
  const waiting = sharing.run('b', light, { scheduler: other.scheduler });
  sharing.time.flush();
  expect(waiting.the('run-started').at).toBe(0);
});
