import {
  choose,
  firstOf,
  InvalidOptionsError,
  InvalidWorkflowError,
  step,
  stream,
  subflow,
  workflow,
} from 'millrace';
import { describe, expect, it } from 'vitest';
import { all, causeOf, counting } from './support/streamed.ts';

describe('is refused:', () => {
  const { numbers } = counting('numbers', 3);

  it.each([
    ['a capacity below 1', () => stream(numbers, { capacity: 0 }), 'capacity'],
    ['a capacity without an end', () => stream(numbers, { capacity: Infinity }), 'capacity'],
    ['a policy that there is not', () => stream(numbers, { overflow: 'drop' as never }), 'overflow'],
    [
      'an option that there is not',
      () => stream(numbers, { capcity: 1 } as never),
      "did you mean 'capacity'?",
    ],
    ['what is no step', () => stream('numbers' as never), 'a step made by step()'],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(InvalidOptionsError);
    expect(make).toThrow(message);
  });

  it('waiting for the end of what is read', () => {
    const read = step('read', { numbers: stream(numbers), last: numbers }, () => 1);
    expect(() => workflow('streams', { read })).toThrow(InvalidWorkflowError);
    expect(() => workflow('streams', { read })).toThrow('numbers → read');
  });

  it('waiting for it through others', () => {
    const { numbers: source } = counting('source', 3);
    const last = step('last', { source }, (inputs) => inputs.source);
    const between = step('between', { last }, (inputs) => inputs.last);
    const read = step('read', { source: stream(source), between }, () => 1);
    expect(() => workflow('streams', { read })).toThrow('source → last → between → read');
  });

  it('two groups that wait for each other', () => {
    const one = counting('one', 3).numbers;
    const two = counting('two', 3).numbers;
    const readOne = step('readOne', { one: stream(one), two }, () => 1);
    const readTwo = step('readTwo', { two: stream(two), one }, () => 2);
    expect(() => workflow('streams', { readOne, readTwo })).toThrow(InvalidWorkflowError);
  });

  it('the stream of a step that emits nothing itself', () => {
    const joined = firstOf('joined', [numbers]);
    const read = step('read', { joined: stream(joined) }, () => 1);
    expect(() => workflow('streams', { read })).toThrow("the stream of 'joined' in step 'read'");
  });

  it('as an input of a subflow, and in a choice', () => {
    const inner = workflow('inner', { one: step('one', () => 1) });
    expect(() => subflow('sub', inner, { inputs: { rows: stream(numbers) } } as never)).toThrow(
      InvalidOptionsError,
    );
    expect(() => choose('pick', { rows: stream(numbers) }, () => 'a', { a: numbers })).toThrow(
      InvalidOptionsError,
    );
  });

  it('a second reading', async () => {
    const read = step('read', { numbers: stream(numbers) }, async (inputs) => {
      await all(inputs.numbers);
      return all(inputs.numbers);
    });
    const cause = await causeOf(workflow('streams', { read }).run().result());
    expect(cause).toBeInstanceOf(InvalidOptionsError);
    expect(String(cause)).toContain("the stream of 'numbers' to be read once");
  });
});
