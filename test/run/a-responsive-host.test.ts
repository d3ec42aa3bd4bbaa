// Real time throughout: the point is what the host gets to do, which virtual time can't tell.
import { forEachStep, type ProgressEvent, type Step, step, workflow } from 'millrace';
import { describe, expect, onTestFinished, test } from 'vitest';

/** Keeps the event loop for a while, as a step that computes does. */
function compute(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** The same, until this process has worked for so long: on a busy machine that is later. */
function work(ms: number): void {
  const { user, system } = process.cpuUsage();
  const end = user + system + ms * 1_000;
  compute(ms);
  for (let used = 0; used < end; ) {
    const usage = process.cpuUsage();
    used = usage.user + usage.system;
  }
}

/** What the host says of the CPU: `share` of the time, if anything. */
function cpuClocks(clocks: { readonly threadCpuUsage?: number | 'fails'; readonly cpuUsage?: number }): {
  reads: number;
} {
  const counted = { reads: 0 };
  for (const source of ['threadCpuUsage', 'cpuUsage'] as const) {
    const share = clocks[source];
    const own = Object.getOwnPropertyDescriptor(process, source);
    const value =
      share === undefined
        ? undefined
        : () => {
            counted.reads++;
            if (share === 'fails') throw new Error('not on this system');
            return { user: share * performance.now() * 1_000, system: 0 };
          };
    Object.defineProperty(process, source, { value, configurable: true, writable: true });
    onTestFinished(() => {
      if (own === undefined) Reflect.deleteProperty(process, source);
      else Object.defineProperty(process, source, own);
    });
  }
  return counted;
}

describe('a step that blocks the event loop for longer than 50 ms', () => {
  async function warningsOf(body: () => unknown): Promise<ProgressEvent[]> {
    const run = workflow('blocking', { heavy: step('heavy', body) }).run();
    const warnings: ProgressEvent[] = [];
    run.progress$.subscribe((event) => {
      if (event.type === 'warning') warnings.push(event);
    });
    await run.result().catch(() => undefined);
    return warnings;
  }

  test.each<[string, () => unknown]>([
    [
      'that returns',
      () => {
        work(70);
      },
    ],
    [
      'that throws',
      () => {
        work(70);
        throw new Error('after all');
      },
    ],
    [
      'that returns a Promise',
      async () => {
        work(70);
        await Promise.resolve();
      },
    ],
  ])('%s is a warning with its name, how long it took and what to do', async (_, body) => {
    const [warning, ...others] = await warningsOf(body);
    expect(others).toStrictEqual([]);
    expect(warning).toMatchObject({
      topic: 'blocked',
      stepId: 'heavy',
      attempt: 1,
      message: expect.stringMatching(/'heavy' blocked the event loop for \d+ ms.*offload/) as unknown,
    });
    expect((warning as { durationMs: number }).durationMs).toBeGreaterThan(50);
  });

  const standing = () => {
    compute(60);
  };

  test.each([
    ['this thread', { threadCpuUsage: 0.05, cpuUsage: 1 }],
    ['this process', { cpuUsage: 0.05 }],
    ['this process, since threads can’t be told apart', { threadCpuUsage: 'fails', cpuUsage: 0.05 }],
  ] as const)('isn’t one where %s stood still meanwhile', async (_, clocks) => {
    cpuClocks(clocks);
    expect(await warningsOf(standing)).toStrictEqual([]);
  });

  test('is told of as long as the thread worked', async () => {
    cpuClocks({ threadCpuUsage: 0.8 });
    const [warning] = await warningsOf(() => {
      compute(100);
    });
    const { durationMs, message } = warning as { durationMs: number; message: string };
    expect(durationMs).toBeGreaterThan(50);
    expect(message).not.toContain('unless');
  });

  test.each([
    ['other threads of the process too', { cpuUsage: 1 }],
    ['nobody', {}],
  ] as const)('is in doubt where the host tells of %s', async (_, clocks) => {
    cpuClocks(clocks);
    const [warning, ...others] = await warningsOf(standing);
    expect(others).toStrictEqual([]);
    expect(warning).toMatchObject({
      stepId: 'heavy',
      message: expect.stringContaining('unless the machine had other things to do') as unknown,
    });
  });

  test('isn’t one that others have blocked: who is told of its start, and where items come from', async () => {
    const each = forEachStep(
      'each',
      {
        items: function* items() {
          for (const item of [1, 2, 3]) {
            work(60);
            yield item;
          }
        },
      },
      (item) => item,
    );
    const run = workflow('innocent', { each, light: step('light', { each }, () => 1) }).run();
    const blamed: string[] = [];
    run.progress$.subscribe((event) => {
      if (event.type === 'step-started' || event.type === 'step-completed') work(60);
      if (event.type === 'warning') blamed.push(event.stepId);
    });
    await run.result();
    // A fan-out's own first items are pulled by its own call.
    expect(blamed.filter((id) => id !== 'each')).toStrictEqual([]);
  });

  test('costs no look at the CPU where nobody listens, and one a millisecond else', async () => {
    const steps = Array.from({ length: 2_000 }, (_, index) => step(String(index), () => index));
    const many = workflow('many', Object.fromEntries(steps.map((each) => [each.id, each])));
    const counted = cpuClocks({ threadCpuUsage: 1 });
    await many.run().result();
    expect(counted.reads).toBe(0);
    const began = performance.now();
    const run = many.run();
    run.progress$.subscribe();
    await run.result();
    expect(counted.reads).toBeGreaterThan(0);
    expect(counted.reads).toBeLessThanOrEqual(performance.now() - began + 1);
  });

  test('one that waits isn’t', async () => {
    expect(
      await warningsOf(
        () =>
          new Promise((resolve) => {
            // In real time, as only the host's own is watched for what blocks.
            setTimeout(resolve, 60);
          }),
      ),
    ).toStrictEqual([]);
  });
});

test('timers fire while synchronous steps run, and a cancel gets through', async () => {
  let last: Step<number> = step('first', () => 0);
  for (let index = 0; index < 400; index++) {
    last = step(`step ${String(index)}`, { last }, (inputs) => {
      compute(0.5);
      return inputs.last + 1;
    });
  }
  let fired = 0;
  const run = workflow('busy', { last }).run();
  const timer = setInterval(() => {
    if (++fired === 5) run.cancel('the timer said so');
  }, 1);
  const error: unknown = await run.result().catch((reason: unknown) => reason);
  clearInterval(timer);
  expect(error).toMatchObject({ code: 'CANCELLED', reason: 'the timer said so' });
  expect(run.snapshot().counts.completed).toBeLessThan(400);
});

test('a run that is cancelled between two slices is over at once', async () => {
  const steps = Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => {
      const id = `step ${String(index)}`;
      return [
        id,
        step(id, () => {
          compute(1);
        }),
      ];
    }),
  );
  const run = workflow('sliced', steps).run();
  const subscription = run.result$.subscribe();
  expect(run.snapshot().status).toBe('running');
  subscription.unsubscribe();
  expect(run.snapshot()).toMatchObject({ status: 'cancelled', counts: { ready: 0, running: 0 } });
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(run.snapshot().status).toBe('cancelled');
});

test('times are those of the epoch, and never go back', async () => {
  const before = Date.now();
  const run = workflow('timed', {
    only: step(
      'only',
      () =>
        new Promise((resolve) => {
          // It is the host's own time that is looked at.
          setTimeout(resolve, 5);
        }),
    ),
  }).run();
  const times: number[] = [];
  run.progress$.subscribe(({ at }) => times.push(at));
  await run.result();
  expect(times).toStrictEqual([...times].sort((a, b) => a - b));
  // A second of tolerance for a wall clock that was set since the process began.
  expect(Math.abs((times[0] ?? 0) - before)).toBeLessThan(1000);
});

test('a timeout, a back-off and a grace period wait in the host’s time by default', async () => {
  const flaky = step('flaky', (ctx) => (ctx.attempt < 3 ? new Promise(() => undefined) : 'done'), {
    timeout: 5,
    retry: { attempts: 3, delay: 5 },
  });
  const run = workflow('waiting', { flaky }).run({ gracePeriod: 5 });
  expect(await run.result()).toStrictEqual({ flaky: 'done' });
  const heeding = step(
    'heeding',
    (ctx) => {
      if (ctx.attempt === 3) return 'done';
      return new Promise((_, reject) => {
        ctx.signal.addEventListener('abort', () => {
          reject(new Error('stopped'));
        });
      });
    },
    { timeout: 5, retry: { attempts: 3, delay: 5 } },
  );
  expect(await workflow('waiting', { heeding }).run().result()).toStrictEqual({ heeding: 'done' });
});

test('an async generator that never waits for anything is ended by its timeout, and lets timers fire', async () => {
  let fired = 0;
  const timer = setInterval(() => fired++, 1);
  async function* endless(): AsyncGenerator<number> {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the point of it
    while (true) yield 1;
  }
  const run = workflow('endless', { endless: step('endless', endless, { timeout: 30 }) }).run();
  await expect(run.result()).rejects.toMatchObject({ cause: { code: 'STEP_TIMEOUT' } });
  clearInterval(timer);
  expect(fired).toBeGreaterThan(0);
});
