import {
  defineWorkflow,
  type Input,
  input,
  type Output,
  type Run,
  type Step,
  type StepContext,
  step,
  type,
  type Workflow,
  workflow,
} from 'millrace';
import { type InteropObservable, NEVER, type Observable, of } from 'rxjs';
import { describe, expectTypeOf, test } from 'vitest';
import { z } from 'zod';

type Any = any;
declare const any: Any;
declare const unknown: unknown;
declare const never: never;
declare const interop: InteropObservable<number>;
declare function numbers(): AsyncGenerator<number>;

/** The output of a step that returns such a value. */
declare function outOf<Returned>(returned: () => Returned): Output<Returned>;

describe('the output of a step', () => {
  test('plain values are outputs', () => {
    expectTypeOf(step('a', () => 1)).toEqualTypeOf<Step<number, never>>();
    expectTypeOf(outOf(() => 'text')).toEqualTypeOf<string>();
    expectTypeOf(outOf(() => [1, 2])).toEqualTypeOf<number[]>();
    expectTypeOf(outOf(() => [1, 'a'] as const)).toEqualTypeOf<readonly [1, 'a']>();
    expectTypeOf(outOf(() => ({ rows: 1 }))).toEqualTypeOf<{ rows: number }>();
    expectTypeOf(outOf(() => new Set([1]))).toEqualTypeOf<Set<number>>();
    expectTypeOf(outOf(() => undefined)).toEqualTypeOf<undefined>();
    expectTypeOf(outOf(() => null)).toEqualTypeOf<null>();
    expectTypeOf(outOf(() => (): number => 1)).toEqualTypeOf<() => number>();
  });

  test('Promises, Observables and AsyncIterables unwrap', () => {
    expectTypeOf(outOf(() => Promise.resolve(1))).toEqualTypeOf<number>();
    expectTypeOf(outOf(() => of(1))).toEqualTypeOf<number>();
    expectTypeOf(outOf(numbers)).toEqualTypeOf<number>();
    expectTypeOf(outOf(() => interop)).toEqualTypeOf<number>();
    expectTypeOf(outOf(() => NEVER)).toEqualTypeOf<never>();
    expectTypeOf(outOf(() => Promise.resolve([1]))).toEqualTypeOf<number[]>();
    expectTypeOf(outOf(() => of([1]))).toEqualTypeOf<number[]>();
  });

  test('a Promise of a stream unwraps too; a stream of Promises doesn’t', () => {
    expectTypeOf(outOf(() => Promise.resolve(of(1)))).toEqualTypeOf<number>();
    expectTypeOf(outOf(() => Promise.resolve(numbers()))).toEqualTypeOf<number>();
    expectTypeOf(outOf(() => of(Promise.resolve(1)))).toEqualTypeOf<Promise<number>>();
  });

  test('each member of a union unwraps', () => {
    expectTypeOf(outOf(() => any as number | Promise<string> | Observable<boolean>)).toEqualTypeOf<
      number | string | boolean
    >();
  });

  test('any stays any, unknown unknown, never never', () => {
    expectTypeOf(outOf(() => any as unknown as Any)).toBeAny();
    expectTypeOf(outOf(() => unknown)).toBeUnknown();
    expectTypeOf(outOf(() => never)).toBeNever();
    expectTypeOf(step('any', () => any)).toEqualTypeOf<Step<Any, never>>();
  });
});

const text = input('text', type<string>());
const count = input('count', z.number());
const parsed = input('parsed', z.string().transform(Number));
const a = step('a', { text }, (inputs) => inputs.text.length);
const b = step('b', { a, count }, (inputs) => [inputs.a + inputs.count]);

describe('the inputs of a step', () => {
  test('are the outputs of its dependencies, by name', () => {
    step('c', { a, b, count, text }, (inputs, ctx) => {
      expectTypeOf(inputs).toEqualTypeOf<{
        readonly a: number;
        readonly b: number[];
        readonly count: number;
        readonly text: string;
      }>();
      expectTypeOf(ctx).toEqualTypeOf<StepContext>();
    });
    step('d', (ctx) => {
      expectTypeOf(ctx).toEqualTypeOf<StepContext>();
    });
  });

  test('a wrong use of them is an error', () => {
    // @ts-expect-error -- a number has no length
    step('c', { a }, (inputs) => inputs.a.length);
    // @ts-expect-error -- there is no such dependency
    step('c', { a }, (inputs) => inputs.b);
    step('c', { a }, (inputs) => {
      // @ts-expect-error -- inputs are read-only
      inputs.a = 1;
    });
    // @ts-expect-error -- a dependency is a handle, not a value
    step('c', { a: 1 }, () => 1);
    // @ts-expect-error -- dependencies come as a record
    step('c', [a], () => 1);
  });

  test('the function may be written beforehand', () => {
    const double = ({ a: value }: { readonly a: number }): number => value * 2;
    expectTypeOf(step('c', { a }, double)).toEqualTypeOf<Step<number, readonly ['text', string]>>();
    const shout = ({ a: value }: { readonly a: string }): string => value.toUpperCase();
    // @ts-expect-error -- a is a number, and it wants a string
    step('c', { a }, shout);
  });
});

describe('the options of a step', () => {
  test('cleanup gets the output', () => {
    step('c', { a }, () => of('x'), {
      cleanup: (output, outcome) => {
        expectTypeOf(output).toEqualTypeOf<string>();
        expectTypeOf(outcome).toEqualTypeOf<'failed' | 'cancelled'>();
      },
    });
    step('c', () => Promise.resolve(1), {
      cleanup: (output) => {
        expectTypeOf(output).toEqualTypeOf<number>();
      },
    });
  });

  test('misspelt and wrong ones are errors', () => {
    // @ts-expect-error -- retries
    step('c', () => 1, { retries: 3 });
    // @ts-expect-error -- no unit
    step('c', () => 1, { timeout: '30' });
    // @ts-expect-error -- no such unit
    step('c', () => 1, { timeout: '30 seconds' });
    // @ts-expect-error -- attempts is required
    step('c', () => 1, { retry: { delay: 10 } });
    // @ts-expect-error -- a demand is a number
    step('c', () => 1, { resource: { gpu: true } });
    step('c', () => 1, {
      timeout: '1.5h',
      retry: 3,
      resource: ['heavy-io', { memory: '1GiB' }, 'gpu'],
      estimate: 7,
    });
  });
});

describe('what a workflow requires', () => {
  const none = workflow('none', { one: step('one', () => 1) });
  const one = workflow('one', { a });
  const two = workflow('two', { b, a });

  test('its outputs are those of its steps, by name', () => {
    expectTypeOf(two.run({ inputs: { text: 'x', count: 1 } })).toEqualTypeOf<
      Run<{ readonly b: number[]; readonly a: number }>
    >();
    expectTypeOf(none.run().result()).resolves.toEqualTypeOf<{ readonly one: number }>();
    expectTypeOf(one.result$({ inputs: { text: 'x' } })).toEqualTypeOf<Observable<{ readonly a: number }>>();
    expectTypeOf(none.run().output$(a)).toEqualTypeOf<Observable<number>>();
    expectTypeOf(none.run().output$('a')).toEqualTypeOf<Observable<unknown>>();
  });

  test('inputs are required as far as they are reached, and of their type', () => {
    none.run();
    none.run({});
    none.run({ inputs: {} });
    none.run({ concurrency: 1 });
    none.run(undefined);
    // @ts-expect-error -- it has none
    none.run({ inputs: { text: 'x' } });
    one.run({ inputs: { text: 'x' } });
    // @ts-expect-error -- text is missing
    one.run();
    // @ts-expect-error -- text is missing
    one.run({});
    // @ts-expect-error -- text is missing
    one.run({ inputs: {} });
    // @ts-expect-error -- text is a string
    one.run({ inputs: { text: 1 } });
    // @ts-expect-error -- there is no count
    one.run({ inputs: { text: 'x', count: 1 } });
    // @ts-expect-error -- count is missing
    two.run({ inputs: { text: 'x' } });
    // @ts-expect-error -- text is missing
    void one.result$();
  });

  test('options are checked', () => {
    // @ts-expect-error -- concurency
    none.run({ concurency: 1 });
    // @ts-expect-error -- one of two
    none.run({ onFailure: 'stop' });
    // @ts-expect-error -- inputs are no outputs
    workflow('w', { text });
    // @ts-expect-error -- values are no outputs
    workflow('w', { text: 1 });
  });

  test('any workflow is a Workflow, and any step a Step', () => {
    const show = (flow: Workflow): string => flow.name;
    show(none);
    show(one);
    show(two);
    show(defineWorkflow('d', []));
    const ids = (...steps: Step[]): string[] => steps.map(({ id }) => id);
    ids(
      a,
      b,
      step('never', () => never),
    );
    const inputs = (...handles: Input[]): string[] => handles.map(({ name }) => name);
    inputs(text, count, parsed);
  });

  test('outputs that are not called for are not taken for granted', () => {
    const flow: Workflow<{ readonly a: number }> = one;
    expectTypeOf(flow.run().result()).resolves.toEqualTypeOf<{ readonly a: number }>();
    // @ts-expect-error -- a is a number
    const wrong: Workflow<{ readonly a: string }> = one;
    expectTypeOf(wrong).not.toBeAny();
  });
});

describe('Step<Out> alone', () => {
  test('means inputs that are checked at run time only', () => {
    const erased: Step<number> = a;
    const flow = workflow('erased', { erased });
    flow.run();
    flow.run({ inputs: { anything: 1 } });
    expectTypeOf(flow.run().result()).resolves.toEqualTypeOf<{ readonly erased: number }>();
    step('c', { erased }, (inputs) => {
      expectTypeOf(inputs.erased).toEqualTypeOf<number>();
    });
  });

  test('of one type is not of another', () => {
    // @ts-expect-error -- a is a Step<number>
    const wrong: Step<string> = a;
    expectTypeOf(wrong).not.toBeAny();
    const wider: Step<number | string> = a;
    expectTypeOf(wider).not.toBeAny();
  });
});

describe('a schema', () => {
  test('gives the type of its output', () => {
    expectTypeOf(count).toEqualTypeOf<Input<'count', number>>();
    expectTypeOf(text).toEqualTypeOf<Input<'text', string>>();
    step('c', { parsed }, (inputs) => {
      expectTypeOf(inputs.parsed).toEqualTypeOf<number>();
    });
    // @ts-expect-error -- not a Standard Schema
    input('c', { parse: (value: unknown) => value });
  });

  test('literal, optional and nested types stay', () => {
    const mode = input('mode', z.enum(['fast', 'slow']).optional());
    step('c', { mode }, (inputs) => {
      expectTypeOf(inputs.mode).toEqualTypeOf<'fast' | 'slow' | undefined>();
    });
  });
});

describe('defineWorkflow', () => {
  test('has outputs and inputs that only the data knows', () => {
    const flow = defineWorkflow(
      'd',
      [
        {
          id: 'a',
          dependsOn: ['x'],
          run: (inputs, ctx) => {
            expectTypeOf(inputs).toEqualTypeOf<Readonly<Record<string, unknown>>>();
            expectTypeOf(ctx).toEqualTypeOf<StepContext>();
            return 1;
          },
        },
      ],
      { inputs: [text, count] },
    );
    expectTypeOf(flow.run({ inputs: { text: 'x' } }).result()).resolves.toEqualTypeOf<
      Readonly<Record<string, unknown>>
    >();
    flow.run();
    // @ts-expect-error -- dependOn
    defineWorkflow('d', [{ id: 'a', dependOn: [], run: () => 1 }]);
    // @ts-expect-error -- an id is required
    defineWorkflow('d', [{ run: () => 1 }]);
  });
});
