import {
  CancellationToken,
  choose,
  defineWorkflow,
  fallback,
  firstOf,
  forEachStep,
  input,
  memory,
  optional,
  step,
  stream,
  subflow,
  type,
  workflow,
} from 'millrace';
import { describe } from 'vitest';
import { testMistakes, wrong } from './support/mistakes.ts';

const one = step('one', () => 1);
const path = input('path', type<string>());
const needy = workflow('needy', { read: step('read', { path }, ({ path }) => path) });
const run = (): number => 1;

describe('steps', () => {
  testMistakes([
    ['no id', 'expected id to be a string that is not empty, got ""', () => step('', run)],
    ['no function', "step('load'): expected the function to be a function", () => step('load', wrong({}))],
    ['an option by another name', "did you mean 'retry'?", () => step('load', run, wrong({ retries: 3 }))],
    ['a misspelt option', "did you mean 'timeout'?", () => step('load', run, wrong({ timout: 3 }))],
    [
      'a number out of range',
      'retry to be a whole number of at least 0, got -1',
      () => step('load', run, { retry: -1 }),
    ],
    ['a duration that is none', 'got "5 parsecs"', () => step('load', run, { timeout: wrong('5 parsecs') })],
    ['memory that is none', 'got "lots"', () => memory(wrong('lots'))],
    [
      'a demand that is none',
      "resource['gpu'] to be a finite number of at least 0, got -1",
      () => step('load', run, { resource: { gpu: -1 } }),
    ],
    [
      'a priority that is none',
      'priority to be a finite number, got "high"',
      () => step('load', run, { priority: wrong('high') }),
    ],
    [
      'an id as a dependency',
      "the dependency 'table' to be a handle",
      () => step('load', wrong({ table: 'table' }), run),
    ],
    [
      'a workflow as a dependency',
      'an instance of Workflow called "needy"',
      () => step('load', wrong({ needy }), run),
    ],
    ['an input without a schema', 'type<T>() to accept anything', () => input('path', wrong(undefined))],
    ['items that are none', 'got 5', () => forEachStep('each', wrong({ items: 5 }), run)],
    ['a stream of an input', 'an instance of InputHandle called "path"', () => stream(wrong(path))],
    ['optional of nothing', 'optional: expected the step to be', () => optional(wrong(undefined))],
    [
      'a choice without branches',
      "choose('choice'): expected branches",
      () => choose('choice', { one }, () => wrong('a'), {}),
    ],
    ['a race without runners', 'at least one step', () => firstOf('race', wrong([]))],
    [
      'a fallback on nothing',
      "fallback('safe'): expected the other step",
      () => fallback('safe', one, wrong([])),
    ],
    ['a subflow of nothing', "subflow('sub'): expected the workflow", () => subflow('sub', wrong({}))],
    [
      'a subflow without its input',
      "since workflow 'needy' needs it",
      () => subflow('sub', needy, wrong({})),
    ],
    ['a token of no signal', 'CancellationToken.from', () => CancellationToken.from(wrong({}))],
    ['a timeout that is none', 'got "soon"', () => CancellationToken.timeout(wrong('soon'))],
  ]);
});

describe('workflows', () => {
  testMistakes([
    ['no outputs', 'give it at least one', () => workflow('w', {})],
    ['an output that is no step', "the output 'path'", () => workflow('w', wrong({ path }))],
    [
      'two steps of one id',
      "two steps have the id 'one'",
      () => workflow('w', { two: step('two', { one, other: step('one', run) }, run) }),
    ],
    [
      'two inputs of one name',
      "two input handles have the name 'path'",
      () => workflow('w', { a: step('a', { path, other: input('path', type<string>()) }, run) }),
    ],
    [
      'an input called as a step',
      "'path' is the id of a step",
      () => defineWorkflow('w', [{ id: 'path', run }], { inputs: [path] }),
    ],
    [
      'a cycle',
      'a → b → a; take one',
      () =>
        defineWorkflow('w', [
          { id: 'a', dependsOn: ['b'], run },
          { id: 'b', dependsOn: ['a'], run },
        ]),
    ],
    [
      'a step that needs itself',
      "step 'a' depends on itself",
      () => defineWorkflow('w', [{ id: 'a', dependsOn: ['a'], run }]),
    ],
    [
      'an unknown dependency',
      "did you mean 'table'?",
      () =>
        defineWorkflow('w', [
          { id: 'table', run },
          { id: 'b', dependsOn: ['tabel'], run },
        ]),
    ],
    [
      'an unknown output',
      "the output 'nope' isn't a step",
      () => defineWorkflow('w', [{ id: 'table', run }], { outputs: ['nope'] }),
    ],
    [
      'a definition without a function',
      "step 'a': run to be a function",
      () => defineWorkflow('w', [wrong({ id: 'a' })]),
    ],
    [
      'several faults',
      "(1) step 'a' depends on itself; take that dependency away; (2) step 'b' depends on 'c'",
      () =>
        defineWorkflow('w', [
          { id: 'a', dependsOn: ['a'], run },
          { id: 'b', dependsOn: ['c'], run },
        ]),
    ],
  ]);
});
