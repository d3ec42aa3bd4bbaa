import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Limits, resolveConcurrency, resolveLimits } from '../../lib/admission/limits.ts';
import { OptionChecker } from '../../lib/base/option-checker.ts';

const variables = [
  'MILLRACE_CPU_THREADS',
  'MILLRACE_IO_CONCURRENCY',
  'MILLRACE_MEMORY',
  'MILLRACE_CONCURRENCY',
] as const;

beforeEach(() => {
  for (const variable of variables) vi.stubEnv(variable, undefined);
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function resolve(demanded: readonly string[], limits: Limits = {}): object {
  const checker = new OptionChecker();
  const resolved = resolveLimits(checker, demanded, limits);
  checker.throwIfAny('run');
  return Object.fromEntries(resolved.capacities);
}

function concurrency(option?: number): number | undefined {
  const checker = new OptionChecker();
  const resolved = resolveConcurrency(checker, option, undefined);
  checker.throwIfAny('run');
  return resolved;
}

describe('a limit is the option, else the environment, else what the machine offers', () => {
  test('only classes that are demanded get one', () => {
    expect(Object.keys(resolve(['heavy-io', 'light-io']))).toStrictEqual(['heavy-io', 'light-io']);
  });

  test('the machine has something of each class of its own', () => {
    const classes = ['heavy-cpu', 'light-cpu', 'heavy-io', 'light-io', 'memory'];
    const limits = Object.values(resolve(classes)) as number[];
    expect(limits).toHaveLength(classes.length);
    expect(limits.every((limit) => Number.isInteger(limit) && limit > 0)).toBe(true);
  });

  test.each([
    ['MILLRACE_CPU_THREADS', '3', 'heavy-cpu', 3],
    ['MILLRACE_IO_CONCURRENCY', '5', 'heavy-io', 5],
    ['MILLRACE_IO_CONCURRENCY', '5', 'light-io', 5],
    ['MILLRACE_IO_CONCURRENCY', 'Infinity', 'light-io', Infinity],
    ['MILLRACE_MEMORY', '1MiB', 'memory', 2 ** 20],
    ['MILLRACE_MEMORY', '4096', 'memory', 4096],
  ])('%s=%s limits %s', (variable, text, name, limit) => {
    vi.stubEnv(variable, text);
    expect(resolve([name])).toStrictEqual({ [name]: limit });
    expect(resolve([name], { [name]: 7 })).toStrictEqual({ [name]: 7 });
  });

  test('an empty variable is an absent one', () => {
    vi.stubEnv('MILLRACE_CONCURRENCY', '');
    expect(concurrency()).toBeUndefined();
  });

  test('the limit over all classes is none unless someone sets it', () => {
    expect(concurrency()).toBeUndefined();
    vi.stubEnv('MILLRACE_CONCURRENCY', '4');
    expect(concurrency()).toBe(4);
    expect(concurrency(2)).toBe(2);
  });

  test('memory is also given as text, and limits may be fractions or endless', () => {
    const limits = { memory: '2KiB', gpu: 0.5, db: Infinity } as const;
    expect(resolve(['db', 'gpu', 'memory'], limits)).toStrictEqual({ db: Infinity, gpu: 0.5, memory: 2048 });
  });
});

describe('what can not be used is named', () => {
  test.each<[demanded: readonly string[], limits: object, message: string]>([
    [['gpu'], {}, "expected limits['gpu'] to be a positive number, since steps demand 'gpu', got undefined"],
    [['gpu'], { gpu: 0 }, "expected limits['gpu'] to be a positive number, got 0"],
    [['gpu'], { gpu: '2' }, `expected limits['gpu'] to be a positive number, got "2"`],
    [['memory'], { memory: 0 }, "expected limits['memory'] to be above 0"],
    [['gpu'], { gpv: 2 }, "since steps demand 'gpu' (did you mean it with 'gpv'?)"],
    [[], { concurrency: 0.5 }, 'expected limits.concurrency to be a whole number of at least 1, got 0.5'],
    [[], { 'heavy-cpu': -1 }, "expected limits['heavy-cpu'] to be a positive number, got -1"],
  ])('%o with %o', (demanded, limits, message) => {
    expect(() => resolve(demanded, limits as Limits)).toThrow(message);
  });

  test('a limit that nothing demands is left alone, whatever it is called', () => {
    expect(resolve(['gpu'], { gpu: 1, database: 3, db: undefined, gpv: 2, cpu: 1 })).toStrictEqual({
      gpu: 1,
    });
  });

  test('a limit of a family is one for each of its classes; its own name, then the longest beginning, goes first', () => {
    const limits = { 'host:*': 2, 'host:slow.*': 1, 'host:slow.example': 3, '*': 9 };
    expect(resolve(['host:a', 'host:slow.b', 'host:slow.example', 'other'], limits)).toStrictEqual({
      'host:a': 2,
      'host:slow.b': 1,
      'host:slow.example': 3,
      other: 9,
    });
  });

  test('a standard class in another spelling is noted beside the one demanded', () => {
    const checker = new OptionChecker();
    const demanded = ['heavy-cpu', 'light-io'];
    const { misspelt } = resolveLimits(checker, demanded, { heavy_cpu: 2, 'light-io': 3, lightIo: 4 });
    expect([...misspelt]).toStrictEqual([['heavy_cpu', 'heavy-cpu']]);
    expect(checker.problems).toStrictEqual([]);
  });

  test.each([
    ['MILLRACE_CPU_THREADS', 'all', 'heavy-cpu'],
    ['MILLRACE_CPU_THREADS', '0', 'heavy-cpu'],
    ['MILLRACE_CPU_THREADS', '1.5', 'heavy-cpu'],
    ['MILLRACE_MEMORY', 'lots', 'memory'],
  ])('%s=%s', (variable, text, name) => {
    vi.stubEnv(variable, text);
    expect(() => resolve([name])).toThrow(`expected the environment variable ${variable} to be`);
  });
});

test('a class that has the name of a property of every object has no limit of its own either', () => {
  const checker = new OptionChecker();
  resolveLimits(checker, ['toString', 'constructor'], { constructor: 2 as never });
  expect(checker.problems.map(({ option }) => option)).toStrictEqual(["limits['toString']"]);
});

test("'default' is no class of its own, so that a limit for it is refused rather than ignored", () => {
  const checker = new OptionChecker();
  resolveLimits(checker, ['light-cpu'], { default: 2 });
  expect(checker.problems).toMatchObject([{ option: 'limits.default', value: 2 }]);
});
