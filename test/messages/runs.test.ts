import {
  choose,
  forEachStep,
  input,
  optional,
  type RunSettingsOptions,
  type Step,
  sharedLimits,
  step,
  type,
  workflow,
} from 'millrace';
import { memoryStore } from 'millrace/store';
import { threadPool } from 'millrace/workers';
import { EMPTY, firstValueFrom } from 'rxjs';
import { describe } from 'vitest';
import { z } from 'zod';
import { taskPool } from '../workers/support/pools.ts';
import { testMistakes, wrong } from './support/mistakes.ts';

const one = step('one', () => 1);
const simple = workflow('simple', { one });
const path = input('path', type<string>());
const needy = workflow('needy', { read: step('read', { path }, ({ path }) => path) });
const count = input('count', z.number());
const counted = workflow('counted', { twice: step('twice', { count }, ({ count }) => 2 * count) });
const demanding = (amount: number) =>
  workflow('demanding', { render: step('render', () => 1, { resource: { gpu: amount } }) });

function failing(step: Step<unknown, never>, options: RunSettingsOptions = {}): Promise<unknown> {
  return workflow('failing', { step }).run(options).result();
}

describe('options of a run', () => {
  testMistakes([
    ['a missing input', 'expected inputs.path to be given', () => needy.run(wrong({}))],
    [
      'an input too many',
      "did you mean 'path'?",
      () => needy.run(wrong({ inputs: { path: 'a', pth: 'b' } })),
    ],
    [
      'an input that its schema refuses',
      'expected inputs.count to be valid',
      () => counted.run({ inputs: { count: wrong('x') } }),
    ],
    ['a misspelt option', "did you mean 'limits'?", () => simple.run(wrong({ limit: {} }))],
    [
      'an option by another name',
      "did you mean 'concurrency'?",
      () => simple.run(wrong({ maxConcurrency: 2 })),
    ],
    [
      'a limit that is none',
      "limits['heavy-cpu'] to be a positive number, got -1",
      () => simple.run({ limits: { 'heavy-cpu': -1 } }),
    ],
    ['a class without a limit', "since steps demand 'gpu'", () => demanding(1).run()],
    [
      'more than there is',
      "step 'render' demands 3 of 'gpu', but the limit is 2; raise",
      () => demanding(3).run({ limits: { gpu: 2 } }),
    ],
    [
      'a word that there is not',
      "onFailure to be 'fail-fast' or 'continue'",
      () => simple.run({ onFailure: wrong('go on') }),
    ],
    [
      'a controller for a token',
      'expected token to be a CancellationToken',
      () => simple.run({ token: wrong(new AbortController()) }),
    ],
    ['a folder for a store', 'fileStore() of millrace/store', () => simple.run({ store: wrong('./folder') })],
    [
      'a file for a history',
      'expected history to be a record',
      () => simple.run({ history: wrong('file.json') }),
    ],
    ['an output given of no step', "given['nope']", () => simple.run({ given: { nope: 1 } })],
    [
      'shared limits that are none',
      "limits['runs'] to be a positive number, got 0",
      () => sharedLimits({ runs: 0 }),
    ],
    [
      'shared limits of half a run',
      'limits.runs to be a whole number of at least 1, got 0.5',
      () => sharedLimits({ runs: 0.5 }),
    ],
    [
      'a run without an id',
      'expected runId to be a name',
      () => simple.run({ store: memoryStore(), runId: '' }),
    ],
    [
      'a resume from no step',
      "did you mean 'one'?",
      () => simple.run({ store: memoryStore(), runId: 'a', resume: { from: ['oen'] } }),
    ],
  ]);
});

describe('what is asked of a run', () => {
  testMistakes([
    [
      'the output of another workflow’s step',
      'a step of the workflow, got "other"',
      () => firstValueFrom(simple.run().output$(wrong(step('other', () => 1)))),
    ],
    ['the cancel of no step', "did you mean 'one'?", () => simple.run().cancelStep('oen')],
    [
      'a change of a limit that is none',
      'got "all"',
      () => simple.run().setLimits({ 'heavy-cpu': wrong('all') }),
    ],
  ]);
});

describe('what steps do', () => {
  testMistakes([
    ['nothing comes', 'defaultIfEmpty', () => failing(step('empty', () => EMPTY))],
    ['a handle is returned', "step 'load' failed", () => failing(step('load', () => optional(one)))],
    [
      'an error',
      "step 'load' failed: no such file",
      () => failing(step('load', () => Promise.reject(new Error('no such file')))),
    ],
    [
      'too long',
      "step 'slow' took longer than its timeout of 1 ms",
      () =>
        failing(
          step('slow', () => new Promise(() => undefined), { timeout: 1 }),
          { gracePeriod: 0 },
        ),
    ],
    [
      'a branch that there is not',
      "there are 'a'",
      () => failing(choose('choice', { one }, () => wrong('c'), { a: one })),
    ],
    [
      'two children of one key',
      "both have the key 'x'",
      () => failing(forEachStep('each', { items: [1, 2] }, (n) => n, { key: () => 'x' })),
    ],
  ]);
});

describe('pools', () => {
  testMistakes([
    [
      'a worker file that is missing',
      'missing.worker.js',
      async () => {
        await using pool = threadPool(new URL('./missing.worker.js', import.meta.url), {
          size: 1,
          maxRestarts: 0,
        });
        await pool.prewarm();
      },
    ],
    ['a path that says from nowhere', 'got "./a.js"', () => threadPool('./a.js')],
    [
      'no threads',
      'expected size to be a whole number from 1 to 4096, got 0',
      () => threadPool(new URL('./a.js', import.meta.url), { size: 0 }),
    ],
    [
      'an input that cannot be cloned',
      'input.then',
      () => firstValueFrom(taskPool().run('double', wrong({ then: () => 1 }))),
    ],
    ['a task that there is not', "'duoble'", () => firstValueFrom(taskPool().run(wrong('duoble'), wrong(1)))],
  ]);
});

describe('stores', () => {
  const kept = async (): Promise<ReturnType<typeof memoryStore>> => {
    const store = memoryStore();
    await needy.run({ store, runId: 'a', inputs: { path: 'a' } }).result();
    return store;
  };
  testMistakes([
    ['no such run', "there is no run 'nightly'", () => memoryStore().show('nightly')],
    ['no such step', "it has 'read'", async () => (await kept()).why('a', 'nope')],
    [
      'a run of another workflow',
      "workflow was 'needy' and is 'simple'",
      async () => simple.run({ store: await kept(), runId: 'a' }).result(),
    ],
    [
      'a run with other inputs',
      'inputs.path is another value than before',
      async () => needy.run({ store: await kept(), runId: 'a', inputs: { path: 'b' } }).result(),
    ],
  ]);
});
