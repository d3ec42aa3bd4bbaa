import { InvalidWorkflowError, input, step, type, type WorkflowFault, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';
import { play } from '../run/support/watch.ts';
import { faultsOf } from './support/faults-of.ts';

const one = (): number => 1;

describe('workflow()', () => {
  test('is the graph of the steps that the outputs reach, in the order of definition', () => {
    const a = step('a', one);
    const b = step('b', one);
    const d = step('d', { b }, one);
    const c = step('c', { d, a }, one);
    const flow = workflow('reached', { c, b }, { description: 'what it is for' });
    expect([flow.name, flow.description]).toStrictEqual(['reached', 'what it is for']);
    expect(flow.graph.ids).toStrictEqual(['a', 'b', 'd', 'c']);
    expect(flow.graph.topologicalOrder()).toStrictEqual(['a', 'b', 'd', 'c']);
    expect(flow.graph.dependenciesOf('c')).toStrictEqual(['d', 'a']);
  });

  test('its outputs have the names they are given, and may repeat', () => {
    const a = step('a', () => 'A');
    expect(play(workflow('named', { first: a, second: a })).result).toStrictEqual({
      first: 'A',
      second: 'A',
    });
  });

  test('it is built in the order of definition also where others were defined in between', () => {
    const a = step('a', one);
    for (let index = 0; index < 100; index++) step(`between ${String(index)}`, one);
    const b = step('b', one);
    expect(workflow('sparse', { b, a }).graph.ids).toStrictEqual(['a', 'b']);
  });

  test.each<[string, () => unknown, WorkflowFault[]]>([
    ['no outputs', () => workflow('w', {}), [{ kind: 'empty' }]],
    [
      'outputs that are no record',
      () => workflow('w', [step('a', one)] as never),
      [
        {
          kind: 'bad-definition',
          where: 'the outputs',
          expected: 'a record of steps, as in { report }',
          value: expect.any(Array),
        },
      ],
    ],
    [
      'no outputs at all',
      () => workflow('w', undefined as never),
      [
        {
          kind: 'bad-definition',
          where: 'the outputs',
          expected: expect.any(String) as string,
          value: undefined,
        },
      ],
    ],
    [
      'an output that isn’t a step',
      () => workflow('w', { a: 1 as never }),
      [{ kind: 'bad-definition', where: "the output 'a'", expected: 'a step made by step()', value: 1 }],
    ],
    [
      'an output that is an input',
      () => workflow('w', { a: input('a', type()) as never }),
      [
        {
          kind: 'bad-definition',
          where: "the output 'a'",
          expected: 'a step made by step()',
          value: expect.anything(),
        },
      ],
    ],
    [
      'two steps with one id',
      () => workflow('w', { a: step('same', one), b: step('same', one) }),
      [{ kind: 'duplicate-step', stepId: 'same' }],
    ],
    [
      'two input handles with one name',
      () =>
        workflow('w', {
          a: step('a', { x: input('x', type()) }, one),
          b: step('b', { x: input('x', type()) }, one),
        }),
      [{ kind: 'duplicate-input', input: 'x' }],
    ],
    [
      'several at once',
      () =>
        workflow('w', {
          a: step('same', { x: input('x', type()) }, one),
          b: step('same', { x: input('x', type()) }, one),
          c: null as never,
        }),
      [
        { kind: 'bad-definition', where: "the output 'c'", expected: 'a step made by step()', value: null },
        { kind: 'duplicate-step', stepId: 'same' },
        { kind: 'duplicate-input', input: 'x' },
      ],
    ],
  ])('refuses %s', (_, make, faults) => {
    expect(faultsOf(make)).toStrictEqual(faults);
  });
});

test('every kind of fault has a sentence', () => {
  const faults: WorkflowFault[] = [
    { kind: 'empty' },
    { kind: 'bad-definition', where: 'x', expected: 'y', value: 1 },
    { kind: 'duplicate-step', stepId: 'a' },
    { kind: 'duplicate-input', input: 'a' },
    { kind: 'name-clash', name: 'a' },
    { kind: 'self-dependency', stepId: 'a' },
    { kind: 'unknown-dependency', stepId: 'a', dependency: 'b', nearest: 'c' },
    { kind: 'unknown-output', output: 'a', nearest: 'b' },
    { kind: 'cycle', path: ['a', 'b', 'a'] },
  ];
  expect(new InvalidWorkflowError('all', faults).message).toMatchInlineSnapshot(
    `"workflow 'all' can't be built: (1) it has no steps; give it at least one; (2) expected x to be y, got 1; (3) two steps have the id 'a'; ids are unique within a workflow; (4) two input handles have the name 'a'; make the handle once and share it; (5) 'a' is the id of a step and the name of an input; rename one of them; (6) step 'a' depends on itself; take that dependency away; (7) step 'a' depends on 'b', which doesn't exist; did you mean 'c'?; (8) the output 'a' isn't a step; did you mean 'b'?; (9) a cycle: a → b → a; take one of these dependencies away"`,
  );
});
