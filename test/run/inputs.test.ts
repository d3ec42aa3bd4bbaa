import { input, type Schema, step, type, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { thrownBy } from './support/thrown-by.ts';
import { play } from './support/watch.ts';

/** A workflow that gives back the value of its input. */
function echo<Value>(schema: Schema<Value>) {
  const value = input('value', schema);
  return workflow('echo', { echo: step('echo', { value }, ({ value: given }) => given) });
}

function schemaOf(validate: Schema<string>['~standard']['validate']): Schema<string> {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

const given = (schema: Schema, inputs: unknown): unknown =>
  play(echo(schema), { inputs: inputs as never }).result;
const refused = (schema: Schema, inputs: unknown): unknown =>
  thrownBy(() => echo(schema).run({ inputs: inputs as never }));

describe('an input is checked against its schema before anything runs', () => {
  test('a value that fits comes to the steps', () => {
    expect(given(z.string(), { value: 'a' })).toStrictEqual({ echo: 'a' });
  });

  test('a value that the schema transforms comes transformed', () => {
    expect(given(z.string().transform(Number), { value: '42' })).toStrictEqual({ echo: 42 });
    expect(given(z.coerce.number(), { value: '7' })).toStrictEqual({ echo: 7 });
  });

  test('a schema’s default stands in for an absent value', () => {
    expect(given(z.number().default(5), {})).toStrictEqual({ echo: 5 });
    expect(given(z.number().default(5), { value: undefined })).toStrictEqual({ echo: 5 });
    expect(given(z.number().default(5), undefined)).toStrictEqual({ echo: 5 });
  });

  test.each<[string, Schema, unknown, string]>([
    ['of the wrong type', z.string(), { value: 1 }, "echo'"],
    [
      'of the wrong type, with the message of the schema',
      z.string('a path, please'),
      { value: 1 },
      'inputs.value to be valid (a path, please), got 1',
    ],
    [
      'with the path to what is wrong',
      z.object({ rows: z.array(z.number()) }),
      { value: { rows: [1, 'two'] } },
      'rows.1: ',
    ],
    ['that is missing', z.string(), {}, 'inputs.value'],
    [
      'that is missing though its type doesn’t say so',
      type<string>(),
      {},
      'expected inputs.value to be given, got undefined',
    ],
    ['that is missing with all others', type<string>(), undefined, 'inputs.value'],
    [
      'that isn’t in a record',
      type<string>(),
      ['a'],
      'expected inputs to be a record of values by name, got an array of 1',
    ],
    ['that is in null', type<string>(), null, 'inputs'],
    [
      'whose schema validates asynchronously',
      z.string().refine(() => Promise.resolve(true)),
      { value: 'a' },
      'validates synchronously',
    ],
    [
      'whose schema validates asynchronously and rejects',
      schemaOf(() => Promise.reject(new Error('no'))),
      { value: 'a' },
      'validates synchronously',
    ],
    [
      'whose schema gives nonsense',
      schemaOf(() => undefined as never),
      { value: 'a' },
      'answers as Standard Schema says, not with undefined',
    ],
    ['that isn’t given', schemaOf(() => ({ issues: [{ message: 'no' }] })), {}, 'inputs.value to be given'],
  ])('%s is an error of run()', (_, schema, inputs, message) => {
    expect(refused(schema, inputs)).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining(message) as unknown,
    });
  });

  test('a schema that throws is an error that names the input, with what it threw', () => {
    const oops = new Error('in the schema');
    const schema = schemaOf(() => {
      throw oops;
    });
    expect(refused(schema, { value: 'a' })).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('inputs.value') as unknown,
    });
    expect(String(refused(schema, { value: 'a' }))).toContain('in the schema');
  });

  test('a schema that gives a thenable validates asynchronously', () => {
    const thenable = { then: () => undefined } as never;
    expect(
      String(
        refused(
          schemaOf(() => thenable),
          { value: 'a' },
        ),
      ),
    ).toContain('validates synchronously');
  });

  test('every fault is named at once', () => {
    const a = input('a', z.string());
    const b = input('b', z.number());
    const flow = workflow('both', { both: step('both', { a, b }, () => 1) });
    const error = thrownBy(() => flow.run({ inputs: { a: 1, b: 'x' } as never, concurrency: -1 }));
    expect(error).toMatchObject({
      problems: [
        { option: 'inputs.a', value: 1 },
        { option: 'inputs.b', value: 'x' },
        { option: 'concurrency', value: -1 },
      ],
    });
  });
});

describe('an input that the workflow doesn’t have', () => {
  test.each<[unknown, string]>([
    [{ value: 'a', vlaue: 'b' }, "did you mean 'value'?"],
    [{ value: 'a', somethingElse: 'b' }, "it has 'value'"],
    [{ value: 'a', constructor: 'b' }, 'inputs.constructor'],
  ])('is an error with the names there are: %o', (inputs, message) => {
    expect(String(refused(type(), inputs))).toContain(message);
  });

  test('where there are none', () => {
    expect(
      String(
        thrownBy(() => workflow('none', { one: step('one', () => 1) }).run({ inputs: { a: 1 } as never })),
      ),
    ).toContain('the workflow has none');
  });
});

test('type() accepts anything that is given, undefined included', () => {
  for (const value of [1, null, undefined, [], () => 1])
    expect(given(type(), { value })).toStrictEqual({ echo: value });
});

test('an input named like a property of every object is missing where it isn’t given', () => {
  const odd = input('toString', z.any());
  const seen: unknown[] = [];
  const flow = workflow('odd', {
    odd: step('odd', { odd }, (inputs) => {
      seen.push(inputs.odd);
    }),
  });
  play(flow, { inputs: {} });
  expect(seen).toStrictEqual([undefined]);
});

test('one handle may feed any number of steps, under any name', () => {
  const path = input('path', type<string>());
  const left = step('left', { path }, (inputs) => `left ${inputs.path}`);
  const right = step('right', { where: path }, (inputs) => `right ${inputs.where}`);
  expect(play(workflow('shared', { left, right }), { inputs: { path: 'p' } }).result).toStrictEqual({
    left: 'left p',
    right: 'right p',
  });
});

test('an input may be the last dependency as well as the first, among steps', () => {
  const n = input('n', type<number>());
  const one = step('one', () => 1);
  const sum = step(
    'sum',
    { one, n, two: step('two', { n }, (inputs) => inputs.n * 2) },
    (inputs) => inputs.one + inputs.n + inputs.two,
  );
  expect(play(workflow('mixed', { sum }), { inputs: { n: 10 } }).result).toStrictEqual({ sum: 31 });
});

test.each<[string, () => unknown, string]>([
  ['an empty name', () => input('', type()), 'name'],
  ['a name that is no string', () => input(7 as never, type()), 'name'],
  ['no schema', () => input('a', undefined as never), "input('a'): expected schema to be a Standard Schema"],
  ['a schema that isn’t one', () => input('a', { parse: () => 1 } as never), 'a Standard Schema'],
])('input() throws at once on %s', (_, make, message) => {
  expect(thrownBy(make)).toMatchObject({
    code: 'INVALID_OPTIONS',
    message: expect.stringContaining(message) as unknown,
  });
});

test('a schema that is a function, as arktype’s, is one', () => {
  const callable = Object.assign(() => 1, {
    '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) },
  });
  expect(given(callable, { value: 3 })).toStrictEqual({ echo: 3 });
});

test('an input handle is immutable', () => {
  expect(Object.isFrozen(input('a', type()))).toBe(true);
});

test('a run tells its inputs by name, as its schemas gave them', () => {
  const path = input('path', type<string>());
  const count = input('count', type<number>());
  const flow = workflow('told', { only: step('only', { path, count }, () => 1) });
  expect(flow.run({ inputs: { path: 'a.csv', count: 3 } }).inputs).toEqual({ path: 'a.csv', count: 3 });
});
