import { type Definition, defineWorkflow, input, type, type WorkflowFault, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';
import { thrownBy } from '../run/support/thrown-by.ts';
import { play } from '../run/support/watch.ts';
import { faultsOf } from './support/faults-of.ts';

const one = (): number => 1;

describe('defineWorkflow()', () => {
  test('makes a workflow of data; its outputs are the steps that nothing depends on', () => {
    const flow = defineWorkflow('built', [
      { id: 'compile', run: () => 'app.js' },
      { id: 'pack', dependsOn: ['compile'], run: ({ compile }) => `${String(compile)}.gz` },
      { id: 'lint', run: () => 'fine' },
    ]);
    expect(play(flow).result).toStrictEqual({ pack: 'app.js.gz', lint: 'fine' });
  });

  test('or those that are named, while all of it runs', () => {
    const ran: string[] = [];
    const run = (_: unknown, { stepId }: { stepId: string }) => ran.push(stepId);
    const flow = defineWorkflow(
      'built',
      [
        { id: 'a', run },
        { id: 'b', dependsOn: ['a'], run },
      ],
      { outputs: ['a'] },
    );
    expect(play(flow).result).toStrictEqual({ a: 1 });
    expect(ran).toStrictEqual(['a', 'b']);
  });

  test('a step may be defined before those it depends on', () => {
    const flow = defineWorkflow('any order', [
      { id: 'last', dependsOn: ['middle'], run: (inputs) => inputs },
      { id: 'middle', dependsOn: ['first'], run: (inputs) => inputs },
      { id: 'first', run: () => 1 },
    ]);
    expect(flow.graph.topologicalOrder()).toStrictEqual(['first', 'middle', 'last']);
    expect(play(flow).result).toStrictEqual({ last: { middle: { first: 1 } } });
  });

  test('run is always (inputs, ctx), the inputs keyed by id', () => {
    const seen: unknown[] = [];
    const run = (inputs: unknown, { stepId }: { stepId: string }) => {
      seen.push([stepId, inputs]);
      return stepId;
    };
    const path = input('path', type<string>());
    const flow = defineWorkflow(
      'inputs',
      [
        { id: 'a', run },
        { id: 'b', dependsOn: ['path', 'a'], run },
      ],
      { inputs: [path] },
    );
    play(flow, { inputs: { path: '/tmp' } });
    expect(seen).toStrictEqual([
      ['a', {}],
      ['b', { path: '/tmp', a: 'a' }],
    ]);
  });

  test('takes all options of a step', () => {
    const retry = { attempts: 2 };
    let calls = 0;
    const flow = defineWorkflow('options', [
      {
        id: 'a',
        run: () => {
          if (++calls === 1) throw new Error('once');
          return calls;
        },
        retry,
        resource: 'gpu',
        priority: 1,
        estimate: 5,
        description: 'd',
        group: 'g',
        tags: ['t'],
        timeout: '1s',
        cleanup: () => undefined,
      },
    ]);
    expect(play(flow, { limits: { gpu: 1 } }).result).toStrictEqual({ a: 2 });
    expect([...flow.steps]).toStrictEqual([
      {
        id: 'a',
        dependsOn: [],
        kind: 'step',
        demand: { gpu: 1 },
        priority: 1,
        estimate: 5,
        description: 'd',
        group: 'g',
        tags: ['t'],
      },
    ]);
  });

  test('naming a dependency twice is naming it once, and no cycle', () => {
    const flow = defineWorkflow('twice', [
      { id: 'a', run: () => 1 },
      { id: 'b', dependsOn: ['a', 'a'], run: (inputs) => inputs },
    ]);
    expect(flow.graph.dependenciesOf('b')).toStrictEqual(['a']);
    expect(play(flow).result).toStrictEqual({ b: { a: 1 } });
  });

  test('definitions may change afterwards without changing the workflow', () => {
    const dependsOn = ['a'];
    const inputs = [input('x', type<number>())];
    const definitions = [
      { id: 'a', dependsOn: ['x'], run: ({ x }: { readonly x?: unknown }) => x },
      { id: 'b', dependsOn, run: one },
    ];
    const flow = defineWorkflow('fixed', definitions, { inputs });
    dependsOn.push('nowhere');
    definitions.pop();
    inputs.pop();
    expect(play(flow, { inputs: { x: 3 } }).result).toStrictEqual({ b: 1 });
  });

  const run = one;
  test.each<[string, () => unknown, WorkflowFault[]]>([
    ['no definitions', () => defineWorkflow('d', []), [{ kind: 'empty' }]],
    [
      'definitions that are no array',
      () => defineWorkflow('d', { a: run } as never),
      [{ kind: 'bad-definition', where: 'the definitions', expected: 'an array', value: { a: run } }],
    ],
    [
      'a self-dependency',
      () => defineWorkflow('d', [{ id: 'a', dependsOn: ['a'], run }]),
      [{ kind: 'self-dependency', stepId: 'a' }],
    ],
    [
      'a cycle of two',
      () =>
        defineWorkflow('d', [
          { id: 'a', dependsOn: ['b'], run },
          { id: 'b', dependsOn: ['a'], run },
        ]),
      [{ kind: 'cycle', path: ['a', 'b', 'a'] }],
    ],
    [
      'a cycle behind a tail',
      () =>
        defineWorkflow('d', [
          { id: 'tail', run },
          { id: 'a', dependsOn: ['tail', 'c'], run },
          { id: 'b', dependsOn: ['a'], run },
          { id: 'c', dependsOn: ['b'], run },
          { id: 'head', dependsOn: ['c'], run },
        ]),
      [{ kind: 'cycle', path: ['a', 'b', 'c', 'a'] }],
    ],
    [
      'two cycles',
      () =>
        defineWorkflow('d', [
          { id: 'a', dependsOn: ['b'], run },
          { id: 'b', dependsOn: ['a'], run },
          { id: 'x', dependsOn: ['y', 'a'], run },
          { id: 'y', dependsOn: ['x'], run },
        ]),
      [
        { kind: 'cycle', path: ['x', 'y', 'x'] },
        { kind: 'cycle', path: ['a', 'b', 'a'] },
      ],
    ],
    [
      'a duplicate id',
      () =>
        defineWorkflow('d', [
          { id: 'a', run },
          { id: 'a', run },
          { id: 'a', run },
        ]),
      [{ kind: 'duplicate-step', stepId: 'a' }],
    ],
    [
      'an unknown id, with the nearest known one',
      () =>
        defineWorkflow('d', [
          { id: 'compile', run },
          { id: 'b', dependsOn: ['compiel'], run },
        ]),
      [{ kind: 'unknown-dependency', stepId: 'b', dependency: 'compiel', nearest: 'compile' }],
    ],
    [
      'an unknown id, near to an input',
      () => defineWorkflow('d', [{ id: 'b', dependsOn: ['pat'], run }], { inputs: [input('path', type())] }),
      [{ kind: 'unknown-dependency', stepId: 'b', dependency: 'pat', nearest: 'path' }],
    ],
    [
      'an unknown id that nothing is near to',
      () => defineWorkflow('d', [{ id: 'a', dependsOn: ['elsewhere'], run }]),
      [{ kind: 'unknown-dependency', stepId: 'a', dependency: 'elsewhere', nearest: undefined }],
    ],
    [
      'an unknown output',
      () => defineWorkflow('d', [{ id: 'pack', run }], { outputs: ['pakc', 'pack'] }),
      [{ kind: 'unknown-output', output: 'pakc', nearest: 'pack' }],
    ],
    [
      'an output that is no string',
      () => defineWorkflow('d', [{ id: 'pack', run }], { outputs: [7 as never] }),
      [{ kind: 'unknown-output', output: '7', nearest: undefined }],
    ],
    [
      'an output that can’t even be made a string',
      () => defineWorkflow('d', [{ id: 'pack', run }], { outputs: [Object.create(null) as never] }),
      [{ kind: 'unknown-output', output: '{}', nearest: undefined }],
    ],
    [
      'no outputs',
      () => defineWorkflow('d', [{ id: 'a', run }], { outputs: [] }),
      [
        {
          kind: 'bad-definition',
          where: 'outputs',
          expected: 'an array of ids that is not empty',
          value: [],
        },
      ],
    ],
    [
      'two inputs with one name',
      () => defineWorkflow('d', [{ id: 'a', run }], { inputs: [input('x', type()), input('x', type())] }),
      [{ kind: 'duplicate-input', input: 'x' }],
    ],
    [
      'an input with the name of a step',
      () => defineWorkflow('d', [{ id: 'x', run }], { inputs: [input('x', type())] }),
      [{ kind: 'name-clash', name: 'x' }],
    ],
    [
      'an input that isn’t one',
      () => defineWorkflow('d', [{ id: 'a', run }], { inputs: ['x' as never] }),
      [{ kind: 'bad-definition', where: 'inputs[0]', expected: 'a handle made by input()', value: 'x' }],
    ],
    [
      'inputs that are no array',
      () => defineWorkflow('d', [{ id: 'a', run }], { inputs: {} as never }),
      [
        {
          kind: 'bad-definition',
          where: 'inputs',
          expected: 'an array of handles made by input()',
          value: {},
        },
      ],
    ],
    [
      'a definition that is no record',
      () => defineWorkflow('d', [null as never, { id: 'a', run }]),
      [
        {
          kind: 'bad-definition',
          where: 'definition 0',
          expected: 'a record { id, dependsOn, run }',
          value: null,
        },
      ],
    ],
    [
      'a definition without an id',
      () => defineWorkflow('d', [{ run } as never]),
      [
        {
          kind: 'bad-definition',
          where: 'definition 0: id',
          expected: 'a string that is not empty',
          value: undefined,
        },
      ],
    ],
    [
      'a definition without run',
      () => defineWorkflow('d', [{ id: 'a' } as never]),
      [{ kind: 'bad-definition', where: "step 'a': run", expected: 'a function', value: undefined }],
    ],
    [
      'dependsOn as text',
      () => defineWorkflow('d', [{ id: 'a', dependsOn: 'b' as never, run }]),
      [{ kind: 'bad-definition', where: "step 'a': dependsOn", expected: 'an array of ids', value: 'b' }],
    ],
    [
      'a misspelt option',
      () => defineWorkflow('d', [{ id: 'a', run, dependOn: [] } as never]),
      [
        {
          kind: 'bad-definition',
          where: "step 'a': dependOn",
          expected: "absent (there is no such option; did you mean 'dependsOn'?)",
          value: [],
        },
      ],
    ],
    [
      'a bad option with its value',
      () => defineWorkflow('d', [{ id: 'a', run, retry: -1 }]),
      [
        {
          kind: 'bad-definition',
          where: "step 'a': retry",
          expected: 'a whole number of at least 0',
          value: -1,
        },
      ],
    ],
  ])('refuses %s', (_, make, faults) => {
    expect(faultsOf(make)).toStrictEqual(faults);
  });

  test('one error names every fault found', () => {
    const error = thrownBy(() =>
      defineWorkflow(
        'everything',
        [
          { id: 'a', dependsOn: ['b', 'nowhere'], run },
          { id: 'b', dependsOn: ['a'], run },
          { id: 'c', dependsOn: ['c'], run, timeout: 'x' as never },
          { id: 'c', run },
        ],
        { outputs: ['d'] },
      ),
    );
    expect(error).toMatchObject({
      name: 'InvalidWorkflowError',
      code: 'INVALID_WORKFLOW',
      workflow: 'everything',
    });
    expect((error as Error).message.split(/;? \((?=\d\))/)).toStrictEqual([
      "workflow 'everything' can't be built:",
      expect.stringMatching(/^1\) expected step 'c': timeout to be a duration.*got "x"$/),
      "2) two steps have the id 'c'; ids are unique within a workflow",
      "3) step 'a' depends on 'nowhere', which doesn't exist",
      "4) step 'c' depends on itself; take that dependency away",
      '5) a cycle: a → b → a; take one of these dependencies away',
      "6) the output 'd' isn't a step",
    ]);
  });

  test('a single fault is told in one line', () => {
    expect(String(thrownBy(() => workflow('w', {})))).toBe(
      "InvalidWorkflowError: workflow 'w' can't be built: it has no steps; give it at least one",
    );
  });

  test('many unknown dependencies among many steps are found in no time', { timeout: 20_000 }, () => {
    const size = 20_000;
    const definitions = Array.from({ length: size }, (_, index) => ({
      id: `step ${String(index)}`,
      dependsOn: [`stap ${String(index)}`],
      run,
    }));
    expect(faultsOf(() => defineWorkflow('typos', definitions))).toHaveLength(size);
  });

  test.each<[string, Definition[]]>([
    ['the step itself', [{ id: 'compile', dependsOn: ['compil'], run: one }]],
    [
      'what it depends on already',
      [
        { id: 'pack', dependsOn: ['compile', 'compil'], run: one },
        { id: 'compile', run: one },
      ],
    ],
  ])('%s is never suggested', (_, definitions) => {
    expect(faultsOf(() => defineWorkflow('d', definitions))).toMatchObject([
      { kind: 'unknown-dependency', dependency: 'compil', nearest: undefined },
    ]);
  });
});
