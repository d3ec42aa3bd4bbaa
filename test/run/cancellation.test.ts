import {
  CancellationToken,
  CancelledError,
  type Run,
  type RunSettingsOptions,
  type StepContext,
  step,
  workflow,
} from 'millrace';
import {
  defer,
  finalize,
  firstValueFrom,
  lastValueFrom,
  NEVER,
  type Observable,
  Subject,
  switchMap,
  take,
} from 'rxjs';
import { describe, expect, test } from 'vitest';
import { processWarnings } from '../support/process-warnings.ts';
import { settlePromises, VirtualTime } from './support/virtual-time.ts';
import { play, Watched, watch } from './support/watch.ts';

interface Route {
  readonly name: string;
  readonly options?: () => RunSettingsOptions;
  readonly cancel: (run: Watched<unknown>, options: RunSettingsOptions) => void;
  /** What `result$` errors with for those who are still there; undefined where nobody is. */
  readonly error: unknown;
  readonly end: 'run-cancelled' | 'run-failed';
}

const cancelledFor = (reason: unknown): unknown =>
  expect.objectContaining({ code: 'CANCELLED', reason }) as unknown;
const controllers = new WeakMap<AbortSignal, AbortController>();
function abortable(): AbortSignal {
  const controller = new AbortController();
  controllers.set(controller.signal, controller);
  return controller.signal;
}

const routes: Route[] = [
  {
    name: 'the last subscriber of result$ leaves',
    cancel: (run) => {
      run.subscription.unsubscribe();
    },
    error: undefined,
    end: 'run-cancelled',
  },
  {
    name: 'run.cancel(reason)',
    cancel: ({ run }) => {
      run.cancel('enough');
    },
    error: cancelledFor('enough'),
    end: 'run-cancelled',
  },
  {
    name: 'run.token.cancel(reason)',
    cancel: ({ run }) => {
      run.token.cancel('enough');
    },
    error: cancelledFor('enough'),
    end: 'run-cancelled',
  },
  {
    name: 'an outer token',
    options: () => ({ token: new CancellationToken() }),
    cancel: (_, { token }) => {
      token?.cancel('enough');
    },
    error: cancelledFor('enough'),
    end: 'run-cancelled',
  },
  {
    name: 'the parent of an outer token',
    options: () => ({ token: parent.child() }),
    cancel: () => {
      parent.cancel('enough');
      parent = new CancellationToken();
    },
    error: cancelledFor('enough'),
    end: 'run-cancelled',
  },
  {
    name: 'an AbortSignal',
    options: () => ({ signal: abortable() }),
    cancel: (_, { signal }) => {
      if (signal !== undefined) controllers.get(signal)?.abort('enough');
    },
    error: cancelledFor('enough'),
    end: 'run-cancelled',
  },
  {
    name: 'asyncDispose',
    cancel: ({ run }) => {
      void run[Symbol.asyncDispose]();
    },
    error: expect.objectContaining({ code: 'CANCELLED' }) as unknown,
    end: 'run-cancelled',
  },
  {
    name: 'the failure of another step',
    cancel: () => {
      failing.error(new Error('broken'));
      failing = new Subject<never>();
    },
    error: expect.objectContaining({ code: 'STEP_FAILED', stepId: 'other' }) as unknown,
    end: 'run-failed',
  },
  {
    name: 'the timeout of the run',
    options: () => ({ timeout: 100 }),
    cancel: ({ time }) => {
      time.advanceTo(100);
    },
    error: expect.objectContaining({ code: 'WORKFLOW_TIMEOUT', timeoutMs: 100 }) as unknown,
    end: 'run-failed',
  },
];
let failing = new Subject<never>();
let parent = new CancellationToken();

describe.each(routes)('cancelled by: $name', ({ options: makeOptions, cancel, error, end }) => {
  function start(time = new VirtualTime()) {
    const log: string[] = [];
    let context: StepContext | undefined;
    const done = step('done', () => 'done', {
      cleanup: (output, outcome) => log.push(`clean-up of ${output}: ${outcome}`),
    });
    const streaming = step('streaming', { done }, (_, ctx) => {
      context = ctx;
      ctx.defer(() => log.push('finaliser'));
      return NEVER;
    });
    const retried = step(
      'retried',
      () => {
        throw new Error('again');
      },
      { retry: { attempts: 5, delay: '1h' } },
    );
    const other = step('other', () => failing);
    const waiting = step('waiting', { streaming }, () => log.push('must not run'));
    const ready = step('ready', () => log.push('must not run'), { priority: -1 });
    const options = { concurrency: 2, ...makeOptions?.() };
    const run = new Watched(workflow('cancelling', { waiting, retried, other, ready }), time, options);
    return { log, run, context: () => context, options };
  }

  test('nothing more starts, what runs stops at once, back-offs end, clean-ups run, and it ends in order', () => {
    const { log, run, options, context } = start();
    expect(run.run.snapshot().counts).toMatchObject({
      completed: 1,
      running: 2,
      retrying: 1,
      ready: 1,
      waiting: 1,
    });
    const { signal, token } = context() as StepContext;
    cancel(run, options);
    expect(run.isOver).toBe(true);
    expect([signal.aborted, token.isCancelled]).toStrictEqual([true, true]);
    expect(log).toStrictEqual([
      'finaliser',
      `clean-up of done: ${end === 'run-failed' ? 'failed' : 'cancelled'}`,
    ]);
    const unfinished = ['waiting', 'streaming', 'ready', 'retried'];
    for (const id of unfinished) {
      expect(run.of(id).filter((type) => type === 'step-cancelled')).toHaveLength(1);
      expect(run.of(id)).not.toContain('step-failed');
    }
    expect(run.story.at(-1)).toBe(end);
    if (error === undefined) expect(run.ends).toStrictEqual(['progress$']);
    else {
      expect(run.error).toStrictEqual(error);
      expect(run.ends).toStrictEqual(['result$', 'progress$']);
    }
    expect(run.run.token.isCancelled).toBe(true);
    const told = run.events.length;
    run.time.flush();
    expect(run.events).toHaveLength(told);
  });

  test('it stays cancelled: whoever comes late gets the error, and nothing restarts', async () => {
    const { run, options } = start();
    cancel(run, options);
    const told = run.events.length;
    const late: unknown = await firstValueFrom(run.run.result$).catch((reason: unknown) => reason);
    expect(late).toStrictEqual(error ?? expect.objectContaining({ code: 'CANCELLED' }));
    expect(run.events).toHaveLength(told);
    run.run.cancel('again');
    await expect(run.run.result()).rejects.toBe(late);
  });
});

describe('cancelled before it starts', () => {
  const only = step('only', () => {
    throw new Error('must not run');
  });
  const idle = workflow('idle', { only });

  test('by run.cancel: it is over, and result$ errors with the reason', () => {
    const run = idle.run();
    const types: string[] = [];
    run.progress$.subscribe(({ type }) => types.push(type));
    run.cancel('never mind');
    expect(types).toStrictEqual(['step-cancelled', 'run-cancelled']);
    expect(run.snapshot()).toMatchObject({ status: 'cancelled', counts: { cancelled: 1 } });
    const { error, ends } = late(run);
    expect(error).toMatchObject({ code: 'CANCELLED', reason: 'never mind' });
    expect(ends).toStrictEqual(['result$']);
  });

  test('by its own token, its outer token or its signal', () => {
    const token = new CancellationToken();
    token.cancel('too late');
    expect(play(idle, { token }).error).toMatchObject({ reason: 'too late' });
    expect(play(idle, { signal: AbortSignal.abort('too late') }).error).toMatchObject({ reason: 'too late' });
    const run = idle.run();
    run.token.cancel('too late');
    expect(late(run).error).toMatchObject({ reason: 'too late' });
  });

  test('by asyncDispose', async () => {
    const run = idle.run();
    await run[Symbol.asyncDispose]();
    expect(run.snapshot().status).toBe('cancelled');
  });

  function late(run: Run<unknown>) {
    const seen: { error?: unknown; ends: string[] } = { ends: [] };
    run.result$.subscribe({
      error: (error: unknown) => {
        seen.error = error;
        seen.ends.push('result$');
      },
    });
    return seen;
  }
});

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

test('the first reason stays', () => {
  const run = watch(
    workflow('twice', { only: step('only', () => new Promise(() => undefined)) }),
    new VirtualTime(),
  );
  run.run.cancel('first');
  run.run.cancel('second');
  run.time.flush();
  expect(run.error).toMatchObject({ reason: 'first' });
  expect(run.the('run-cancelled').reason).toBe('first');
});

test('a cancel without a reason says so', () => {
  const run = watch(workflow('no reason', { only: step('only', () => NEVER) }), new VirtualTime());
  run.run.cancel();
  expect(run.error).toMatchObject({
    reason: undefined,
    message: expect.stringContaining('was cancelled') as unknown,
  });
});

test('an error that was the reason is the cause', () => {
  const reason = new Error('deploy');
  const run = watch(workflow('caused', { only: step('only', () => NEVER) }), new VirtualTime());
  run.run.cancel(reason);
  expect(run.error).toMatchObject({ reason, cause: reason });
});

test('a cancel after the end changes nothing', () => {
  const run = play(workflow('over', { only: step('only', () => 1) }));
  run.run.cancel('too late');
  expect(run.result).toStrictEqual({ only: 1 });
  expect(run.run.token.isCancelled).toBe(false);
  expect(run.run.snapshot().status).toBe('completed');
});

test('a teardown that throws is a warning, and keeps nothing else from stopping', () => {
  const time = new VirtualTime();
  const bad = step('bad', () => throwingTeardown(NEVER));
  const good = step('good', () => NEVER);
  const run = watch(workflow('teardowns', { bad, good }), time);
  run.run.cancel('enough');
  expect(run.error).toMatchObject({ reason: 'enough' });
  expect(run.the('warning')).toMatchObject({ topic: 'finaliser', stepId: 'bad' });
  expect([run.of('bad').at(-1), run.of('good').at(-1)]).toStrictEqual(['step-cancelled', 'step-cancelled']);
  expect(time.planned).toBe(0);
});

test('a teardown that throws when its stream completes doesn’t lose the output', () => {
  const time = new VirtualTime();
  const sync = step('sync', () => throwingTeardown(time.after(0, 1)));
  const late = step('late', () => throwingTeardown(time.after(10, 2)));
  const run = play(workflow('teardowns', { sync, late }), {}, time);
  expect(run.result).toStrictEqual({ sync: 1, late: 2 });
  expect(run.all('warning').map(({ topic }) => topic)).toStrictEqual(['finaliser', 'finaliser']);
});

describe('an AsyncIterable that is told to stop', () => {
  test('gets its return() called, and is over when that has settled', async () => {
    const time = new VirtualTime();
    const log: string[] = [];
    async function* body(ctx: StepContext): AsyncGenerator<number> {
      try {
        yield 1;
        await new Promise((resolve) => {
          ctx.signal.addEventListener('abort', resolve);
        });
        yield 2;
        log.push('must not get here');
      } finally {
        await Promise.resolve();
        log.push('closed');
      }
    }
    const run = watch(workflow('iterating', { body: step('body', body) }), time);
    await settlePromises();
    run.run.cancel('enough');
    expect(run.isOver).toBe(false);
    await settlePromises();
    expect(log).toStrictEqual(['closed']);
    expect(run.isOver).toBe(true);
  });

  test.each([
    ['return() rejects and next() never settles', () => Promise.reject(new Error('no return'))],
    [
      'return() throws and next() never settles',
      () => {
        throw new Error('no return');
      },
    ],
    ['there is no return()', undefined],
  ])(
    'is abandoned after the grace period where %s, and no rejection is left unhandled',
    async (_, giveBack) => {
      const time = new VirtualTime();
      const iterator = {
        next: () => new Promise<never>(() => undefined),
        ...(giveBack && { return: giveBack }),
      };
      const run = watch(
        workflow('iterating', { body: step('body', () => ({ [Symbol.asyncIterator]: () => iterator })) }),
        time,
      );
      run.run.cancel('enough');
      await settlePromises();
      time.flush();
      expect(run.error).toMatchObject({ reason: 'enough' });
      expect(run.the('warning')).toMatchObject({ topic: 'abandoned' });
    },
  );

  test('an error in its clean-up is a warning', async () => {
    const time = new VirtualTime();
    async function* body(ctx: StepContext): AsyncGenerator<number> {
      try {
        await new Promise((resolve) => {
          ctx.signal.addEventListener('abort', resolve);
        });
        yield 1;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: the point of it
        throw new Error('while closing');
      }
    }
    const run = watch(workflow('iterating', { body: step('body', body) }), time);
    await settlePromises();
    run.run.cancel('enough');
    await settlePromises();
    expect(run.isOver).toBe(true);
    expect(run.the('warning')).toMatchObject({ topic: 'finaliser', error: { message: 'while closing' } });
  });
});

test('switchMap over a workflow’s result$ cancels the run before', () => {
  const time = new VirtualTime();
  const stopped: number[] = [];
  let runs = 0;
  const only = step('only', (ctx) => {
    const number = ++runs;
    ctx.defer(() => stopped.push(number));
    return time.after(100, number);
  });
  const flow = workflow('switched', { only });
  const source = new Subject<void>();
  const results: unknown[] = [];
  source
    .pipe(switchMap(() => flow.result$({ scheduler: time.scheduler })))
    .subscribe((result) => results.push(result));
  source.next();
  time.advanceTo(50);
  source.next();
  expect(stopped).toStrictEqual([1]);
  time.flush();
  expect(results).toStrictEqual([{ only: 2 }]);
});

test('firstValueFrom, lastValueFrom and take(1) never cancel', async () => {
  const make = () => {
    const run = workflow('quick', { only: step('only', () => 1) }).run();
    const types: string[] = [];
    run.progress$.subscribe(({ type }) => types.push(type));
    return { run, types };
  };
  for (const take1 of [firstValueFrom, lastValueFrom]) {
    const { run, types } = make();
    await take1(run.result$);
    expect([types.at(-1), run.snapshot().status]).toStrictEqual(['run-completed', 'completed']);
  }
  const { run, types } = make();
  run.result$.pipe(take(1)).subscribe();
  expect([types.at(-1), run.snapshot().status]).toStrictEqual(['run-completed', 'completed']);
});

function throwingTeardown<Value>(source: Observable<Value>): Observable<Value> {
  return source.pipe(
    finalize(() => {
      throw new Error('teardown');
    }),
  );
}

test('many runs on one signal, and many uses of ctx.signal, warn of nothing', async () => {
  const warnings = processWarnings();
  const { signal } = new AbortController();
  const listening = workflow('listening', {
    many: step('many', (ctx) => {
      for (let use = 0; use < 30; use++) ctx.signal.addEventListener('abort', () => use);
      return NEVER;
    }),
  });
  const runs = Array.from({ length: 30 }, () => listening.run({ signal }));
  for (const { result$ } of runs) result$.subscribe({ error: () => undefined });
  for (const run of runs) run.cancel();
  expect(await warnings.settled()).toStrictEqual([]);
});
