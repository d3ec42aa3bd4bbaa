import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Around,
  type AroundAttempt,
  AroundError,
  CancelledError,
  forEachStep,
  InvalidOptionsError,
  type RunOptions,
  StepFailedError,
  type StepOptions,
  step,
  subflow,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { defer, map, of, timer } from 'rxjs';
import { describe, expect, test } from 'vitest';

const span = new AsyncLocalStorage<string>();
const inSpan: Around = ({ stepId, attempt }, next) => span.run(`${stepId}#${String(attempt)}`, next);
const current = (): string => span.getStore() ?? 'none';

/** A run of one step, and what comes of it. */
async function outcomeOf(
  body: (ctx: { readonly signal: AbortSignal }) => unknown,
  around: Around,
  options: StepOptions = {},
  settings: RunOptions<never> = {},
): Promise<unknown> {
  const only = step('only', (ctx) => body(ctx), options);
  try {
    const { only: output } = await workflow('w', { only })
      .run({ around, ...settings })
      .result();
    return output;
  } catch (error) {
    return error instanceof StepFailedError ? error.cause : error;
  }
}

describe('what a hook has entered holds in the body', () => {
  async function* generated(): AsyncGenerator<string> {
    yield current();
    await Promise.resolve();
    yield current();
  }
  test.each<[what: string, body: () => unknown]>([
    ['a function', () => current()],
    [
      'an async function',
      async () => {
        await Promise.resolve();
        return current();
      },
    ],
    ['an Observable that is subscribed to later', () => defer(() => of(current()))],
    ['one that emits later', () => defer(() => timer(1).pipe(map(current)))],
    ['a Promise of one', () => Promise.resolve(defer(() => of(current())))],
    ['a generator', generated],
    [
      'an Observable of another library',
      () => ({ [Symbol.for('x')]: 0, '@@observable': () => defer(() => of(current())) }),
    ],
  ])('%s', async (_, body) => {
    expect(await outcomeOf(body, inSpan)).toBe('only#1');
  });

  test('also where the hook waits before it calls it', async () => {
    const around: Around = async (attempt, next) => {
      await Promise.resolve();
      return inSpan(attempt, next);
    };
    expect(await outcomeOf(generated, around)).toBe('only#1');
  });
});

test('it is called for each attempt, child and step of a subflow, and what it enters holds in no other', async () => {
  const calls: string[] = [];
  let tries = 0;
  const flaky = step(
    'flaky',
    async () => {
      await Promise.resolve();
      if (++tries < 2) throw new Error('not yet');
      return current();
    },
    { retry: 1 },
  );
  const after = step('after', { flaky }, ({ flaky }) => [flaky, current()]);
  const each = forEachStep(
    'each',
    { items: ['a', 'b'], after },
    (item) => Promise.resolve(`${item} ${current()}`),
    { key: (item) => item },
  );
  const sub = subflow('sub', workflow('inner', { leaf: step('leaf', () => current()) }));
  const run = workflow('w', { after, each, sub }).run({
    around: (attempt, next) => {
      calls.push(`${attempt.stepId}#${String(attempt.attempt)} in ${current()}`);
      return inSpan(attempt, next);
    },
  });
  const heard = new Set<string>();
  run.progress$.subscribe(() => heard.add(current()));
  expect(await run.result()).toStrictEqual({
    after: ['flaky#2', 'after#1'],
    each: ['a each[a]#1', 'b each[b]#1'],
    sub: { leaf: 'sub/leaf#1' },
  });
  expect(calls.sort()).toStrictEqual(
    ['after#1', 'each#1', 'each[a]#1', 'each[b]#1', 'flaky#1', 'flaky#2', 'sub#1', 'sub/leaf#1'].map(
      (id) => `${id} in none`,
    ),
  );
  expect([...heard]).toStrictEqual(['none']);
});

test('it sees the attempt, and what it returns is the output', async () => {
  let seen: AroundAttempt | undefined;
  const each = forEachStep('each', { items: [7] }, (item) => item);
  const run = workflow('w', { each }).run({
    runId: 'r1',
    around: (attempt, next) => {
      seen = attempt;
      const given = next();
      return typeof given === 'number' ? given + 1 : given;
    },
  });
  expect(await run.result()).toStrictEqual({ each: [8] });
  expect([seen?.runId, seen?.stepId, seen?.attempt, seen?.key, seen?.index]).toStrictEqual([
    'r1',
    'each[0]',
    1,
    '0',
    0,
  ]);
  expect(seen?.signal.aborted).toBe(false);
});

describe('what it does wrong is the step’s failure, and says so', () => {
  const oops = new TypeError('oops');
  test.each<[what: string, around: Around, message: string]>([
    [
      'throws',
      () => {
        throw oops;
      },
      "the hook around step 'only' threw: TypeError: oops",
    ],
    [
      'rejects',
      async (_, next) => {
        await next();
        throw oops;
      },
      "the hook around step 'only' threw: TypeError: oops",
    ],
    [
      'doesn’t call next',
      () => undefined,
      "the hook around step 'only' didn't call next(), so that the step has done nothing",
    ],
    [
      'ends without having called it',
      () => Promise.resolve(1),
      "the hook around step 'only' didn't call next(), so that the step has done nothing",
    ],
    [
      'keeps what it gives',
      (_, next) => {
        next();
      },
      "the hook around step 'only' returned nothing; it has to return what next() gives",
    ],
    [
      'keeps what it comes to',
      async (_, next) => {
        await next();
      },
      "the hook around step 'only' returned nothing; it has to return what next() gives",
    ],
    [
      'calls it twice',
      (_, next) => [next(), next()],
      "the hook around step 'only' called next() more than once",
    ],
  ])('one that %s', async (_, around, message) => {
    const error = await outcomeOf(() => Promise.resolve('done'), around);
    expect(error).toBeInstanceOf(AroundError);
    expect(error).toMatchObject({ message, stepId: 'only', code: 'AROUND_FAILED' });
  });

  test('next() after it was over starts nothing', async () => {
    let late: (() => unknown) | undefined;
    let bodies = 0;
    const error = await outcomeOf(
      () => ++bodies,
      (_, next) => {
        late = next;
        return undefined;
      },
    );
    expect(error).toBeInstanceOf(AroundError);
    expect(late).toThrow('called next() when it was over already');
    expect(bodies).toBe(0);
  });
});

test('what the body fails with passes as it is, out of any hook', async () => {
  const oops = new TypeError('oops');
  const hooks: Around[] = [
    (_, next) => next(),
    async (_, next) => await next(),
    async (_, next) => {
      try {
        return await next();
      } finally {
        await Promise.resolve();
      }
    },
  ];
  for (const around of hooks) {
    expect(
      await outcomeOf(() => {
        throw oops;
      }, around),
    ).toBe(oops);
    expect(await outcomeOf(() => Promise.reject(oops), around)).toBe(oops);
  }
});

test('of several the first is outermost; one that was taken away is called no more', async () => {
  const calls: string[] = [];
  const named =
    (name: string): Around =>
    (_, next) => {
      calls.push(name);
      return next();
    };
  const first = step('first', () => 1);
  const last = step('last', { first }, () => 2);
  const run = workflow('w', { last }).run({ around: named('option') });
  run.around(named('kept'));
  const remove = run.around(named('removed'));
  run.progress$.subscribe((event) => {
    if (event.type === 'step-completed' && event.stepId === 'first') remove();
  });
  await run.result();
  expect(calls).toStrictEqual(['option', 'kept', 'removed', 'option', 'kept']);
});

test('one that waits for ever is given up when the run is cancelled, and starts no body after that', async () => {
  const time = new VirtualTime();
  let bodies = 0;
  let go: (() => void) | undefined;
  let caught: unknown;
  const only = step('only', () => ++bodies);
  const run = workflow('w', { only }).run({
    scheduler: time.scheduler,
    around: async (_, next) => {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      try {
        return next();
      } catch (error) {
        caught = error;
        throw error;
      }
    },
  });
  const ended = run.result().catch((error: unknown) => error);
  run.cancel('enough');
  time.advanceTo(time.now + 1000);
  expect(await ended).toBeInstanceOf(CancelledError);
  go?.();
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
  expect(caught).toBeInstanceOf(CancelledError);
  expect(bodies).toBe(0);
});

test('what is no hook, or no carrier, is refused by name', async () => {
  const flow = workflow('w', { only: step('only', () => 1) });
  expect(() => flow.run({ around: 1 as never })).toThrow(InvalidOptionsError);
  expect(() => flow.run().around(1 as never)).toThrow(/the hook/);
  const error = await outcomeOf(
    () => 1,
    (attempt, next) => {
      attempt.carry({ traceparent: 1 as never });
      return next();
    },
  );
  expect(String(error)).toContain("carrier['traceparent']");
});
