import { type ProgressEvent, type StepContext, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { NEVER } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { unhandledErrors } from './support/unhandled-errors.ts';
import { play, storyOf, watch } from './support/watch.ts';

test('progress$ tells a run’s whole story, each event stamped', () => {
  const time = new VirtualTime();
  const first = step('first', () => time.after(10, 1));
  const second = step('second', { first }, ({ first: value }) => value + 1);
  const run = play(workflow('told', { second }), { runId: 'run 7' }, time);
  const holds = { 'light-cpu': 1 };
  expect(run.events).toStrictEqual([
    { seq: 1, at: 0, runId: 'run 7', type: 'run-started', workflow: 'told', steps: 2 },
    { seq: 2, at: 0, runId: 'run 7', type: 'step-started', stepId: 'first', attempt: 1, holds },
    { seq: 3, at: 10, runId: 'run 7', type: 'step-completed', stepId: 'first', attempt: 1, durationMs: 10 },
    {
      seq: 4,
      at: 10,
      runId: 'run 7',
      type: 'step-started',
      stepId: 'second',
      attempt: 1,
      holds,
      readyBy: 'first',
    },
    { seq: 5, at: 10, runId: 'run 7', type: 'step-completed', stepId: 'second', attempt: 1, durationMs: 0 },
    { seq: 6, at: 10, runId: 'run 7', type: 'run-completed', durationMs: 10 },
  ]);
});

test('events survive JSON but for errors', () => {
  const run = play(
    workflow('plain', {
      only: step('only', (ctx) => {
        ctx.progress({ done: 1, total: 4 }, 'a quarter');
        ctx.log('seen', { rows: 3 });
        return 1;
      }),
    }),
  );
  expect(JSON.parse(JSON.stringify(run.events))).toStrictEqual(run.events);
});

test('it is hot: who comes late hears only what follows, who leaves hears no more, and the numbers go on', () => {
  const time = new VirtualTime();
  const first = step('first', () => time.after(10, 1));
  const second = step('second', { first }, () => time.after(10, 2));
  const run = watch(workflow('hot', { second }), time);
  const late: number[] = [];
  const early: string[] = [];
  const subscription = run.run.progress$.subscribe(({ type }) => early.push(type));
  time.advanceTo(5);
  run.run.progress$.subscribe(({ seq }) => late.push(seq));
  time.advanceTo(10);
  subscription.unsubscribe();
  time.flush();
  expect(late).toStrictEqual([3, 4, 5, 6]);
  expect(early).toStrictEqual(['step-completed', 'step-started']);
});

test('after the end it completes at once, without replay', () => {
  const run = play(workflow('over', { only: step('only', () => 1) }));
  const seen: unknown[] = [];
  run.run.progress$.subscribe({ next: (event) => seen.push(event), complete: () => seen.push('complete') });
  expect(seen).toStrictEqual(['complete']);
});

test('it never errors: a failed run ends it like any other', () => {
  const run = play(
    workflow('failing', {
      only: step('only', () => {
        throw new Error('broken');
      }),
    }),
  );
  expect(run.ends).toStrictEqual(['result$', 'progress$']);
  expect(run.story).toStrictEqual(['run-started', 'step-started only', 'step-failed only', 'run-failed']);
});

test('a subscriber that throws is reported to onUnhandledError, and breaks neither the run nor the others', async () => {
  const unhandled = unhandledErrors();
  const run = workflow('robust', { only: step('only', () => 1) }).run();
  const thrown = new Error('in a subscriber');
  const seen: string[] = [];
  run.progress$.subscribe(({ type }) => {
    if (type === 'step-started') throw thrown;
  });
  run.progress$.subscribe(({ type }) => seen.push(type));
  expect(await run.result()).toStrictEqual({ only: 1 });
  await unhandled.settle();
  expect(seen).toStrictEqual(['run-started', 'step-started', 'step-completed', 'run-completed']);
  expect(unhandled.errors).toStrictEqual([thrown]);
});

test('subscribers that cause events see them all in one order', () => {
  const time = new VirtualTime();
  let context: StepContext | undefined;
  const only = step('only', (ctx) => {
    context = ctx;
    return NEVER;
  });
  const run = workflow('re-entrant', { only }).run({ scheduler: time.scheduler });
  const first: ProgressEvent[] = [];
  const second: ProgressEvent[] = [];
  run.progress$.subscribe((event) => {
    first.push(event);
    if (event.type === 'log' && event.message === 'from outside') {
      context?.log('caused by it');
      run.cancel();
    }
  });
  run.progress$.subscribe((event) => second.push(event));
  run.result$.subscribe({ error: () => undefined });
  context?.log('from outside');
  expect(storyOf(first)).toStrictEqual([
    'run-started',
    'step-started only',
    'log only',
    'log only',
    'step-cancelled only',
    'run-cancelled',
  ]);
  expect(second).toStrictEqual(first);
  expect(first.map(({ seq }) => seq)).toStrictEqual([1, 2, 3, 4, 5, 6]);
});

test('a subscriber may subscribe and unsubscribe others as it hears', () => {
  const run = workflow('changing', { only: step('only', () => 1) }).run();
  const late: string[] = [];
  const early: string[] = [];
  const join = (): void => {
    run.progress$.subscribe(({ type }) => late.push(type));
  };
  const leaving = run.progress$.subscribe(({ type }) => {
    early.push(type);
    if (type !== 'step-started') return;
    leaving.unsubscribe();
    join();
  });
  run.result$.subscribe();
  expect([early, late]).toStrictEqual([
    ['run-started', 'step-started'],
    ['step-completed', 'run-completed'],
  ]);
});

describe('ctx.progress', () => {
  const told = (...amounts: Parameters<StepContext['progress']>[]) =>
    play(
      workflow('progressing', {
        only: step('only', (ctx) => {
          for (const amount of amounts) ctx.progress(...amount);
          return 1;
        }),
      }),
    ).all('step-progress');

  test.each<[string, Parameters<StepContext['progress']>, object]>([
    ['a fraction', [0.25], { fraction: 0.25 }],
    ['so many of so many', [{ done: 1, total: 4 }], { fraction: 0.25, done: 1, total: 4 }],
    ['a message', [1, 'done'], { fraction: 1, message: 'done' }],
    ['more than all', [7], { fraction: 1 }],
    ['less than nothing', [-1], { fraction: 0 }],
    ['no number', [Number.NaN], { fraction: 0 }],
    ['nothing of nothing', [{ done: 0, total: 0 }], { fraction: 0, done: 0, total: 0 }],
    ['an undefined message', [0.5, undefined], { fraction: 0.5 }],
  ])('tells %s', (_, amount, expected) => {
    const { seq, at, runId, ...event } = told(amount)[0] ?? expect.fail('no event');
    expect([seq, at, typeof runId]).toStrictEqual([3, 0, 'string']);
    expect(event).toStrictEqual({ type: 'step-progress', stepId: 'only', attempt: 1, ...expected });
  });

  test.each([[undefined], [null], ['half'], [{}]])(
    'takes %o, which is no amount, for nothing done',
    (amount) => {
      expect(told([amount as never])).toMatchObject([{ fraction: 0 }]);
    },
  );

  test('is no longer heard when the attempt is over', () => {
    let context: StepContext | undefined;
    const first = step('first', (ctx) => {
      context = ctx;
      return 1;
    });
    const second = step('second', { first }, () => {
      context?.progress(0.5);
      context?.log('late');
      return 2;
    });
    const run = play(workflow('late', { second }));
    expect([...run.all('step-progress'), ...run.all('log')]).toStrictEqual([]);
  });
});

test('ctx.log tells a message, with data if there is any', () => {
  const only = step('only', (ctx) => {
    ctx.log('read');
    ctx.log('rows', 3);
    ctx.log('none', undefined);
  });
  const logs = play(workflow('logging', { only })).all('log');
  expect(logs.map((event) => withoutStamp(event))).toStrictEqual([
    { type: 'log', stepId: 'only', attempt: 1, message: 'read' },
    { type: 'log', stepId: 'only', attempt: 1, message: 'rows', data: 3 },
    { type: 'log', stepId: 'only', attempt: 1, message: 'none' },
  ]);
});

test('with no subscriber a run works all the same', async () => {
  const time = new VirtualTime();
  const body = (ctx: StepContext) => {
    ctx.progress(0.5);
    ctx.log('unheard');
    ctx.defer(() => {
      throw new Error('unheard');
    });
    if (ctx.attempt === 1) throw new Error('again');
    return 1;
  };
  const first = step('first', body, {
    retry: 1,
    cleanup: () => {
      throw new Error('unheard');
    },
  });
  const skipped = step(
    'skipped',
    {
      bad: step('bad', () => {
        throw new Error('broken');
      }),
    },
    () => 1,
  );
  const run = workflow('unheard', { first, skipped }).run({
    scheduler: time.scheduler,
    onFailure: 'continue',
  });
  await expect(run.result()).rejects.toMatchObject({ outputs: { first: 1 } });
});

test('a run’s name is the workflow’s and differs from run to run, unless it is given', () => {
  const flow = workflow('named', { only: step('only', () => 1) });
  const [first, second] = [flow.run(), flow.run()];
  expect(first.runId).toMatch(/^named-/);
  expect(second.runId).not.toBe(first.runId);
  expect(flow.run({ runId: 'mine' }).runId).toBe('mine');
});

function withoutStamp(event: ProgressEvent): object {
  return Object.fromEntries(Object.entries(event).filter(([name]) => !['seq', 'at', 'runId'].includes(name)));
}
