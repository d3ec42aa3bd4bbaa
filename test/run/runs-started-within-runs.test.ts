import { forEachStep, type ProgressEvent, type Run, sharedLimits, step, subflow, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';
import { settlePromises } from './support/settle-promises.ts';
import { Sharing } from './support/sharing.ts';

type Warning = Extract<ProgressEvent, { type: 'warning' }>;

/** The warnings of a run, from now on. */
function warningsOf(run: Run<unknown>): Warning[] {
  const warnings: Warning[] = [];
  run.progress$.subscribe((event) => {
    if (event.type === 'warning') warnings.push(event);
  });
  return warnings;
}

/** A run in live time whose steps start another one, and the warnings of both. */
async function within(
  sharing: Sharing,
  options: {
    readonly resource?: string;
    readonly innerResource?: string;
    readonly beside?: string;
    readonly shared?: Sharing['shared'] | undefined;
    /** What the step does before it starts the run. */
    readonly before?: () => Promise<unknown>;
  },
): Promise<{ readonly outer: Warning[]; readonly inner: Warning[] }> {
  const { resource = 'light-io', innerResource = 'light-io', beside, before } = options;
  const innerFlow = workflow('inner', { only: step('only', () => 1, { resource: innerResource }) });
  const inner: Warning[] = [];
  const asks = step(
    'asks',
    async () => {
      if (before !== undefined) await before();
      const run = innerFlow.run({
        runId: 'inner',
        shared: 'shared' in options ? options.shared : sharing.shared,
      });
      run.progress$.subscribe((event) => {
        if (event.type === 'warning') inner.push(event);
      });
      return run.result();
    },
    { resource },
  );
  const other = step('other', settlePromises, { resource: beside ?? 'light-io' });
  const run = workflow('outer', { asks, other }).run({ runId: 'outer', shared: sharing.shared });
  const outer = warningsOf(run);
  await run.result();
  return { outer, inner };
}

describe('a run that is started within a step of another, with which it shares limits', () => {
  test('warns of it by both where both count as `runs`', async () => {
    const { outer, inner } = await within(new Sharing({ runs: 2 }, { name: 'server' }), {});
    expect(outer).toMatchObject([{ topic: 'nested', stepId: 'asks', attempt: 0 }]);
    expect(inner).toMatchObject([{ topic: 'nested', stepId: '' }]);
    const message =
      "run 'inner' was started within step 'asks' of run 'outer', and both count as `runs` of the shared limits 'server': if that step waits for it, each may wait for the other for ever; make it a subflow, or share other limits";
    expect([outer[0]?.message, inner[0]?.message]).toStrictEqual([message, message]);
  });

  test('warns where it needs a class of which that step holds some', async () => {
    const { outer, inner } = await within(new Sharing({ db: 2 }), { resource: 'db', innerResource: 'db' });
    expect(outer).toHaveLength(1);
    expect(inner[0]?.message).toContain(
      "was started within step 'asks' of run 'outer', and both take of 'db' of the shared limits of 'db'",
    );
  });

  test('warns also where the step has awaited something before', async () => {
    const { outer, inner } = await within(new Sharing({ db: 2 }), {
      resource: 'db',
      innerResource: 'db',
      before: settlePromises,
    });
    expect([outer.length, inner.length]).toStrictEqual([1, 1]);
    expect(outer[0]?.stepId).toBe('asks');
  });

  test('warns of what both take of the concurrency', async () => {
    const { inner } = await within(new Sharing({ concurrency: 3 }), {});
    expect(inner[0]?.message).toContain("both take of 'concurrency'");
  });

  test.each<[string, Sharing, Parameters<typeof within>[1]]>([
    ['it is another step that holds some', new Sharing({ db: 2 }), { innerResource: 'db', beside: 'db' }],
    [
      'the step holds something else',
      new Sharing({ db: 2, gpu: 2 }),
      { resource: 'gpu', innerResource: 'db' },
    ],
    ['it shares nothing', new Sharing({ runs: 2 }), { shared: undefined }],
    ['it shares other limits', new Sharing({ runs: 2 }), { shared: sharedLimits({ runs: 2 }) }],
  ])('says nothing where %s', async (_, sharing, options) => {
    expect(await within(sharing, options)).toStrictEqual({ outer: [], inner: [] });
  });

  test('says nothing where the step is over by the time', async () => {
    const { shared } = new Sharing({ runs: 3 });
    const inner = workflow('inner', { only: step('only', () => 1) });
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const warnings: Warning[] = [];
    let isStarted: Promise<unknown> | undefined;
    // It leaves something behind that goes on without it.
    const leaves = step('leaves', () => {
      isStarted = gate.then(() => {
        const run = inner.run({ shared });
        run.progress$.subscribe((event) => {
          if (event.type === 'warning') warnings.push(event);
        });
        return run.result();
      });
    });
    const run = workflow('outer', { leaves, stays: step('stays', () => settlePromises()) }).run({ shared });
    const outer = warningsOf(run);
    const result = run.result();
    await Promise.resolve();
    open();
    await isStarted;
    await result;
    expect([warnings, outer]).toStrictEqual([[], []]);
  });

  test('is told once by the outer run, however many it starts', async () => {
    const { shared } = new Sharing({ runs: 20 });
    const inner = workflow('inner', { only: step('only', () => 1) });
    const fan = forEachStep('fan', { items: [1, 2, 3, 4] }, () => inner.run({ shared }).result());
    const run = workflow('outer', { fan }).run({ shared });
    const warnings = warningsOf(run);
    await run.result();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.stepId).toMatch(/^fan\[\d\]$/);
  });

  test('is found through a run between them that shares nothing', async () => {
    const { shared } = new Sharing({ runs: 2 });
    const warnings: Warning[] = [];
    const innermost = workflow('innermost', { only: step('only', () => 1) });
    const middle = workflow('middle', {
      only: step('only', () => {
        const run = innermost.run({ shared, runId: 'innermost' });
        run.progress$.subscribe((event) => {
          if (event.type === 'warning') warnings.push(event);
        });
        return run.result();
      }),
    });
    const outer = workflow('outer', { asks: step('asks', () => middle.run().result()) });
    await outer.run({ shared, runId: 'outer' }).result();
    expect(warnings[0]?.message).toContain("run 'innermost' was started within step 'asks' of run 'outer'");
  });

  test('is found through one that shares other limits', async () => {
    const [{ shared }, between] = [new Sharing({ runs: 2 }), sharedLimits({ runs: 1 })];
    const warnings: Warning[] = [];
    const innermost = workflow('innermost', { only: step('only', () => 1) });
    const middle = workflow('middle', {
      only: step('only', () => {
        const run = innermost.run({ shared });
        run.progress$.subscribe((event) => {
          if (event.type === 'warning') warnings.push(event);
        });
        return run.result();
      }),
    });
    const outer = workflow('outer', { asks: step('asks', () => middle.run({ shared: between }).result()) });
    await outer.run({ shared, runId: 'outer' }).result();
    expect(warnings).toHaveLength(1);
  });

  test('is found by what an iterator does after its first value', async () => {
    const { shared } = new Sharing({ runs: 2 });
    const inner = workflow('inner', { only: step('only', () => 1) });
    const values = step('values', async function* () {
      yield 0;
      await inner.run({ shared }).result();
      yield 1;
    });
    const run = workflow('outer', { values }).run({ shared });
    const warnings = warningsOf(run);
    await run.result();
    expect(warnings).toMatchObject([{ topic: 'nested', stepId: 'values' }]);
  });

  test('is no matter for subflows, which are the run itself', async () => {
    const { shared } = new Sharing({ runs: 1, db: 1 });
    const part = workflow('part', { only: step('only', () => 1, { resource: 'db' }) });
    const run = workflow('outer', { part: subflow('part', part) }).run({ shared });
    const warnings = warningsOf(run);
    await run.result();
    expect(warnings).toStrictEqual([]);
  });

  test('has the warning before it hangs: one of `runs` is enough to see it', async () => {
    const { shared } = new Sharing({ runs: 1 });
    const inner = workflow('inner', { only: step('only', () => 1) });
    const asks = step('asks', (ctx) => inner.run({ shared, signal: ctx.signal }).result());
    const run = workflow('outer', { asks }).run({ shared });
    const warnings = warningsOf(run);
    const result = run.result();
    expect(warnings).toHaveLength(1);
    expect(shared.usage()).toMatchObject({ running: 1, waiting: 1 });
    run.cancel();
    await expect(result).rejects.toMatchObject({ code: 'CANCELLED' });
    await settlePromises();
    expect(shared.usage()).toMatchObject({ running: 0, waiting: 0 });
  });
});
