import {
  InvalidOptionsError,
  input,
  optional,
  ResourceLimitError,
  type Step,
  StepFailedError,
  StepSkippedError,
  step,
  subflow,
  type,
  type Workflow,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { broken } from './support/broken.ts';
import { rootCause } from './support/root-cause.ts';
import { expectSound } from './support/sound.ts';
import { thrownBy } from './support/thrown-by.ts';
import { play, watch } from './support/watch.ts';

const n = input('n', type<number>());
const double = workflow('double', { result: step('result', { n }, (inputs) => 2 * inputs.n) });

describe('a subflow', () => {
  test('gives the record of its outputs, and gets its inputs from steps and inputs', () => {
    const seven = step('seven', () => 7);
    const first = subflow('first', double, { inputs: { n: seven } });
    const second = subflow('second', double, { inputs: { n } });
    const sum = step('sum', { first, second }, (inputs) => inputs.first.result + inputs.second.result);
    const run = play(workflow('main', { sum }) as never, { inputs: { n: 1 } });
    expect(run.result).toStrictEqual({ sum: 16 });
    expectSound(run);
  });

  test('tells of its steps as of any other, named after it', () => {
    const a = step('a', () => 1);
    const b = step('b', { a }, (inputs, ctx) => {
      ctx.progress(0.5);
      ctx.log(ctx.stepId);
      return inputs.a;
    });
    const run = play(workflow('main', { part: subflow('part', workflow('inner', { b })) }));
    expect(run.story).toStrictEqual([
      'run-started',
      'step-started part',
      'step-added part/a',
      'step-added part/b',
      'step-started part/a',
      'step-completed part/a',
      'step-started part/b',
      'step-progress part/b',
      'log part/b',
      'step-completed part/b',
      'step-completed part',
      'run-completed',
    ]);
    expect(run.the('step-added', 'part/b')).toMatchObject({ parentId: 'part', dependsOn: ['part/a'] });
    expect(run.the('log')).toMatchObject({ message: 'part/b' });
    expectSound(run);
  });

  test('may be there many times, and in itself', () => {
    const inner = workflow('inner', { x: step('x', () => 1) });
    const middle = workflow('middle', { a: subflow('a', inner), b: subflow('b', inner) });
    const run = play(workflow('outer', { m: subflow('m', middle), n: subflow('n', middle) }));
    expect(run.result).toStrictEqual({ m: { a: { x: 1 }, b: { x: 1 } }, n: { a: { x: 1 }, b: { x: 1 } } });
    expect(run.of('m/a/x')).toStrictEqual(['step-added', 'step-started', 'step-completed']);
    expectSound(run);
  });

  test('shares the budget of the run', () => {
    const time = new VirtualTime();
    const gpu = { resource: 'gpu' } as const;
    const inner = workflow('inner', {
      a: step('a', () => time.after(10, 1), gpu),
      b: step('b', () => time.after(10, 1), gpu),
    });
    const other = step('other', () => time.after(10, 1), gpu);
    const run = play(workflow('w', { other, s: subflow('s', inner) }), { limits: { gpu: 1 } }, time);
    expect(time.now).toBe(30);
    expect(run.run.metrics().resources['gpu']).toMatchObject({ peak: 1, utilisation: 1 });
    expectSound(run);
  });

  test('holds nothing while its steps run', () => {
    const time = new VirtualTime();
    const chain = (depth: number): Workflow<unknown, never> =>
      depth === 0
        ? workflow('leaf', { x: step('x', () => time.after(1, 1)) })
        : workflow('node', { s: subflow('s', chain(depth - 1)) });
    const run = play(chain(5), { concurrency: 1 }, time);
    expect(run.all('run-completed')).toHaveLength(1);
    expectSound(run);
  });

  test('that demands too much within is found before the run, with its name', () => {
    const inner = workflow('inner', {
      s: subflow('s', workflow('leaf', { x: step('x', () => 1, { resource: { gpu: 3 } }) })),
    });
    const outer = workflow('outer', { part: subflow('part', inner) });
    const error = thrownBy(() => outer.run({ limits: { gpu: 2 } }));
    expect(error).toBeInstanceOf(ResourceLimitError);
    expect(error).toMatchObject({ stepId: 'part/s/x', resource: 'gpu' });
    expect(() => outer.run()).toThrow(InvalidOptionsError);
  });

  test('is typed by its outputs and by what its handles need', () => {
    const own = subflow('own', double, { inputs: { n } });
    expectTypeOf(own).toEqualTypeOf<Step<{ readonly result: number }, readonly ['n', number]>>();
    const given = subflow('given', double, { inputs: { n: step('seven', () => 7) } });
    expectTypeOf(given).toEqualTypeOf<Step<{ readonly result: number }, never>>();
    // @ts-expect-error -- n is needed
    expect(() => subflow('s', double)).toThrow(InvalidOptionsError);
    // @ts-expect-error -- n is a number
    subflow('s', double, { inputs: { n: step('text', () => 'text') } });
    const returned = step('returned', () => workflow('w', { a: step('a', () => 1) }));
    expectTypeOf(returned).toEqualTypeOf<Step<{ readonly a: number }, never>>();
  });

  test.each<[string, () => unknown, RegExp]>([
    ['an input too few', () => subflow('s', double, { inputs: {} } as never), /inputs\.n/],
    ['an input too many', () => subflow('s', double, { inputs: { n, m: n } } as never), /inputs\.m/],
    ['an input that is no handle', () => subflow('s', double, { inputs: { n: 5 } } as never), /'n'/],
    ['no workflow', () => subflow('s', 5 as never), /workflow/],
    ['a resource', () => subflow('s', double, { inputs: { n }, resource: 'gpu' } as never), /resource/],
    [
      'a wrong onFailure',
      () => subflow('s', double, { inputs: { n }, onFailure: 'stop' } as never),
      /onFailure/,
    ],
    [
      'a timeout that is none',
      () => subflow('s', double, { inputs: { n }, timeout: 'soon' } as never),
      /timeout/,
    ],
  ])('with %s is refused at once', (_, make, message) => {
    const error = thrownBy(make);
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect((error as Error).message).toMatch(message);
  });

  test('has its inputs checked by their schemas when it starts, and isn’t tried again for it', () => {
    const checked = input('checked', {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) =>
          typeof value === 'number' && value > 0
            ? { value: value + 1 }
            : { issues: [{ message: 'not positive' }] },
      },
    });
    const inner = workflow('inner', { x: step('x', { checked }, (inputs) => inputs.checked) });
    const good = subflow('good', inner, { inputs: { checked: step('one', () => 1) } as never });
    expect(play(workflow('w', { good })).result).toStrictEqual({ good: { x: 2 } });
    const bad = subflow('bad', inner, { inputs: { checked: step('none', () => 0) } as never, retry: 3 });
    const run = play(workflow('w', { bad }));
    expect(run.error).toMatchObject({ stepId: 'bad', attempts: 1, cause: { code: 'INVALID_OPTIONS' } });
    expectSound(run);
  });

  test('may be given as a function, which is asked when it starts', () => {
    let asked = 0;
    const late = subflow(
      'late',
      () => {
        asked++;
        return double;
      },
      { inputs: { n: step('five', () => 5) } },
    );
    const main = workflow('main', { late });
    expect(asked).toBe(0);
    expect(play(main).result).toStrictEqual({ late: { result: 10 } });
    expect(asked).toBe(1);
  });

  test.each<[string, () => unknown]>([
    ['throws', broken],
    ['gives no workflow', () => 5],
    ['gives one that needs other inputs', () => double],
  ])('whose function %s fails', (_, make) => {
    const run = play(workflow('w', { s: subflow('s', make as () => Workflow<unknown, never>) }));
    expect(run.error).toBeInstanceOf(StepFailedError);
    expect(run.error).toMatchObject({ stepId: 's' });
    expectSound(run);
  });

  test('is skipped where its when says no', () => {
    const s = subflow('s', workflow('inner', { x: step('x', broken) }), { when: () => false });
    const run = play(
      workflow('w', { s: optional(s), end: step('end', { s: optional(s) }, (inputs) => inputs.s ?? 'none') }),
    );
    expect(run.result).toStrictEqual({ s: undefined, end: 'none' });
    expectSound(run);
  });

  test('may have outputs that are missing', () => {
    const maybe = step('maybe', () => 1, { when: () => false });
    const s = subflow('s', workflow('inner', { maybe: optional(maybe) }));
    const run = play(workflow('w', { s }));
    expect(run.result).toStrictEqual({ s: { maybe: undefined } });
    expectSound(run);
  });

  test('fails where an output is missing that must not be', () => {
    const s = subflow('s', workflow('inner', { maybe: step('maybe', () => 1, { when: () => false }) }));
    const run = play(workflow('w', { s }));
    expect(run.error).toMatchObject({ stepId: 's', cause: { stepId: 's/maybe' } });
    expect(rootCause(run.error)).toBeInstanceOf(StepSkippedError);
    expectSound(run);
  });

  test('lets the number of its steps be seen', () => {
    const time = new VirtualTime();
    const a = step('a', () => time.after(10, 1));
    const inner = workflow('inner', { b: step('b', { a }, () => 1), c: step('c', () => time.after(5, 1)) });
    const run = watch(workflow('w', { s: subflow('s', inner) }), time);
    time.advanceTo(7);
    expect(run.run.metrics().steps.get('s')?.children).toMatchObject({ added: 3, running: 1, completed: 1 });
    time.flush();
    expectSound(run);
  });
});
