import { RecursionLimitError, type Run, type Step, step, subflow, type Workflow, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';

const levels = 100_000;

/** Starts a run, and gives how it ended: it takes turns of the event loop. */
async function ended(run: Run<unknown>): Promise<unknown> {
  return run.result().then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
}

function nested(depth: number, last: () => unknown): Step<unknown, never> {
  const at = (level: number): Step<unknown, never> => step('s', () => (level === 0 ? last() : at(level - 1)));
  return at(depth);
}

function workflows(depth: number, last: () => unknown): Step<unknown, never> {
  const at = (level: number): Workflow<unknown, never> =>
    workflow('w', { s: step('s', () => (level === 0 ? last() : at(level - 1))) });
  return step('s', () => at(depth - 1));
}

describe('100,000 levels of returned steps', () => {
  const run = (one: Step<unknown, never>): Run<unknown> =>
    workflow('w', { one }).run({ maxDepth: levels + 1 });

  test('succeed', async () => {
    expect(await ended(run(nested(levels, () => 'deep')))).toStrictEqual({ result: { one: 'deep' } });
  }, 60_000);

  test('fail', async () => {
    const outcome = await ended(
      run(
        nested(levels, () => {
          throw new Error('deep');
        }),
      ),
    );
    const { error } = outcome as { error: Error };
    expect(error.message).toContain('deep');
    expect(error.message.length).toBeLessThan(1000);
    let causes = 0;
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) causes++;
    expect(causes).toBe(levels + 2);
  }, 60_000);

  test('are told of', async () => {
    const deep = run(nested(2000, () => 'deep'));
    let events = 0;
    deep.progress$.subscribe(() => {
      events++;
    });
    await ended(deep);
    expect(events).toBeGreaterThan(4000);
  }, 60_000);

  test('are cancelled', async () => {
    let deep: Run<unknown> | undefined = undefined as Run<unknown> | undefined;
    deep = run(
      nested(levels, () => {
        deep?.cancel('deep');
        return new Promise(() => undefined);
      }),
    );
    const outcome = ended(deep);
    expect(await outcome).toMatchObject({ error: { reason: 'deep' } });
  }, 60_000);

  test('of workflows succeed', async () => {
    const outcome = (await ended(run(workflows(10_000, () => 'deep')))) as { result: { one: unknown } };
    let value = outcome.result.one;
    let depth = 0;
    while (typeof value === 'object' && value !== null) {
      value = (value as { s: unknown }).s;
      depth++;
    }
    expect(depth).toBe(10_000);
  }, 60_000);

  test('are one too many with the usual limit', async () => {
    const outcome = await ended(workflow('w', { one: nested(100, () => 1) }).run());
    let { error } = outcome as { error: Error };
    while (error.cause instanceof Error) error = error.cause;
    expect(error).toBeInstanceOf(RecursionLimitError);
  });
});

test.each([63, 64])('subflows in each other count alike (%i)', async (depth) => {
  let one: Step<unknown, never> = step('s', () => 1);
  for (let level = 0; level < depth; level++) one = subflow('s', workflow('w', { one }));
  expect(await ended(workflow('w', { one }).run())).toHaveProperty('result');
});
