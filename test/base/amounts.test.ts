import { memory, step, workflow } from 'millrace';
import { expect, onTestFinished, test, vi } from 'vitest';
import { availableMemory, availableParallelism, macrotask } from '../../lib/base/host.ts';
import { inspectValue, messageOf } from '../../lib/base/inspect.ts';
import { invariant } from '../../lib/base/invariant.ts';
import { nearestName } from '../../lib/base/nearest.ts';
import { thrownValue } from '../../lib/base/thrown-value.ts';

test.each<[unknown, number]>([
  [0, 0],
  [1.5, 1.5],
  ['250ms', 250],
  ['30s', 30_000],
  ['1.5s', 1500],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  [' 30 s ', 30_000],
  ['25d', 2_160_000_000],
])('%o is a duration of %i ms', (duration, ms) => {
  const timed = step('timed', () => 1, { estimate: duration as number });
  expect(workflow('durations', { timed }).steps.get('timed')?.estimate).toBe(ms);
});

test.each([
  '',
  '30',
  's',
  '30 seconds',
  '-30s',
  '1e3ms',
  'Infinitys',
  Infinity,
  -1,
  Number.NaN,
  null,
  true,
  {},
])('%o is no duration', (duration) => {
  expect(() => step('timed', () => 1, { timeout: duration as number })).toThrow(
    'expected timeout to be a duration',
  );
});

test.each<[unknown, number]>([
  [0, 0],
  [1024, 1024],
  ['0B', 0],
  ['64kB', 64_000],
  ['64KB', 64_000],
  ['1.5MB', 1_500_000],
  ['2GB', 2e9],
  ['1TB', 1e12],
  ['1KiB', 1024],
  ['256MiB', 268_435_456],
  ['1.5GiB', 1_610_612_736],
  ['1TiB', 2 ** 40],
])('memory(%o) is %i bytes', (amount, bytes) => {
  expect(memory(amount as number)).toStrictEqual({ memory: bytes });
  expect(Object.isFrozen(memory(amount as number))).toBe(true);
});

test.each(['', '64', 'MB', '64 mb', '1iB', '-1MB', -1, Number.NaN, undefined, null, {}])(
  'memory(%o) is an error',
  (amount) => {
    expect(() => memory(amount as number)).toThrow('memory: expected amount to be an amount of memory');
  },
);

test.each<[unknown, string]>([
  ['text', '"text"'],
  ['x'.repeat(200), `"${'x'.repeat(78)}…`],
  [1n, '1n'],
  [undefined, 'undefined'],
  [Symbol('s'), 'Symbol(s)'],
  [null, 'null'],
  [[1, 2], 'an array of 2'],
  [new Date(0), 'a Date'],
  [new Map(), 'an instance of Map'],
  [{}, '{}'],
  [{ a: 1, b: 2 }, "an object with 'a', 'b'"],
  [Object.create(null), '{}'],
  [() => 1, 'a function'],
  [parseInt, 'function parseInt'],
])('a message shows %o as %s', (value, picture) => {
  expect(inspectValue(value)).toBe(picture);
});

test('a message shows what can’t be looked at as just that', () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(inspectValue(proxy)).toBe("an object that can't be looked at");
  const odd = Object.defineProperty(() => 1, 'name', { value: Symbol('odd') });
  expect(inspectValue(odd)).toBe("a function that can't be looked at");
});

test('what was thrown is told by name and message, whatever it is', () => {
  expect(messageOf(new TypeError('no'))).toBe('TypeError: no');
  expect(messageOf(new Error('no'))).toBe('no');
  expect(messageOf('no')).toBe('"no"');
  const odd = new Error('odd');
  Object.defineProperty(odd, 'name', {
    get: () => {
      throw new Error('no');
    },
  });
  expect(messageOf(odd)).toBe("an error whose message can't be read");
});

test('what was thrown stays what it is, unless it can’t be looked at', () => {
  for (const value of [undefined, null, 'text', 7, {}, new Error('e'), () => 1])
    expect(thrownValue(value)).toBe(value);
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(thrownValue(proxy)).toMatchObject({
    message: 'something was thrown that throws when it is looked at',
  });
});

test.each<[string, string[], string | undefined]>([
  ['heavy-cpus', ['light-cpu', 'heavy-cpu'], 'heavy-cpu'],
  ['HEAVY-CPU', ['heavy-cpu'], 'heavy-cpu'],
  ['dependsno', ['dependsOn'], 'dependsOn'],
  ['ab', ['ba'], 'ba'],
  ['database', ['gpu', 'memory'], undefined],
  ['gpu', ['gpu'], undefined],
  ['x', [], undefined],
  ['x', ['a'], undefined],
  ['x', ['X'], 'X'],
  ['db', ['d'], 'd'],
])('nearest to %s of %o is %s', (name, known, nearest) => {
  expect(nearestName(name, known)).toBe(nearest);
});

test('an invariant that fails tells its story, and only then', () => {
  expect(() => {
    invariant(true, () => {
      throw new Error('not asked for');
    });
  }).not.toThrow();
  expect(() => {
    invariant(false, 'the story');
  }).toThrow('millrace has broken an invariant: the story');
  expect(() => {
    invariant(false, () => 'the story');
  }).toThrow('the story');
});

test('a host without a process is asked through navigator, or else assumed', () => {
  vi.stubGlobal('process', undefined);
  vi.stubGlobal('navigator', { hardwareConcurrency: 12, deviceMemory: 8 });
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  expect([availableParallelism(), availableMemory()]).toStrictEqual([12, 8 * 2 ** 30]);
  vi.stubGlobal('navigator', undefined);
  expect([availableParallelism(), availableMemory()]).toStrictEqual([4, 4 * 2 ** 30]);
});

test('a host without setImmediate turns its event loop by a message', async () => {
  vi.stubGlobal('setImmediate', undefined);
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  const log: string[] = [];
  await new Promise<void>((resolve) => {
    macrotask(() => {
      log.push('later');
      resolve();
    });
    log.push('now');
  });
  expect(log).toStrictEqual(['now', 'later']);
});

test('what is there already isn’t meant', () => {
  expect(nearestName('compil', ['compile', 'compiler'], (name) => name === 'compile')).toBe('compiler');
  expect(() => step('a', () => 1, { retry: 1, retri: 2 } as object)).toThrow(/such option\)/);
});
