import { fileURLToPath } from 'node:url';
import { forkJoin } from 'rxjs';
import { expect, onTestFinished, test, vi } from 'vitest';
import { InvalidOptionsError } from '../../lib/base/errors.ts';
import { type ThreadPool, threadPool } from '../../lib/pool/thread-pool.ts';
import { WorkerStartError } from '../../lib/pool/worker-start-error.ts';
import type { Tasks } from '../../lib/task/task-record.ts';
import { registerError } from '../../lib/wire/error-classes.ts';
import type { tasks } from './fixtures/faults.worker.ts';
import { AirportError, ClosedAirportError, made } from './support/airport-error.ts';
import { errorAs, errorOf, outputOf } from './support/outcome.ts';
import { until, workerUrl } from './support/pools.ts';

function faultyPool(url = workerUrl('faults')): ThreadPool<typeof tasks> {
  const pool = threadPool<typeof tasks>(url, { size: 1 });
  onTestFinished(() => pool.close());
  return pool;
}

/** What the process is warned of while the test runs. */
function warnings(): unknown[] {
  const warned: unknown[] = [];
  const spy = vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warned.push(warning));
  onTestFinished(() => {
    spy.mockRestore();
  });
  return warned;
}

test.for(['error', 'rejection'] as const)(
  'an uncaught %s after the end of its task warns, fails no call, and the thread is replaced',
  async (kind) => {
    const warned = warnings();
    const pool = faultyPool();
    expect(await outputOf(pool.run('throwLater', kind))).toBe('over');
    await until(() => pool.stats().threads === 0);
    expect(warned).toMatchObject([
      { name: 'WorkerCrashedError', taskName: undefined, cause: { message: 'after the end' } },
    ]);
    expect(await outputOf(pool.run('double', 1))).toBe(2);
    expect(pool.stats()).toMatchObject({ started: 2, crashed: 1 });
  },
);

test('a module with a syntax error is a WorkerStartError that says so', async () => {
  const pool = threadPool<Tasks>('data:text/javascript,let let = 1', { size: 1, maxRestarts: 0 });
  onTestFinished(() => pool.close());
  const error = await errorAs(WorkerStartError, pool.run('any', undefined as never));
  expect(error.cause).toMatchObject({ name: 'SyntaxError' });
  expect(error.message).toContain('let');
  expect(error.message).not.toContain('bundler');
});

test.for([
  ["data:text/javascript,import 'millrace/worker'", /can't import packages.*\(\) => new Worker\(/],
  ['https://localhost/tasks-4f2a.ts', /loads no TypeScript.*\(\) => new Worker\(/],
] as const)(
  'a module that a bundler has copied as it is, %s, is one that says what bundlers understand',
  async ([url, message]) => {
    const pool = threadPool<Tasks>(new URL(url), { size: 1, maxRestarts: 0 });
    onTestFinished(() => pool.close());
    expect((await errorAs(WorkerStartError, pool.run('any', undefined as never))).message).toMatch(message);
  },
);

test('messages that a task or its module posts by itself are ignored', async () => {
  const pool = faultyPool();
  expect(await outputOf(pool.run('babble'))).toBe('right');
  expect(await outputOf(forkJoin([1, 2, 3].map((value) => pool.run('double', value))))).toStrictEqual([
    2, 4, 6,
  ]);
  expect(pool.stats()).toMatchObject({ started: 1, crashed: 0 });
});

test('a DOMException arrives as one', async () => {
  const error = await errorAs(DOMException, faultyPool().run('domException'));
  expect(error).toMatchObject({ name: 'TimeoutError', message: 'took too long', code: 23 });
  expect(error.stack).toContain('faults.worker');
});

test('an error with a part that cannot be cloned arrives, and the part by its name as a description', async () => {
  const pool = faultyPool();
  expect(await errorAs(RangeError, pool.run('unclonableError'))).toMatchObject({
    message: 'odd',
    rows: 3,
    callback: 'function callback',
  });
  expect(await outputOf(pool.run('double', 1))).toBe(2);
});

test('an error of a class that is not registered is its nearest standard class', async () => {
  const error = await errorAs(RangeError, faultyPool().run('airport', 'XYZ'));
  expect(error).not.toBeInstanceOf(AirportError);
  expect(error).toMatchObject({ name: 'AirportError', airport: { iata: 'XYZ' } });
});

test('an error of a registered class arrives as its instance, its constructor not called', async () => {
  registerError(AirportError);
  registerError(AirportError);
  const before = made.count;
  const error = await errorAs(AirportError, faultyPool().run('airport', 'XYZ'));
  expect(made.count).toBe(before);
  expect(error).toBeInstanceOf(RangeError);
  expect(error).toMatchObject({
    name: 'AirportError',
    message: 'no such airport: XYZ',
    code: 'E_AIRPORT',
    airport: { iata: 'XYZ' },
  });
  expect(error.stack).toContain('faults.worker');
  expect(error.describe()).toBe('E_AIRPORT XYZ');
  // As an own property of the class's errors is: neither more nor less is enumerable.
  expect(Object.keys(error)).toStrictEqual(Object.keys(new AirportError({ iata: 'XYZ' })));
  // The cause is of a class that only its base is known of.
  expect(error.cause).toBeInstanceOf(AirportError);
  expect(error.cause).not.toBeInstanceOf(ClosedAirportError);
  expect(error.cause).toMatchObject({ name: 'ClosedAirportError', airport: { iata: 'TXL' } });
});

test.for([
  ['no class', 5, undefined],
  ['a class of something else', Map, undefined],
  ['a standard class', TypeError, undefined],
  ['a standard name', class Odd extends Error {}, 'TypeError'],
  ['a class without a name', (() => class extends Error {})(), undefined],
  ['another class of the same name', class AirportError extends Error {}, undefined],
] as const)('%s cannot be registered', ([, type, name]) => {
  registerError(AirportError);
  expect(() => {
    registerError(type as never, name);
  }).toThrow(InvalidOptionsError);
});

test('a path does as well as a URL', async () => {
  expect(await outputOf(faultyPool(fileURLToPath(workerUrl('faults'))).run('double', 1))).toBe(2);
});

test('subscribing again to a call that is over is a new call', async () => {
  const call = faultyPool().run('double', 1);
  expect(await outputOf(call)).toBe(2);
  expect(await outputOf(call)).toBe(2);
});

test('many calls at a time leave no warning of listeners', async () => {
  const warned: string[] = [];
  const hear = (warning: Error): void => void warned.push(warning.name);
  process.on('warning', hear);
  onTestFinished(() => void process.off('warning', hear));
  const pool = faultyPool();
  await outputOf(forkJoin(Array.from({ length: 50 }, (_, value) => pool.run('double', value))));
  // Warnings are emitted on the next tick.
  await new Promise((resolve) => setImmediate(resolve));
  expect(warned).not.toContain('MaxListenersExceededWarning');
});

test('a pool whose task has failed closes as any', async () => {
  const pool = faultyPool();
  expect(await errorOf(pool.run('fail'))).toMatchObject({ message: 'failed' });
  await pool.close();
  expect(pool.stats().threads).toBe(0);
});
