import {
  choose,
  fallback,
  firstOf,
  forEachStep,
  InvalidWorkflowError,
  optional,
  type Step,
  step,
  stream,
  subflow,
  workflow,
} from 'millrace';
import { describe, expect, it } from 'vitest';
import { all, counted, counting } from './support/streamed.ts';

describe('with branches:', () => {
  const { numbers } = counting('numbers', 5);

  it('a reader that is skipped is not waited for', async () => {
    const read = step('read', { numbers: stream(numbers) }, (inputs) => all(inputs.numbers), {
      when: () => false,
    });
    const whole = step('whole', { numbers: stream(numbers) }, (inputs) => all(inputs.numbers));
    const flow = workflow('streams', { whole, read: optional(read) });
    expect(await flow.run().result()).toEqual({ whole: [0, 1, 2, 3, 4], read: undefined });
  });

  it('a producer that is skipped skips its readers', async () => {
    const source = step('source', () => counted(3), { when: () => false });
    const read = step('read', { source: stream(source) }, (inputs) => all(inputs.source));
    const flow = workflow('streams', { read: optional(read) });
    expect(await flow.run().result()).toEqual({ read: undefined });
  });

  it('a branch may stream, and one that is not taken does not', async () => {
    const read = step('read', { numbers: stream(numbers) }, (inputs) => all(inputs.numbers));
    const flow = (branch: 'read' | 'no') =>
      workflow('streams', {
        out: choose('out', {}, () => branch, { read, no: step('no', () => 'nothing') }),
      });
    expect(await flow('read').run().result()).toEqual({ out: [0, 1, 2, 3, 4] });
    const run = flow('no').run();
    expect(await run.result()).toEqual({ out: 'nothing' });
    expect(run.snapshot().counts).toMatchObject({ skipped: 2 });
  });

  it('what loses a race stops with its producer', async () => {
    const { numbers: endless, asked } = counting('endless', Infinity);
    const read = step('read', { endless: stream(endless) }, (inputs) => all(inputs.endless));
    const first = firstOf('first', [read, step('quick', () => Promise.resolve('quick'))]);
    expect(await workflow('streams', { first }).run().result()).toEqual({ first: 'quick' });
    expect(asked.isReturned || asked.count === 0).toBe(true);
  });

  it('a workflow with streams is tried again as a whole', async () => {
    let attempts = 0;
    const source = step('source', () => counted(4));
    const read = step('read', { source: stream(source) }, async (inputs) => {
      const list = await all(inputs.source);
      if (++attempts < 3) throw new Error('not yet');
      return list;
    });
    const again = subflow('again', workflow('inner', { read }), { retry: 2 });
    expect(await workflow('streams', { again }).run().result()).toEqual({ again: { read: [0, 1, 2, 3] } });
    expect(attempts).toBe(3);
  });
});

describe('whoever reads a step that is decided about later', () => {
  const late = () => {
    const before = step('before', () => Promise.resolve(1));
    const skipped = step('skipped', { before }, () => counted(3), { when: () => false });
    const read = step('read', { skipped: stream(skipped) }, (inputs) => all(inputs.skipped));
    return { before, skipped, read };
  };

  it('is skipped with it', async () => {
    const { read } = late();
    expect(
      await workflow('late', { read: optional(read) })
        .run()
        .result(),
    ).toEqual({ read: undefined });
  });

  it('is skipped with it where it needs something else, too', async () => {
    const { before, skipped } = late();
    const read = step('read', { skipped: stream(skipped), before }, () => 1);
    const each = forEachStep('each', { items: stream(skipped), before }, (number) => number);
    const flow = workflow('late', { read: optional(read), each: optional(each) });
    expect(await flow.run().result()).toEqual({ read: undefined, each: undefined });
  });

  it('can’t be in a branch that is chosen by its end', () => {
    const numbers = step('numbers', () => counted(3));
    const one = step('one', { numbers: stream(numbers) }, (inputs) => all(inputs.numbers));
    const two = step('two', { numbers: stream(numbers) }, (inputs) => all(inputs.numbers));
    const after = step('after', { one }, () => 'b' as const);
    const other = step('other', () => 1);
    const refused = (out: Step<unknown, never>): void => {
      expect(() => workflow('late', { out })).toThrow(InvalidWorkflowError);
    };
    refused(fallback('out', one, two));
    refused(choose('out', { numbers }, () => 'b', { a: one, b: other }));
    refused(choose('out', { after }, () => 'b', { a: two, b: other }));
    refused(
      fallback(
        'out',
        one,
        step('more', { two }, () => 1),
      ),
    );
    // What decides has nothing to do with the stream.
    expect(workflow('late', { out: choose('out', { other }, () => 'b', { a: one, b: two }) })).toBeDefined();
  });
});
