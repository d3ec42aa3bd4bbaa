import { type Limits, type LimitsInForce, memory, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { afterEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { thrownBy } from './support/thrown-by.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const query = step('query', () => 1, { resource: ['db', memory('1MiB')] });
const call = step('call', () => 2, { resource: 'api' });
const both = workflow('both', { query, call });
const limits: Limits = { db: 3, memory: '2MiB', api: { rate: { limit: 10, per: '1s' } }, unused: 4 };
const given = { db: 3, memory: 2 ** 21, api: { limit: Infinity, rate: { limit: 10, per: 1000 } } };

describe('run.limits', () => {
  test('tells each class that steps demand, and the concurrency', () => {
    expect(both.run({ limits }).limits).toStrictEqual({ ...given, concurrency: Infinity });
    expect(both.run({ limits, concurrency: 2 }).limits).toStrictEqual({ ...given, concurrency: 2 });
  });

  test('tells limits of the environment too', () => {
    vi.stubEnv('MILLRACE_CPU_THREADS', '3');
    vi.stubEnv('MILLRACE_CONCURRENCY', '7');
    const heavy = workflow('heavy', { heavy: step('heavy', () => 1, { resource: 'heavy-cpu' }) });
    expect(heavy.run().limits).toStrictEqual({ 'heavy-cpu': 3, concurrency: 7 });
  });

  test('follows setLimits, and is a copy that cannot be changed', () => {
    const run = both.run({ limits });
    const before = run.limits;
    run.setLimits({ db: { limit: 5, rate: { limit: 1, per: '2s' } }, api: 4, concurrency: 6 });
    expect(run.limits).toStrictEqual({
      ...given,
      db: { limit: 5, rate: { limit: 1, per: 2000 } },
      api: 4,
      concurrency: 6,
    });
    expect(before).toStrictEqual({ ...given, concurrency: Infinity });
    expect(
      thrownBy(() => {
        (before as Record<string, unknown>)['db'] = 1;
      }),
    ).toBeInstanceOf(TypeError);
  });

  test('is what setLimits and run take', () => {
    const run = both.run({ limits });
    run.setLimits({ db: 1, concurrency: 2 });
    const before = run.limits;
    expectTypeOf(before).toExtend<Limits>();
    expectTypeOf(before).toEqualTypeOf<LimitsInForce>();
    run.setLimits(before);
    expect(run.limits).toStrictEqual(before);
    expect(both.run({ limits: before }).limits).toStrictEqual(before);
    const unbounded = both.run({ limits });
    unbounded.setLimits(unbounded.limits);
    expect(unbounded.limits.concurrency).toBe(Infinity);
  });

  test('tells the classes of a family, once steps that demand them have come', () => {
    const time = new VirtualTime();
    const host = step('host', () => step('nested', () => time.after(10, 1), { resource: 'host:b' }), {
      resource: 'host:a',
    });
    const run = workflow('hosts', { host }).run({ limits: { 'host:*': 2 }, scheduler: time.scheduler });
    expect(run.limits).toStrictEqual({ 'host:a': 2, concurrency: Infinity });
    run.result$.subscribe();
    time.advanceTo(5);
    run.setLimits({ 'host:b': 1 });
    time.flush();
    // As they were at the end.
    expect(run.limits).toStrictEqual({ 'host:a': 2, 'host:b': 1, concurrency: Infinity });
    run.setLimits({ 'host:a': 7 });
    expect(run.limits['host:a']).toBe(2);
  });

  test('knows a class of any name', () => {
    const odd = step('odd', () => 1, { resource: JSON.parse('{"__proto__": 1}') as { db: number } });
    const run = workflow('odd', { odd }).run({ limits: JSON.parse('{"__proto__": 4}') as Limits });
    expect(Object.entries(run.limits)).toContainEqual(['__proto__', 4]);
  });
});
