import { availableParallelism, totalmem } from 'node:os';
import { memory, type Resource, ResourceLimitError, type RunSettingsOptions, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { thrownBy } from './support/thrown-by.ts';
import { play, watch } from './support/watch.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const demanding = (resource?: Resource) =>
  workflow('demanding', { only: step('only', () => 1, { resource }) });
const limitsOf = (resource: Resource, options: RunSettingsOptions = {}): Record<string, number> =>
  Object.fromEntries(
    Object.entries(demanding(resource).run(options).snapshot().resources).map(([name, { limit }]) => [
      name,
      limit,
    ]),
  );
const faultOf = (resource: Resource, options: RunSettingsOptions): unknown =>
  thrownBy(() => demanding(resource).run(options));

describe('what a step demands', () => {
  test.each<[string, Resource | undefined, object]>([
    ['light-cpu by default', undefined, { 'light-cpu': 1 }],
    ['light-cpu as default', 'default', { 'light-cpu': 1 }],
    ['a class', 'heavy-cpu', { 'heavy-cpu': 1 }],
    ['a name of one’s own', 'gpu', { gpu: 1 }],
    ['memory only', memory('256MiB'), { memory: 268_435_456 }],
    [
      'amounts by class',
      { 'heavy-cpu': 2, gpu: 1, memory: '1GiB' },
      { 'heavy-cpu': 2, gpu: 1, memory: 2 ** 30 },
    ],
    [
      'a list, which adds up',
      ['heavy-io', memory(10), { memory: 5, 'heavy-io': 1 }],
      { 'heavy-io': 2, memory: 15 },
    ],
    ['nothing', {}, {}],
    ['nothing, in a list', [], {}],
    ['nothing, as zeros', { gpu: 0 }, {}],
    ['undefined amounts are absent', { gpu: undefined, db: 1 }, { db: 1 }],
    ['default by amount', { default: 2 }, { 'light-cpu': 2 }],
  ])('%s', (_, resource, demand) => {
    const [info] = demanding(resource).steps;
    expect(info?.demand).toStrictEqual(demand);
  });

  test('serialises to the same JSON however it was written', () => {
    const json = (resource: Resource): string => JSON.stringify([...demanding(resource).steps][0]?.demand);
    expect(json({ gpu: 1, memory: '1kB', 'heavy-cpu': 2 })).toBe('{"gpu":1,"heavy-cpu":2,"memory":1000}');
    expect(json(['heavy-cpu', memory(1000), 'gpu', 'heavy-cpu'])).toBe(
      json({ gpu: 1, memory: '1kB', 'heavy-cpu': 2 }),
    );
    expect(JSON.stringify(memory('256MiB'))).toBe('{"memory":268435456}');
  });
});

describe('the limit of a class', () => {
  const cores = availableParallelism();

  test('comes from the machine by default', () => {
    expect(limitsOf(['heavy-cpu', 'light-cpu', 'heavy-io', 'light-io'])).toStrictEqual({
      'heavy-cpu': cores,
      'light-cpu': 4 * cores,
      'heavy-io': 2 * cores,
      'light-io': 64,
    });
    const { memory: bytes = 0 } = limitsOf(memory(1));
    const constrained = process.constrainedMemory();
    expect(bytes).toBe(
      Math.floor(0.75 * (constrained > 0 && constrained < totalmem() ? constrained : totalmem())),
    );
  });

  test.each<[string, string, Resource, string, number]>([
    ['MILLRACE_CPU_THREADS', '3', 'heavy-cpu', 'heavy-cpu', 3],
    ['MILLRACE_IO_CONCURRENCY', '5', 'heavy-io', 'heavy-io', 5],
    ['MILLRACE_IO_CONCURRENCY', '5', 'light-io', 'light-io', 5],
    ['MILLRACE_MEMORY', '2GiB', memory(1), 'memory', 2 ** 31],
    ['MILLRACE_MEMORY', '4096', memory(1), 'memory', 4096],
    ['MILLRACE_CONCURRENCY', '7', 'light-cpu', 'concurrency', 7],
  ])('%s=%s goes before the machine, and an option before it', (variable, text, resource, name, limit) => {
    vi.stubEnv(variable, text);
    expect(limitsOf(resource)[name]).toBe(limit);
    const options = name === 'concurrency' ? { concurrency: 2 } : { limits: { [name]: 2 } };
    expect(limitsOf(resource, options)[name]).toBe(2);
    const absent = name === 'concurrency' ? { concurrency: undefined } : { limits: { [name]: undefined } };
    expect(limitsOf(resource, absent)[name]).toBe(limit);
  });

  test('the environment is read at run()', () => {
    const flow = demanding('heavy-cpu');
    vi.stubEnv('MILLRACE_CPU_THREADS', '11');
    expect(flow.run().snapshot().resources['heavy-cpu']?.limit).toBe(11);
  });

  test('an empty variable is an absent one', () => {
    vi.stubEnv('MILLRACE_CPU_THREADS', '');
    expect(limitsOf('heavy-cpu')).toStrictEqual({ 'heavy-cpu': cores });
  });

  test.each([
    ['MILLRACE_CPU_THREADS', 'many', 'heavy-cpu'],
    ['MILLRACE_CPU_THREADS', '0', 'heavy-cpu'],
    ['MILLRACE_CPU_THREADS', '-1', 'heavy-cpu'],
    ['MILLRACE_CPU_THREADS', '1.5', 'heavy-cpu'],
    ['MILLRACE_MEMORY', 'plenty', { memory: 1 }],
    ['MILLRACE_CONCURRENCY', 'x', 'light-cpu'],
  ])('%s=%s is an error that names the variable', (variable, text, resource) => {
    vi.stubEnv(variable, text);
    expect(faultOf(resource, {})).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining(`the environment variable ${variable}`) as unknown,
    });
  });

  test('a variable that matters to no step isn’t read', () => {
    vi.stubEnv('MILLRACE_CPU_THREADS', 'many');
    expect(limitsOf('light-io')).toStrictEqual({ 'light-io': 64 });
  });

  test.each<[string, Resource, RunSettingsOptions, string]>([
    [
      'below 0',
      'heavy-cpu',
      { limits: { 'heavy-cpu': -1 } },
      "expected limits['heavy-cpu'] to be a positive number, got -1",
    ],
    ['0', 'gpu', { limits: { gpu: 0 } }, 'a positive number, got 0'],
    ['no number', 'gpu', { limits: { gpu: '2' as never } }, 'a positive number, got "2"'],
    ['NaN', 'gpu', { limits: { gpu: Number.NaN } }, 'got NaN'],
    [
      'memory that can’t be read',
      memory(1),
      { limits: { memory: '1 giga' as never } },
      'an amount of memory',
    ],
    [
      'a missing one for a class of one’s own',
      'gpu',
      {},
      "expected limits['gpu'] to be a positive number, since steps demand 'gpu', got undefined",
    ],
    [
      'one for a class of one’s own under another name',
      'gpu',
      { limits: { gpus: 1 } },
      "since steps demand 'gpu' (did you mean it with 'gpus'?)",
    ],
    [
      'concurrency in two places',
      'gpu',
      { limits: { gpu: 1, concurrency: 2 }, concurrency: 3 },
      'option `concurrency`',
    ],
    ['limits that are no record', 'gpu', { limits: 3 as never }, 'expected limits to be a record'],
    [
      'a concurrency of 0',
      'default',
      { concurrency: 0 },
      'expected concurrency to be a whole number of at least 1, got 0',
    ],
    ['a concurrency of 1.5', 'default', { concurrency: 1.5 }, 'got 1.5'],
  ])('%s is an error of run()', (_, resource, options, message) => {
    expect(faultOf(resource, options)).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining(message) as unknown,
    });
  });

  test('that nothing demands is ignored, whatever its name', () => {
    const limits = { gpu: 1, gpv: 2, cpu: 1, database: 5, 'heavy-io': 9 };
    expect(limitsOf('gpu', { limits })).toStrictEqual({ gpu: 1 });
  });

  test('over all classes may stand among the others', () => {
    expect(limitsOf('gpu', { limits: { gpu: 1, concurrency: 2 } })).toStrictEqual({ gpu: 1, concurrency: 2 });
  });

  test('may be Infinity', () => {
    expect(limitsOf('gpu', { limits: { gpu: Infinity }, concurrency: Infinity })).toStrictEqual({
      gpu: Infinity,
      concurrency: Infinity,
    });
  });
});

test('a demand larger than its limit is an error of run(), naming step, demand and limit', () => {
  const started: string[] = [];
  const small = step('small', () => started.push('small'));
  const big = step('big', { small }, () => 1, { resource: { gpu: 4 } });
  const error = thrownBy(() => workflow('too big', { big }).run({ limits: { gpu: 2 } }));
  expect(error).toBeInstanceOf(ResourceLimitError);
  expect(error).toMatchObject({
    code: 'RESOURCE_LIMIT',
    stepId: 'big',
    resource: 'gpu',
    demand: 4,
    limit: 2,
  });
  expect(String(error)).toContain("step 'big' demands 4 of 'gpu', but the limit is 2");
  expect(started).toStrictEqual([]);
});

test('a demand for more memory than there can be too', () => {
  expect(faultOf(memory('2GiB'), { limits: { memory: '1GiB' } })).toMatchObject({
    resource: 'memory',
    demand: 2 ** 31,
    limit: 2 ** 30,
  });
});

describe('in a run', () => {
  function crowd(
    time: VirtualTime,
    size: number,
    resource: (index: number) => Resource,
    options: RunSettingsOptions,
  ) {
    const steps = Array.from({ length: size }, (_, index) =>
      step(String(index), () => time.after(10, index), { resource: resource(index) }),
    );
    return watch(workflow('crowd', Object.fromEntries(steps.map((each) => [each.id, each]))), time, options);
  }

  test.each([1, 2, 3, 7])('no more than %i steps of a class run at once, and as many as fit do', (limit) => {
    const time = new VirtualTime();
    const run = crowd(time, 42, () => 'gpu', { limits: { gpu: limit } });
    time.flush();
    expect(run.run.metrics().resources['gpu']).toStrictEqual({ limit, peak: limit, utilisation: 1 });
    expect(time.now).toBe((42 / limit) * 10);
  });

  test('all classes of a demand are taken at once or none', () => {
    const time = new VirtualTime();
    const run = crowd(time, 6, (index) => (index % 2 === 0 ? { gpu: 2, memory: 1 } : { gpu: 1, memory: 2 }), {
      limits: { gpu: 3, memory: 3 },
    });
    time.flush();
    expect(run.run.metrics().resources).toMatchObject({ gpu: { peak: 3 }, memory: { peak: 3 } });
    expect(time.now).toBe(30);
  });

  test('fractions add up to a whole', () => {
    const time = new VirtualTime();
    const run = crowd(time, 10, () => ({ gpu: 0.1 }), { limits: { gpu: 1 } });
    expect(run.all('step-started')).toHaveLength(10);
  });

  test('concurrency caps all classes together', () => {
    const time = new VirtualTime();
    const run = crowd(time, 6, (index) => (index % 2 === 0 ? 'light-io' : {}), { concurrency: 2 });
    time.flush();
    expect(run.run.metrics().resources['concurrency']).toMatchObject({ limit: 2, peak: 2 });
    expect(time.now).toBe(30);
  });

  test('a step that demands nothing never waits', () => {
    const time = new VirtualTime();
    const run = crowd(time, 100, () => ({}), {});
    expect(run.all('step-started')).toHaveLength(100);
  });

  test('a big step isn’t overtaken for ever', () => {
    const time = new VirtualTime();
    let last = step('0', () => time.after(10, 0), { resource: 'gpu' });
    const chains = [0, 1].map((lane) => {
      last = step(`lane ${String(lane)}`, () => time.after(10 + 5 * lane, 0), {
        resource: 'gpu',
        priority: 1,
      });
      for (let index = 0; index < 50; index++) {
        last = step(`${String(lane)}-${String(index)}`, { last }, () => time.after(10, 0), {
          resource: 'gpu',
          priority: 1,
        });
      }
      return [last.id, last] as const;
    });
    const big = step('big', () => 1, { resource: { gpu: 2 } });
    const run = watch(workflow('overtaking', { ...Object.fromEntries(chains), big }), time, {
      limits: { gpu: 2 },
      maxOvertakes: 6,
    });
    time.flush();
    const started = run.all('step-started').map(({ stepId }) => stepId);
    expect(started.indexOf('big')).toBeGreaterThan(2);
    expect(started.indexOf('big')).toBeLessThanOrEqual(2 + 6);
  });

  test('where nothing may be overtaken, who has waited goes first, also where all demand the same', () => {
    const time = new VirtualTime();
    const first = step('first', () => time.after(10, 1), { resource: 'db', priority: 2 });
    const after = step('after', { first }, () => 2, { resource: 'db', priority: 1 });
    const waiting = step('waiting', () => 3, { resource: 'db' });
    const run = watch(workflow('patient', { after, waiting }), time, { limits: { db: 1 }, maxOvertakes: 0 });
    time.flush();
    expect(run.all('step-started').map(({ stepId }) => stepId)).toStrictEqual(['first', 'waiting', 'after']);
  });

  test('every demand has come back at the end', () => {
    const time = new VirtualTime();
    const run = crowd(time, 10, (index) => ({ gpu: 1 + (index % 2), memory: 0.3 }), {
      limits: { gpu: 3, memory: 1 },
    });
    time.flush();
    expect(Object.values(run.run.snapshot().resources).map(({ taken }) => taken)).toStrictEqual([0, 0]);
  });
});

test('a class may have a name that every object has a property of', () => {
  expect(limitsOf('constructor', { limits: { constructor: 2 } })).toStrictEqual({ constructor: 2 });
  expect(faultOf('toString', {})).toMatchObject({ code: 'INVALID_OPTIONS' });
  expect(play(demanding({ valueOf: 1 } as never), { limits: { valueOf: 1 } }).result).toStrictEqual({
    only: 1,
  });
});
