import { forEachStep, InvalidOptionsError, type StepOptions, step, subflow, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';
import { thrownBy } from '../run/support/thrown-by.ts';
import { play } from '../run/support/watch.ts';

const faultOf = (options: unknown): unknown =>
  thrownBy(() => step('bad', () => 1, options as StepOptions<number>));

describe('step() throws at once on its own bad options, and names them', () => {
  test.each<[string, unknown, string]>([
    [
      'a misspelt option',
      { retyr: 3 },
      "expected retyr to be absent (there is no such option; did you mean 'retry'?), got 3",
    ],
    ['options that are no record', 5, 'expected options to be an object, got 5'],
    ['null', null, 'expected options to be an object, got null'],
    ['a function', () => 1, 'expected options to be an object, got a function'],
    ['retry below 0', { retry: -1 }, 'expected retry to be a whole number of at least 0, got -1'],
    ['half a retry', { retry: 1.5 }, 'got 1.5'],
    [
      'retry as text',
      { retry: 'often' },
      'expected retry to be a number of retries or { attempts, delay, factor, maxDelay, jitter, when }, got "often"',
    ],
    [
      'retry without attempts',
      { retry: { delay: 10 } },
      'expected retry.attempts to be a whole number of at least 1, got undefined',
    ],
    ['retry with no attempt', { retry: { attempts: 0 } }, 'expected retry.attempts'],
    ['a retry’s delay', { retry: { attempts: 2, delay: 'a bit' } }, 'expected retry.delay to be a duration'],
    [
      'a retry’s factor',
      { retry: { attempts: 2, factor: 0.5 } },
      'expected retry.factor to be a finite number of at least 1',
    ],
    ['a retry’s maxDelay', { retry: { attempts: 2, maxDelay: -1 } }, 'expected retry.maxDelay'],
    [
      'a retry’s jitter',
      { retry: { attempts: 2, jitter: 1.1 } },
      'expected retry.jitter to be a number from 0 to 1, got 1.1',
    ],
    [
      'a retry’s when',
      { retry: { attempts: 2, when: true } },
      'expected retry.when to be a function, got true',
    ],
    [
      'a retry’s misspelt option',
      { retry: { attempts: 2, maxDeley: 1 } },
      "expected retry.maxDeley to be absent (there is no such option; did you mean 'maxDelay'?)",
    ],
    ['timeout', { timeout: 'never' }, 'expected timeout to be a duration'],
    ['a timeout without end', { timeout: Infinity }, 'expected timeout to be a duration'],
    ['priority', { priority: Number.NaN }, 'expected priority to be a finite number'],
    ['an infinite priority', { priority: Infinity }, 'expected priority'],
    ['estimate', { estimate: -5 }, 'expected estimate to be a duration'],
    ['cleanup', { cleanup: 'undo' }, 'expected cleanup to be a function, got "undo"'],
    ['description', { description: 1 }, 'expected description to be a string'],
    ['group', { group: 1 }, 'expected group to be a string'],
    ['tags', { tags: 'etl' }, 'expected tags to be an array of strings, got "etl"'],
    ['a tag', { tags: ['etl', 1] }, 'expected tags to be an array of strings, got an array of 2'],
    ['an empty resource', { resource: '' }, 'expected resource to be a class'],
    [
      'memory without an amount',
      { resource: 'memory' },
      `expected resource to be an amount of memory, as in memory('256MiB')`,
    ],
    ['concurrency as a resource', { resource: 'concurrency' }, 'expected resource to be a class'],
    [
      'a negative demand',
      { resource: { gpu: -1 } },
      "expected resource['gpu'] to be a finite number of at least 0",
    ],
    ['an infinite demand', { resource: { gpu: Infinity } }, "resource['gpu']"],
    [
      'memory that can’t be read',
      { resource: { memory: '1 potato' } },
      'expected resource.memory to be an amount of memory',
    ],
    ['an entry of a list', { resource: ['gpu', 7] }, 'expected resource[1] to be a class'],
    ['a resource that is null', { resource: null }, 'expected resource to be a class'],
  ])('%s', (_, options, message) => {
    const error = faultOf(options);
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(error).toMatchObject({
      owner: "step('bad')",
      message: expect.stringContaining(message) as unknown,
    });
  });

  test('all of them at once', () => {
    expect(faultOf({ retry: -1, timeout: 'x', priority: 'y', tag: [] })).toMatchObject({
      problems: [
        { option: 'tag' },
        { option: 'retry', value: -1 },
        { option: 'timeout', value: 'x' },
        { option: 'priority', value: 'y' },
      ],
    });
  });
});

describe('step() throws at once on what isn’t a step', () => {
  const fn = (): number => 1;
  test.each<[string, () => unknown, string]>([
    ['an empty id', () => step('', fn), 'expected id to be a string that is not empty, got ""'],
    [
      'an id that is no string',
      () => step(7 as never, fn),
      'step: expected id to be a string that is not empty, got 7',
    ],
    [
      'no function',
      () => step('a', undefined as never),
      'expected the function to be a function, got undefined',
    ],
    [
      'dependencies but no function',
      () => step('a', {}, undefined as never),
      'expected the function to be a function',
    ],
    [
      'options in the function’s place',
      () => step('a', {}, { retry: 1 } as never),
      'expected the function to be a function, got an object with',
    ],
    [
      'dependencies that are an array',
      () => step('a', [step('b', fn)] as never, fn),
      'expected the dependencies to be a record of handles, as in { table }, got an array of 1',
    ],
    ['dependencies that are null', () => step('a', null as never, fn), 'expected the dependencies'],
    [
      'a dependency from nowhere',
      () => step('a', { b: { id: 'b', kind: 'step' } as never }, fn),
      "expected the dependency 'b' to be a handle made by step() or input()",
    ],
    [
      'an undefined dependency',
      () => step('a', { b: undefined as never }, fn),
      "expected the dependency 'b' to be a handle made by step() or input() of this copy of millrace, got undefined",
    ],
    [
      'a dependency that is the result of calling a step’s function',
      () => step('a', { b: 'output' as never }, fn),
      "the dependency 'b'",
    ],
  ])('%s', (_, make, message) => {
    expect(thrownBy(make)).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining(message) as unknown,
    });
  });
});

test('undefined is absent, for every option', () => {
  const options = Object.fromEntries(
    ['resource', 'retry', 'timeout', 'priority', 'estimate', 'cleanup', 'description', 'group', 'tags'].map(
      (name) => [name, undefined],
    ),
  );
  const only = step('only', () => 1, options);
  expect(workflow('w', { only }).steps).toStrictEqual(workflow('w', { only: step('only', () => 1) }).steps);
  const retry = {
    attempts: 2,
    delay: undefined,
    factor: undefined,
    maxDelay: undefined,
    jitter: undefined,
    when: undefined,
  };
  expect(() => step('only', () => 1, { retry })).not.toThrow();
});

test('what a step says of itself is told by the workflow', () => {
  const first = step('first', () => 1);
  const options = {
    resource: 'gpu',
    priority: 2,
    estimate: '2s',
    description: 'the second',
    group: 'late',
    tags: ['a', 'b'],
  } as const;
  const second = step('second', { first, again: first }, () => 2, options);
  expect([...workflow('told', { second }).steps]).toStrictEqual([
    {
      id: 'first',
      dependsOn: [],
      kind: 'step',
      demand: { 'light-cpu': 1 },
      priority: 0,
      estimate: undefined,
      description: undefined,
      group: undefined,
      tags: [],
    },
    {
      id: 'second',
      dependsOn: ['first'],
      kind: 'step',
      demand: { gpu: 1 },
      priority: 2,
      estimate: 2000,
      description: 'the second',
      group: 'late',
      tags: ['a', 'b'],
    },
  ]);
});

test('what is known beforehand of the steps that a step brings is told by the workflow', () => {
  const inner = workflow('inner', { deep: step('deep', () => 1, { estimate: 30 }) });
  const listed = forEachStep('listed', { items: [1, 2, 3] }, (n) => n, { resource: 'gpu', concurrency: 2 });
  const items = step('items', () => [1]);
  const found = forEachStep('found', { items }, (n) => n, { resource: (n) => ({ gpu: n }) });
  const part = subflow('part', inner);
  const later = subflow('later', () => inner);
  const { steps } = workflow('told', { listed, found, part, later });
  const told = Array.from(steps, ({ id, steps: within, children }) => [
    id,
    within && Array.from(within, ({ id }) => id),
    children,
  ]);
  expect(told).toStrictEqual([
    ['listed', undefined, { count: 3, demand: { gpu: 1 }, concurrency: 2 }],
    ['items', undefined, undefined],
    ['found', undefined, {}],
    ['part', ['deep'], undefined],
    ['later', undefined, undefined],
  ]);
});

test('a handle may be used in any number of workflows, at the same time', () => {
  let calls = 0;
  const shared = step('shared', () => ++calls);
  const left = workflow('left', {
    left: step('left', { shared }, (inputs) => `left ${String(inputs.shared)}`),
  });
  const both = workflow('both', {
    shared,
    right: step(
      'right',
      { other: step('other', () => 1), shared },
      (inputs) => `right ${String(inputs.shared)}`,
    ),
  });
  expect(play(left).result).toStrictEqual({ left: 'left 1' });
  expect(play(both).result).toStrictEqual({ shared: 2, right: 'right 2' });
  expect(play(left).result).toStrictEqual({ left: 'left 3' });
});

test('nothing runs until a run is started', () => {
  let calls = 0;
  const only = step('only', () => ++calls);
  workflow('idle', { only }).run();
  expect(calls).toBe(0);
});

test('dependencies may change after the step was made without changing it', () => {
  const deps: Record<string, ReturnType<typeof step>> = { a: step('a', () => 1) };
  const sum = step('sum', deps, (inputs) => Object.keys(inputs));
  deps['b'] = step('b', () => 2);
  expect(play(workflow('fixed', { sum })).result).toStrictEqual({ sum: ['a'] });
});

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('a step may be called %s', (id) => {
  const odd = step(id, () => 'odd');
  const after = step('after', Object.fromEntries([[id, odd]]), (inputs) => Object.entries(inputs));
  expect(play(workflow('odd', { after })).result).toStrictEqual({ after: [[id, 'odd']] });
});

test('a handle and its tags are frozen', () => {
  const handle = step('a', () => 1, { tags: ['slow'] });
  expect(() => Object.assign(handle, { id: 'b' })).toThrow(TypeError);
  expect(handle.id).toBe('a');
});
