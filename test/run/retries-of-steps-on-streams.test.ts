import { forEachStep, type Step, step, stream } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { firstValueFrom, of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { broken } from './support/broken.ts';
import { ownAndParts } from './support/places.ts';
import { all, counted } from './support/streamed.ts';
import { watch } from './support/watch.ts';

/** Fails so many times before its first value, or after it. */
function flaky(failures: number, after: number) {
  const calls = { count: 0 };
  const body = async function* () {
    calls.count++;
    const fails = calls.count <= failures;
    for (let number = 0; number < 3; number++) {
      if (fails && number === after) await Promise.reject(new Error('broken'));
      yield number;
    }
  };
  return { calls, body };
}

describe.each(ownAndParts)('%s', (_, make) => {
  const outcome = async (
    steps: Record<string, Step<unknown, never>>,
    time = new VirtualTime(),
  ): Promise<unknown> => {
    const { result, error } = await watch(make(steps), time, { concurrency: 8 }).untilOver();
    if (error !== undefined) throw error as Error;
    return (result as { sub?: unknown }).sub ?? result;
  };

  test('who emits is tried again as long as nothing has come', async () => {
    const { body, calls } = flaky(2, 0);
    const numbers = step('numbers', body, { retry: 2 });
    const read = step('read', { numbers: stream(numbers) }, ({ numbers: values }) => all(values));
    expect(await outcome({ read })).toStrictEqual({ read: [0, 1, 2] });
    expect(calls.count).toBe(3);
  });

  test('who emits waits for its back-off, and the reader with it', async () => {
    const { body } = flaky(1, 0);
    const numbers = step('numbers', body, { retry: { attempts: 2, delay: 5, jitter: 0 } });
    const read = step('read', { numbers: stream(numbers) }, ({ numbers: values }) => all(values));
    const time = new VirtualTime();
    expect(await outcome({ read }, time)).toStrictEqual({ read: [0, 1, 2] });
    expect(time.now).toBe(5);
  });

  test.each([1, 2])(
    'who emits is not tried again after %i values: its failure is the outcome',
    async (after) => {
      const { body, calls } = flaky(1, after);
      const numbers = step('numbers', body, { retry: 2 });
      const read = step('read', { numbers: stream(numbers) }, ({ numbers: values }) => all(values));
      let error: unknown;
      await outcome({ read }).catch((thrown: unknown) => {
        error = thrown;
      });
      expect(String(error)).toContain('broken');
      expect(calls.count).toBe(1);
    },
  );

  test('an Observable that emits nothing is tried again', async () => {
    let calls = 0;
    const numbers = step('numbers', () => (++calls === 1 ? broken() : of(1, 2)), { retry: 1 });
    const read = step('read', { numbers: stream(numbers, { overflow: 'error' }) }, ({ numbers: values }) =>
      all(values),
    );
    expect(await outcome({ read })).toStrictEqual({ read: [1, 2] });
  });

  test('who reads is tried again as long as it has read nothing', async () => {
    let calls = 0;
    const numbers = step('numbers', () => counted(3));
    const read = step(
      'read',
      { numbers: stream(numbers) },
      ({ numbers: values }) => (++calls < 3 ? broken() : all(values)),
      { retry: 2 },
    );
    expect(await outcome({ read })).toStrictEqual({ read: [0, 1, 2] });
    expect(calls).toBe(3);
  });

  test('who reads is tried again where it had begun to wait', async () => {
    let calls = 0;
    const time = new VirtualTime();
    const numbers = step('numbers', async function* () {
      await firstValueFrom(time.after(20, 0));
      yield* counted(3);
    });
    const read = step(
      'read',
      { numbers: stream(numbers) },
      async ({ numbers: values }) => {
        if (++calls === 1) {
          void values[Symbol.asyncIterator]().next();
          broken();
        }
        return all(values);
      },
      { retry: 1 },
    );
    expect(await outcome({ read }, time)).toStrictEqual({ read: [0, 1, 2] });
  });

  test('who reads is not tried again once it has read', async () => {
    let calls = 0;
    const numbers = step('numbers', () => counted(3));
    const read = step(
      'read',
      { numbers: stream(numbers) },
      async ({ numbers: values }) => {
        calls++;
        for await (const value of values) if (value === 0) broken();
        return 1;
      },
      { retry: 2 },
    );
    let error: unknown;
    await outcome({ read }).catch((thrown: unknown) => {
      error = thrown;
    });
    expect(String(error)).toContain('broken');
    expect(calls).toBe(1);
  });

  test('who times out before its first value is tried again', async () => {
    let calls = 0;
    const time = new VirtualTime();
    const numbers = step(
      'numbers',
      async function* () {
        if (++calls === 1) await firstValueFrom(time.after(100, 0));
        yield 7;
      },
      { timeout: 20, retry: 1 },
    );
    const read = step('read', { numbers: stream(numbers) }, ({ numbers: values }) => all(values));
    expect(await outcome({ read }, time)).toStrictEqual({ read: [7] });
  });

  test('of three in a row, the one in the middle is tried again alone', async () => {
    let calls = 0;
    const numbers = step('numbers', () => counted(3), { retry: 1 });
    const doubled = step(
      'doubled',
      { numbers: stream(numbers) },
      async function* ({ numbers: values }) {
        if (++calls === 1) broken();
        for await (const value of values) yield value * 2;
      },
      { retry: 1 },
    );
    const read = step('read', { doubled: stream(doubled) }, ({ doubled: values }) => all(values), {
      retry: 1,
    });
    expect(await outcome({ read })).toStrictEqual({ read: [0, 2, 4] });
    expect(calls).toBe(2);
  });

  test('a fan-out over a stream has its children tried again', async () => {
    let calls = 0;
    const numbers = step('numbers', () => counted(3));
    const fan = forEachStep('fan', { items: stream(numbers) }, (item) => (++calls === 2 ? broken() : item), {
      retry: 1,
    });
    expect(await outcome({ fan })).toStrictEqual({ fan: [0, 1, 2] });
  });
});
