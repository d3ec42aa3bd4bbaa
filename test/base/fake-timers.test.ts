import { step, workflow } from 'millrace';
import { lastValueFrom, take, timer, toArray } from 'rxjs';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { clockOf, monotonicNow } from '../../lib/base/clock.ts';
import { liveScheduler } from '../../lib/base/live-scheduler.ts';

afterEach(() => {
  vi.useRealTimers();
});

type Fakes = NonNullable<Parameters<typeof vi.useFakeTimers>[0]>['toFake'];

/** What tests fake, and whether that is a whole time: timers and a clock. */
const sets: readonly (readonly [name: string, toFake: Fakes, isWhole: boolean])[] = [
  ['all that is faked by default', undefined, true],
  ['timers, setImmediate and the clock', ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'], true],
  ['timers and Date', ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'], true],
  ['setTimeout and Date', ['setTimeout', 'clearTimeout', 'Date'], true],
  ['timers alone', ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'], false],
  ['setImmediate', ['setImmediate', 'clearImmediate'], false],
  ['Date', ['Date'], false],
  ['the clock', ['performance'], false],
  ['the clock and Date', ['performance', 'Date'], false],
];

const fake = (toFake: Fakes): void => {
  vi.useFakeTimers(toFake === undefined ? {} : { toFake });
};

/** Three starts at a rate of one a `per`, a retry after it, and a timeout of it. */
function timed(per: number) {
  const stuck = step('stuck', () => new Promise<never>(() => undefined), { timeout: per, retry: 1 });
  const again = step(
    'again',
    ({ attempt }) => {
      if (attempt === 1) throw new Error('once');
      return attempt;
    },
    { retry: { attempts: 2, delay: per } },
  );
  const rated = ['a', 'b', 'c'].map((id) => step(id, () => id, { resource: 'api' }));
  return {
    limits: { api: { limit: 3, rate: { limit: 1, per } } },
    good: workflow('good', { again, ...Object.fromEntries(rated.map((each) => [each.id, each])) }),
    bad: workflow('bad', { stuck }),
  };
}

describe.each(sets)('with %s faked', (_, toFake, isWhole) => {
  test('a run comes to its end', async () => {
    fake(toFake);
    // Where the time is faked nobody waits for it; where it isn't, it is short.
    const { good, bad, limits } = timed(isWhole ? 60_000 : 5);
    const results = Promise.allSettled([good.run({ limits }).result(), bad.run().result()]);
    if (isWhole) await vi.advanceTimersByTimeAsync(180_000);
    const [first, second] = await results;
    expect(first).toMatchObject({ status: 'fulfilled', value: { a: 'a', b: 'b', c: 'c', again: 2 } });
    expect(second).toMatchObject({ reason: { cause: { code: 'STEP_TIMEOUT' } } });
  });

  test('a long synchronous run gives the event loop back and comes to its end', async () => {
    fake(toFake);
    const busy = Array.from({ length: 30 }, (_, index) =>
      step(`busy ${String(index)}`, () => {
        const until = process.cpuUsage().user + 2000;
        while (process.cpuUsage().user < until);
        return index;
      }),
    );
    const outputs = Object.fromEntries(busy.map((each) => [each.id, each]));
    expect(Object.keys(await workflow('busy', outputs).run().result())).toHaveLength(30);
  });

  test('ctx.scheduler tells the time in which it waits', async () => {
    fake(toFake);
    const period = isWhole ? 60_000 : 5;
    const began = liveScheduler.now();
    const ticks = lastValueFrom(timer(period, period, liveScheduler).pipe(take(3), toArray()));
    if (isWhole) await vi.advanceTimersByTimeAsync(3 * period);
    expect(await ticks).toStrictEqual([0, 1, 2]);
    expect(liveScheduler.now() - began).toBeGreaterThanOrEqual(3 * period - 3);
  });
});

test('who has a clock keeps its side', async () => {
  const real = clockOf(undefined);
  vi.useFakeTimers();
  const faked = clockOf(undefined);
  const before = faked.now();
  vi.advanceTimersByTime(1000);
  vi.useRealTimers();
  expect([real.live, faked.live, clockOf(undefined)]).toStrictEqual([true, false, real]);
  expect(faked.now() - before).toBe(1000);
  await new Promise<void>((resolve) => real.after(1, resolve));
});

test('a run made before the fakes goes on in real time', async () => {
  const { good, limits } = timed(5);
  const run = good.run({ limits });
  vi.useFakeTimers();
  expect(await run.result()).toMatchObject({ c: 'c' });
});

test('fakes that were there before the library was loaded are a time too', async () => {
  // Vitest loads modules by the timers that are left.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  vi.resetModules();
  // Else what comes after this shares modules that take a fake for the host's clock.
  onTestFinished(() => {
    vi.resetModules();
  });
  const fresh = await import('../../lib/base/clock.ts');
  const clock = fresh.clockOf(undefined);
  const began = clock.now();
  const seen: number[] = [];
  clock.after(1000, () => seen.push(clock.now() - began));
  vi.advanceTimersByTime(1000);
  expect(seen).toStrictEqual([1000]);
});

test('the clock of a faked Date never goes back', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  const clock = clockOf(undefined);
  const before = clock.now();
  vi.setSystemTime(before - 5000);
  expect([clock.now(), monotonicNow()]).toStrictEqual([before, before]);
});

describe('a wait longer than a timer can take', () => {
  const days = 86_400_000;

  test.each([25 * days, 60 * days, 365 * days])('of %i ms is waited for', (ms) => {
    vi.useFakeTimers();
    const seen: number[] = [];
    const clock = clockOf(undefined);
    const began = clock.now();
    clock.after(ms, () => seen.push(clock.now() - began));
    vi.advanceTimersByTime(ms - 1);
    expect(seen).toStrictEqual([]);
    vi.advanceTimersByTime(1);
    expect(seen).toStrictEqual([ms]);
  });

  test('can be called off at any stage', () => {
    vi.useFakeTimers();
    const cancel = clockOf(undefined).after(60 * days, () => {
      throw new Error('called off');
    });
    vi.advanceTimersByTime(30 * days);
    cancel();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('may be a timeout, in a run or of ctx.scheduler', async () => {
    vi.useFakeTimers();
    const never = (): Promise<never> => new Promise<never>(() => undefined);
    const run = workflow('long', { never: step('never', never, { timeout: '25d' }) }).run({ timeout: '60d' });
    const result = run.result().catch((error: unknown) => error);
    const tick = lastValueFrom(timer(25 * days, liveScheduler));
    // The body never stops, so that its grace period passes too.
    await vi.advanceTimersByTimeAsync(25 * days + 1000);
    expect(await result).toMatchObject({ cause: { code: 'STEP_TIMEOUT', timeoutMs: 25 * days } });
    expect(await tick).toBe(0);
  });
});
