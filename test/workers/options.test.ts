import { expect, test } from 'vitest';
import { availableParallelism } from '../../lib/base/host.ts';
import { parsePoolOptions, type ThreadPoolOptions } from '../../lib/pool/pool-options.ts';
import { threadPool } from '../../lib/pool/thread-pool.ts';
import type { Tasks } from '../../lib/task/task-record.ts';
import { taskPool } from './support/pools.ts';

const url = new URL('file:///flights.worker.js');

test('the defaults are the documented ones, and undefined is absent', () => {
  const nothing = {
    size: undefined,
    idleTimeout: undefined,
    gracePeriod: undefined,
    startTimeout: undefined,
    maxRestarts: undefined,
    name: undefined,
    resourceLimits: undefined,
    tasks: undefined,
  };
  for (const options of [undefined, {}, nothing]) {
    expect(parsePoolOptions(url, options)).toStrictEqual({
      source: url,
      url: url.href,
      size: availableParallelism(),
      idleTimeout: 30_000,
      gracePeriod: 1000,
      startTimeout: 30_000,
      maxRestarts: 3,
      name: 'millrace',
      resourceLimits: undefined,
      tasks: undefined,
    });
  }
});

test('limits that are undefined are left out', () => {
  const resourceLimits = { maxOldGenerationSizeMb: 64, stackSizeMb: undefined };
  expect(parsePoolOptions(url, { resourceLimits }).resourceLimits).toStrictEqual({
    maxOldGenerationSizeMb: 64,
  });
});

test.for([
  [{ size: 0 }, 'size to be a whole number from 1 to 4096, got 0'],
  [{ size: 1.5 }, 'size to be a whole number from 1 to 4096, got 1.5'],
  [{ size: 1e308 }, 'size to be a whole number from 1 to 4096'],
  [{ size: Infinity }, 'size to be a whole number from 1 to 4096'],
  [{ idleTimeout: 'soon' }, 'idleTimeout to be a duration'],
  [{ gracePeriod: -1 }, 'gracePeriod to be a duration'],
  [{ startTimeout: Number.NaN }, 'startTimeout to be a duration'],
  [{ maxRestarts: 1.5 }, 'maxRestarts to be a whole number'],
  [{ name: 7 }, 'name to be a string, got 7'],
  [{ resourceLimits: 7 }, 'resourceLimits to be an object'],
  [{ resourceLimits: { stackSizeMb: 'big' } }, 'resourceLimits.stackSizeMb to be a number'],
  [{ resourceLimits: { stackSize: 1 } }, "did you mean 'stackSizeMb'?"],
  [{ sise: 1 }, "did you mean 'size'?"],
  [{ threads: 2 }, "did you mean 'size'?"],
  [{ maxThreads: 2 }, "did you mean 'size'?"],
  [7, 'options to be an object, got 7'],
] as const)('threadPool refuses %o', ([options, message]) => {
  expect(() => threadPool<Tasks>(url, options as ThreadPoolOptions)).toThrow(message);
});

test.for(['./flights.worker.js', 'flights.worker.js', '', 7, undefined])(
  'threadPool refuses the URL %o',
  (bad) => {
    expect(() => threadPool<Tasks>(bad as string)).toThrow('import.meta.url');
  },
);

test.for([
  'file:///a.js',
  'data:text/javascript,0',
  'data:application/javascript;base64,',
  '/a.js',
  'C:\\a.js',
])('threadPool takes the URL %o', (good) => {
  expect(parsePoolOptions(good, undefined).url).toBe(good);
});

test.for([
  ['data:video/mp2t;base64,ZXhwb3J0IGNvbnN0', 'video/mp2t'],
  ['data:text/typescript,let a: 1', 'text/typescript'],
  ['data:,0', 'text/plain'],
] as const)(
  'threadPool refuses %s, which a bundler has made of a file, and says what bundlers understand',
  ([bad, type]) => {
    const message = `of '${type}': a bundler has put the file into it as it is; give a function instead, () => new Worker(new URL(`;
    for (const url of [bad, new URL(bad)]) expect(() => threadPool<Tasks>(url)).toThrow(message);
  },
);

test('of a URL that holds a whole module messages have the beginning', () => {
  const long = `data:video/mp2t;base64,${'A'.repeat(5000)}`;
  expect(() => threadPool<Tasks>(long)).toThrow(/^.{0,500}$/);
});

test('a function that makes workers limits their memory itself', () => {
  const make = (): never => {
    throw new Error('not now');
  };
  expect(parsePoolOptions(make, {})).toMatchObject({ source: make });
  expect(() => threadPool<Tasks>(make, { resourceLimits: { stackSizeMb: 4 } })).toThrow(
    'expected resourceLimits to be absent, as the function that makes the workers sets them',
  );
});

test('a pool knows its name and size', () => {
  expect(taskPool({ name: 'flights', size: 3 })).toMatchObject({ name: 'flights', size: 3 });
});

test.for([
  [{ gracePeriod: 'soon' }, 'gracePeriod to be a duration'],
  [{ token: 1 }, 'token to be a CancellationToken'],
  [{ signal: {} }, 'signal to be an AbortSignal'],
  [{ transfer: [] }, 'transfer to be a function'],
  [{ onProgress: 1 }, 'onProgress to be a function'],
  [{ onLog: 1 }, 'onLog to be a function'],
  [{ tokn: 1 }, "did you mean 'token'?"],
  [7, 'options to be an object'],
] as const)('run refuses %o at once', ([options, message]) => {
  expect(() => taskPool().run('double', 1, options as object)).toThrow(message);
});

test.for([
  [{ pending: 'wait' }, "pending to be 'cancel' or 'drain'"],
  [{ pendng: 'drain' }, "did you mean 'pending'?"],
  [7, 'options to be an object'],
] as const)('close refuses %o', ([options, message]) => {
  expect(() => taskPool().close(options as object)).toThrow(message);
});
