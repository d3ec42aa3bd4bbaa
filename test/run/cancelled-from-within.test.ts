import { CancelledError, type Run, type StepContext, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { defer, NEVER } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { settlePromises } from './support/settle-promises.ts';
import { play, watch } from './support/watch.ts';

describe('cancelled from within', () => {
  const cancelling: [string, (run: () => Run<unknown>, ctx: StepContext) => unknown][] = [
    [
      'a synchronous body',
      (run) => {
        run().cancel('from within');
        return 'too late';
      },
    ],
    [
      'a synchronous body that then throws',
      (run) => {
        run().cancel('from within');
        throw new Error('too late');
      },
    ],
    [
      'a synchronous body that then returns a stream',
      (run) => {
        run().cancel('from within');
        return NEVER;
      },
    ],
    [
      'a body before its first await',
      async (run) => {
        run().cancel('from within');
        await Promise.resolve();
        return 'too late';
      },
    ],
    [
      'a body after an await',
      async (run) => {
        await Promise.resolve();
        run().cancel('from within');
        return 'too late';
      },
    ],
    [
      'an async generator',
      async function* (run) {
        yield 1;
        run().cancel('from within');
        yield await Promise.resolve(2);
      },
    ],
    [
      'a finaliser',
      (run, ctx) => {
        ctx.defer(() => {
          run().cancel('from within');
        });
        return 'done';
      },
    ],
    [
      'a stream as it is subscribed to',
      (run) =>
        defer(() => {
          run().cancel('from within');
          return NEVER;
        }),
    ],
  ];

  test.each(cancelling)('%s: the run is cancelled, even in its last step', async (_, body) => {
    const time = new VirtualTime();
    const log: string[] = [];
    const itself: { run?: Run<unknown> } = {};
    const last = step('last', (ctx): unknown => body(() => itself.run as Run<unknown>, ctx));
    const after = step('after', { last }, () => log.push('must not run'));
    const run = workflow('from within', { after }).run({ scheduler: time.scheduler });
    itself.run = run;
    const error: unknown = await run.result().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'CANCELLED', reason: 'from within' });
    expect(log).toStrictEqual([]);
    expect(time.planned).toBe(0);
  });

  const types = [
    'run-started',
    'step-started',
    'step-progress',
    'log',
    'step-retrying',
    'step-completed',
    'step-cancelled',
  ] as const;

  test.each(types)('a subscriber of progress$ that hears of %s', (type) => {
    const time = new VirtualTime();
    let attempts = 0;
    const first = step(
      'first',
      (ctx) => {
        ctx.progress(0.5);
        ctx.log('here');
        if (++attempts === 1) throw new Error('once');
        return attempts;
      },
      { retry: 1 },
    );
    const second = step('second', { first }, () => NEVER);
    const run = workflow('from within', { second }).run({ scheduler: time.scheduler });
    const seen: string[] = [];
    const seqs: number[] = [];
    run.progress$.subscribe((event) => {
      seen.push(event.type);
      seqs.push(event.seq);
      if (event.type === type) run.cancel('from within');
    });
    let error: unknown;
    run.result$.subscribe({
      error: (reason: unknown) => {
        error = reason;
      },
    });
    if (type === 'step-cancelled') run.cancel('from within');
    expect(error).toMatchObject({ reason: 'from within' });
    expect(seen.filter((each) => each === 'step-cancelled')).toHaveLength(
      type === 'step-completed' || type === 'step-cancelled' ? 1 : 2,
    );
    expect(seen.at(-1)).toBe('run-cancelled');
    expect(seqs).toStrictEqual(seqs.map((_, index) => index + 1));
    expect(time.planned).toBe(0);
  });

  test('a subscriber that hears of run-completed comes too late', () => {
    const run = workflow('done', { only: step('only', () => 1) }).run();
    run.progress$.subscribe(({ type }) => {
      if (type === 'run-completed') run.cancel();
    });
    let result: unknown;
    run.result$.subscribe((value) => {
      result = value;
    });
    expect(result).toStrictEqual({ only: 1 });
  });

  test('a clean-up: the failure stays the outcome', () => {
    const time = new VirtualTime();
    const first = step('first', () => 1, {
      cleanup: () => {
        run.cancel('too late');
      },
    });
    const second = step('second', { first }, () => {
      throw new Error('broken');
    });
    const run = workflow('cleaning', { second }).run({ scheduler: time.scheduler });
    let error: unknown;
    run.result$.subscribe({
      error: (reason: unknown) => {
        error = reason;
      },
    });
    expect(error).toMatchObject({ code: 'STEP_FAILED' });
  });

  test('a subscriber of output$', () => {
    const first = step('first', () => 1);
    const second = step('second', { first }, () => NEVER);
    const run = workflow('outputs', { second }).run();
    run.output$(first).subscribe(() => {
      run.cancel('seen enough');
    });
    let error: unknown;
    run.result$.subscribe({
      error: (reason: unknown) => {
        error = reason;
      },
    });
    expect(error).toMatchObject({ reason: 'seen enough' });
    expect(run.snapshot().counts).toMatchObject({ completed: 1, cancelled: 1 });
  });
});

describe('a step that cancels itself', () => {
  test('cancels the run: it is never retried and never a failure', () => {
    let attempts = 0;
    const only = step(
      'only',
      () => {
        attempts++;
        throw new CancelledError('not today');
      },
      { retry: 3 },
    );
    const run = play(workflow('itself', { only }));
    expect(attempts).toBe(1);
    expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'not today' });
    expect(run.story).toStrictEqual([
      'run-started',
      'step-started only',
      'step-cancelled only',
      'run-cancelled',
    ]);
  });

  test('tells whoever waits for its output why', () => {
    const only = step('only', () => {
      throw new CancelledError('not today');
    });
    const run = workflow('itself', { only }).run();
    let error: unknown;
    run.output$(only).subscribe({
      error: (reason: unknown) => {
        error = reason;
      },
    });
    run.result$.subscribe({ error: () => undefined });
    expect(error).toMatchObject({ reason: 'not today' });
  });

  test('is no failure while the run drains either', async () => {
    const time = new VirtualTime();
    let cancelIt = (): void => undefined;
    const only = step(
      'only',
      () =>
        new Promise((_, reject) => {
          cancelIt = () => {
            reject(new CancelledError('nested'));
          };
        }),
    );
    const run = watch(workflow('itself', { only }), time);
    run.run.cancel('draining', { drain: true });
    cancelIt();
    await settlePromises();
    expect(run.story.slice(-2)).toStrictEqual(['step-cancelled only', 'run-cancelled']);
  });
});
