import { forEachStep, InvalidOptionsError, input, step, type, workflow } from 'millrace';
import { fileStore, memoryStore } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { caught } from './support/caught.ts';
import { Place } from './support/place.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const steps = workflow('w', { a: step('a', () => 1) });

describe('the id of a run', () => {
  test.each([
    'a/b',
    '..',
    '.',
    'con',
    'CON',
    'a\\b',
    'a:b',
    'trailing. ',
    'é',
    '日本',
    '\u0000',
    '\ud800',
    'a'.repeat(200),
    '%2e',
  ])('%j is one that every file system keeps', async (runId) => {
    const store = fileStore(temporaryFolder());
    expect(await steps.run({ store, runId }).result()).toStrictEqual({ a: 1 });
    expect(await store.runs()).toMatchObject([{ runId, status: 'completed' }]);
    const other = runId === 'con' ? 'CON ' : 'con';
    await steps.run({ store, runId: other }).result();
    expect(await store.runs()).toHaveLength(2);
    await store.remove(runId);
    expect(await store.runs()).toMatchObject([{ runId: other }]);
    await store[Symbol.asyncDispose]();
  });

  test.each([
    ['', 'a name that is not empty'],
    ['a'.repeat(201), 'a name of at most 200 characters'],
  ])('%j is refused at once', (runId, expected) => {
    const run = () => steps.run({ store: memoryStore(), runId });
    expect(run).toThrow(InvalidOptionsError);
    expect(run).toThrow(`expected runId to be ${expected}`);
  });
});

describe('an input of a run that has a store', () => {
  test.each<[string, unknown, string]>([
    ['a function', () => 1, 'this is '],
    [
      'an instance of a class',
      {
        rows: [
          {
            parse: new (class Parser {
              parse = 1;
            })(),
          },
        ],
      },
      "at '.rows[0].parse' is an instance of Parser",
    ],
    ['a symbol', new Map([['k', Symbol('s')]]), "at '.get(k)' is "],
    ['a promise', { later: Promise.resolve(1) }, "at '.later' is "],
  ])('that can’t be known again is refused at once, with its path: %s', (_, value, where) => {
    const n = input('n', type<unknown>());
    const needing = workflow('w', { a: step('a', { n }, () => 1) });
    const run = () => needing.run({ store: memoryStore(), runId: 'x', inputs: { n: value } });
    expect(run).toThrow(InvalidOptionsError);
    expect(run).toThrow(
      `expected inputs.n to be a value that can be stored, so that the run can be known again (${where}`,
    );
    // Without a store it may be anything.
    expect(() => needing.run({ inputs: { n: value } })).not.toThrow();
  });

  test('that contains itself is refused', () => {
    const n = input('n', type<unknown>());
    const loop: { self?: unknown } = {};
    loop.self = loop;
    const needing = workflow('w', { a: step('a', { n }, () => 1) });
    expect(() => needing.run({ store: memoryStore(), inputs: { n: loop } })).toThrow(
      "at '.self' is a value that contains itself",
    );
  });
});

describe('an option of keeping', () => {
  test.each<[object, string]>([
    [{ resume: 'compatible' }, "expected resume to be absent, since there is no 'store' to resume from"],
    [{ onStoreError: 'warn' }, "expected onStoreError to be absent, since there is no 'store'"],
    [{ store: {} }, 'expected store to be a store, as fileStore() of millrace/store makes'],
    [
      { store: memoryStore(), resume: 'always' },
      "expected resume to be 'same', 'compatible' or { from: [ids] }",
    ],
    [{ store: memoryStore(), resume: { from: 'a' } }, 'expected resume.from to be a list of ids of steps'],
    [
      { store: memoryStore(), resume: { from: ['aa'] } },
      "expected resume.from[0] to be the id of a step of the workflow (did you mean 'a'?)",
    ],
    [{ store: memoryStore(), resume: { from: ['a'], to: 1 } }, 'resume.to'],
    [{ store: memoryStore(), onStoreError: 'ignore' }, 'onStoreError'],
  ])('%o is refused', (options, message) => {
    expect(() => steps.run(options)).toThrow(InvalidOptionsError);
    expect(() => steps.run(options)).toThrow(message);
  });

  test('of undefined is absent', async () => {
    const options = { store: undefined, resume: undefined, onStoreError: undefined };
    expect(await steps.run(options).result()).toStrictEqual({ a: 1 });
  });

  test.each([null, '', Number.NaN, Infinity, true, {}, 1n])('a version of %o is refused', (version) => {
    const odd = version as number;
    expect(() => step('a', () => 1, { version: odd })).toThrow(
      'expected version to be a string that is not empty, or a finite number',
    );
    expect(() => workflow('w', { a: step('a', () => 1) }, { version: odd })).toThrow('version');
    expect(() => step('a', () => 1, { cache: { version: odd } })).toThrow(
      'expected cache.version to be a string that is not empty, or a finite number',
    );
    expect(() => forEachStep('a', { items: [1] }, () => 1, { cache: { version: odd } })).toThrow(
      'cache.version',
    );
  });

  test.each<[object | string, string]>([
    [{}, 'cache.version'],
    ['yes', 'cache'],
    [{ version: 1, key: 'a' }, 'cache.key'],
    [{ version: 1, files: ['a'] }, 'cache.files'],
    [{ version: 1, env: 'NODE_ENV' }, 'cache.env'],
    [{ version: 1, ttl: 'soon' }, 'cache.ttl'],
    [{ version: 1, name: '' }, 'cache.name'],
    [{ version: 1, salt: 1 }, 'cache.salt'],
  ])('a cache of %o is refused', (cache, culprit) => {
    const make = () => step('a', () => 1, { cache: cache as { version: number } });
    expect(make).toThrow(InvalidOptionsError);
    expect(make).toThrow(culprit);
  });
});

describe('the functions of a cache', () => {
  test.each<[string, object, string]>([
    ['a key that returns a Promise', { key: () => Promise.resolve(1) }, 'what its cache.key gives'],
    ['files that are a Promise', { files: () => Promise.resolve(['a']) }, 'what its cache.files gives'],
    ['files that are no list of paths', { files: () => [1] }, 'what its cache.files gives'],
    [
      'a file that doesn’t exist',
      { files: () => ['/none/such'] },
      'cache.files[0] to be a file or folder that can be read (ENOENT',
    ],
  ])('fail their step with a typed error: %s', async (_, cache, message) => {
    const a = step('a', () => 1, { cache: { version: 1, ...cache }, retry: 2 });
    const { error } = await new Place().run(workflow('w', { a }));
    expect(error).toMatchObject({ name: 'StepFailedError', stepId: 'a' });
    const { cause } = error as { cause: unknown };
    expect(cause).toBeInstanceOf(InvalidOptionsError);
    expect((cause as Error).message).toContain("step 'a'");
    expect((cause as Error).message).toContain(message);
  });

  test('fail their step with what they throw', async () => {
    const key = (): never => {
      throw new TypeError('broken');
    };
    const a = step('a', () => 1, { cache: { version: 1, key } });
    const error = (await caught(
      new Place().run(workflow('w', { a })).then((ran) => {
        throw ran.error as Error;
      }),
    )) as Error;
    expect(error.cause).toMatchObject({ name: 'TypeError', message: 'broken' });
  });
});
