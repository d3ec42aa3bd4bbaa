import { type StepContext, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { concat, finalize, NEVER, of, throwError, timer } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { settlePromises } from './support/settle-promises.ts';
import { play, watch } from './support/watch.ts';

const broken = (): never => {
  throw new Error('broken');
};

describe('a clean-up', () => {
  test('runs when the run fails, in reverse order of completion, each after the one before has ended', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const undo = (name: string) => (output: unknown, outcome: string) => {
      log.push(`undo ${name} ${String(output)} ${outcome} at ${String(time.now)}`);
      return timer(10, time.scheduler);
    };
    const slow = step('slow', () => time.after(20, 'S'), { cleanup: undo('slow') });
    const quick = step('quick', () => time.after(10, 'Q'), { cleanup: undo('quick') });
    const middle = step('middle', { quick }, () => 'M', { cleanup: undo('middle') });
    const last = step('last', { slow, middle }, broken, { cleanup: undo('last') });
    const run = play(workflow('compensating', { last }), {}, time);
    expect(log).toStrictEqual([
      'undo slow S failed at 20',
      'undo middle M failed at 30',
      'undo quick Q failed at 40',
    ]);
    expect(run.the('run-failed').at).toBe(50);
  });

  test('runs when the run is cancelled, and hears so', () => {
    const log: unknown[] = [];
    const done = step('done', () => 1, { cleanup: (...args) => log.push(args) });
    const run = watch(
      workflow('cancelling', { last: step('last', { done }, () => NEVER) }),
      new VirtualTime(),
    );
    run.run.cancel();
    expect(log).toStrictEqual([[1, 'cancelled']]);
  });

  test('doesn’t run when the run completes', () => {
    const log: unknown[] = [];
    play(workflow('fine', { done: step('done', () => 1, { cleanup: () => log.push('undone') }) }));
    expect(log).toStrictEqual([]);
  });

  test.each<[string, () => unknown]>([
    ['throws', broken],
    ['rejects', () => Promise.reject(new Error('broken'))],
    ['errors', () => throwError(() => new Error('broken'))],
    [
      'returns what throws when it is looked at',
      () => ({
        get then() {
          return broken();
        },
      }),
    ],
  ])(
    'that %s is a warning, keeps none of the others from running, and never masks the first error',
    async (_, cleanup) => {
      const log: string[] = [];
      const first = step('first', () => 1, { cleanup: () => log.push('first') });
      const second = step('second', { first }, () => 1, { cleanup });
      const third = step('third', { second }, () => {
        throw new Error('the first error');
      });
      const run = watch(workflow('compensating', { third }), new VirtualTime());
      await settlePromises();
      expect(log).toStrictEqual(['first']);
      expect(run.the('warning')).toMatchObject({
        topic: 'cleanup',
        stepId: 'second',
        attempt: 1,
        error: { message: 'broken' },
      });
      expect(run.error).toMatchObject({ cause: { message: 'the first error' } });
      expect(run.story.slice(-2)).toStrictEqual(['warning second', 'run-failed']);
    },
  );

  test.each<[string, () => unknown]>([
    ['a value', () => 1],
    ['nothing', () => undefined],
    ['a Promise', () => Promise.resolve()],
    ['an Observable', () => of(1)],
    ['an empty Observable', () => of()],
    [
      'an AsyncIterable',
      async function* () {
        yield await Promise.resolve(1);
      },
    ],
  ])('may return %s', async (_, cleanup) => {
    const done = step('done', () => 1, { cleanup });
    const run = watch(
      workflow('compensating', { failing: step('failing', { done }, broken) }),
      new VirtualTime(),
    );
    await settlePromises();
    expect(run.isOver).toBe(true);
    expect(run.all('warning')).toStrictEqual([]);
  });

  test('gets the output even when nothing else needs it any more', () => {
    const log: unknown[] = [];
    const big = step('big', () => ({ big: true }), { cleanup: (output) => log.push(output) });
    const used = step('used', { big }, () => 1);
    play(workflow('kept', { failing: step('failing', { used }, broken) }));
    expect(log).toStrictEqual([{ big: true }]);
  });

  test('is that of a step with a failed run under onFailure: continue too', () => {
    const log: string[] = [];
    const good = step('good', () => 1, { cleanup: (_, outcome) => log.push(outcome) });
    play(workflow('going on', { good, failing: step('failing', broken) }), { onFailure: 'continue' });
    expect(log).toStrictEqual(['failed']);
  });

  test('twenty thousand of them need no deeper stack than one', { timeout: 30_000 }, () => {
    let undone = 0;
    const steps = Array.from({ length: 20_000 }, (_, index) =>
      step(String(index), () => index, { cleanup: () => ++undone }),
    );
    const outputs = Object.fromEntries(steps.map((each) => [each.id, each]));
    play(workflow('many', { ...outputs, failing: step('failing', broken) }));
    expect(undone).toBe(20_000);
  });
});

describe('a finaliser (ctx.defer)', () => {
  const outcomes: [string, (ctx: StepContext, time: VirtualTime) => unknown, string][] = [
    ['completes', () => 1, 'step-completed'],
    ['completes later', (_, time) => time.after(5, 1), 'step-completed'],
    ['throws', broken, 'step-failed'],
    [
      'errors later',
      (_, time) =>
        concat(
          time.after(5, 1),
          throwError(() => new Error('broken')),
        ),
      'step-failed',
    ],
    ['times out', () => NEVER, 'step-failed'],
    ['is cancelled', () => NEVER, 'step-cancelled'],
    ['is empty', () => of(), 'step-failed'],
  ];

  test.each(outcomes)('runs whatever the outcome: the step %s', (name, body, expected) => {
    const time = new VirtualTime();
    const log: string[] = [];
    const only = step(
      'only',
      (ctx) => {
        ctx.defer(() => log.push('first registered'));
        ctx.defer(() => log.push('last registered'));
        return body(ctx, time);
      },
      { timeout: 10 },
    );
    const run = watch(workflow('finalising', { only }), time);
    if (name === 'is cancelled') run.run.cancel();
    time.flush();
    expect(log).toStrictEqual(['last registered', 'first registered']);
    expect(run.of('only').at(-1)).toBe(expected);
  });

  test('is awaited before the attempt is over and gives its resources back', () => {
    const time = new VirtualTime();
    const first = step(
      'first',
      (ctx) => {
        ctx.defer(() => timer(10, time.scheduler));
        ctx.defer(() => timer(20, time.scheduler));
        return 1;
      },
      { priority: 1 },
    );
    const second = step('second', () => time.now);
    const run = play(workflow('finalising', { first, second }), { concurrency: 1 }, time);
    expect(run.result).toStrictEqual({ first: 1, second: 30 });
    expect(run.the('step-completed', 'first').durationMs).toBe(30);
  });

  test('runs after the body has been torn down', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const stream = step('stream', (ctx) => {
      ctx.defer(() => log.push('finaliser'));
      return NEVER.pipe(finalize(() => log.push('torn down')));
    });
    watch(workflow('finalising', { stream }), time).run.cancel();
    expect(log).toStrictEqual(['torn down', 'finaliser']);
  });

  test('that fails is a warning, and the others run', async () => {
    const log: string[] = [];
    const only = step('only', (ctx) => {
      ctx.defer(() => log.push('first registered'));
      ctx.defer(() => Promise.reject(new Error('rejected')));
      ctx.defer(broken);
      return 1;
    });
    const run = watch(workflow('finalising', { only }), new VirtualTime());
    await settlePromises();
    expect(log).toStrictEqual(['first registered']);
    expect(run.all('warning')).toMatchObject([
      { topic: 'finaliser', stepId: 'only', error: { message: 'broken' } },
      { topic: 'finaliser', stepId: 'only', error: { message: 'rejected' } },
    ]);
    expect(run.result).toStrictEqual({ only: 1 });
  });

  test('belongs to its attempt', () => {
    const log: string[] = [];
    const only = step(
      'only',
      (ctx) => {
        ctx.defer(() => log.push(`of attempt ${String(ctx.attempt)}`));
        log.push(`attempt ${String(ctx.attempt)}`);
        if (ctx.attempt === 1) broken();
        return 1;
      },
      { retry: 1 },
    );
    play(workflow('finalising', { only }));
    expect(log).toStrictEqual(['attempt 1', 'of attempt 1', 'attempt 2', 'of attempt 2']);
  });

  test('may register another one', () => {
    const log: string[] = [];
    const only = step('only', (ctx) => {
      ctx.defer(() => {
        log.push('outer');
        ctx.defer(() => log.push('inner'));
      });
      return 1;
    });
    play(workflow('finalising', { only }));
    expect(log).toStrictEqual(['outer', 'inner']);
  });

  test('that isn’t a function is an error at once', () => {
    const run = play(
      workflow('finalising', {
        only: step('only', (ctx) => {
          ctx.defer(undefined as never);
        }),
      }),
    );
    expect(run.error).toMatchObject({
      cause: {
        code: 'INVALID_OPTIONS',
        message: expect.stringContaining("ctx.defer of step 'only'") as unknown,
      },
    });
  });

  test('of a step that completed, but is cancelled while they run, leaves it completed; its clean-up runs', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const only = step(
      'only',
      (ctx) => {
        ctx.defer(() => timer(10, time.scheduler));
        return 'output';
      },
      { cleanup: (output) => log.push(`undo ${output}`) },
    );
    const run = watch(workflow('finalising', { only }), time);
    time.advanceTo(5);
    run.run.cancel('now');
    time.flush();
    expect(run.of('only')).toStrictEqual(['step-started', 'step-completed']);
    expect(run.error).toMatchObject({ reason: 'now' });
    expect(log).toStrictEqual(['undo output']);
  });
});
