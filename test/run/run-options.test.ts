import { CancellationToken, defineWorkflow, type RunSettingsOptions, step, workflow } from 'millrace';
import { asyncScheduler } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { thrownBy } from './support/thrown-by.ts';
import { play } from './support/watch.ts';

const flow = workflow('small', { only: step('only', () => 1) });
const faults = (options: unknown): unknown => thrownBy(() => flow.run(options as RunSettingsOptions));

describe('run() throws at once on an option that can’t be used, and names it', () => {
  test.each<[string, unknown, string]>([
    ['options that are no record', 7, 'expected options to be an object, got 7'],
    ['options that are an array', [], 'options'],
    [
      'a misspelt option',
      { concurency: 2 },
      "expected concurency to be absent (there is no such option; did you mean 'concurrency'?), got 2",
    ],
    [
      'an unknown option',
      { colour: 'red' },
      'expected colour to be absent (there is no such option), got "red"',
    ],
    [
      'onFailure',
      { onFailure: 'ignore' },
      `expected onFailure to be 'fail-fast' or 'continue', got "ignore"`,
    ],
    [
      'timeout',
      { timeout: 'soon' },
      `expected timeout to be a duration: milliseconds, or a number with a unit like '250ms', '30s', '5m', '2h', '1d', got "soon"`,
    ],
    ['a negative timeout', { timeout: -1 }, 'got -1'],
    ['gracePeriod', { gracePeriod: Number.NaN }, 'expected gracePeriod to be a duration'],
    [
      'maxOvertakes',
      { maxOvertakes: -1 },
      'expected maxOvertakes to be a whole number of at least 0, got -1',
    ],
    ['scheduler', { scheduler: {} }, 'expected scheduler to be an RxJS scheduler, got {}'],
    ['null as a scheduler', { scheduler: null }, 'expected scheduler to be an RxJS scheduler, got null'],
    ['random', { random: 4 }, 'expected random to be a function, got 4'],
    [
      'token',
      { token: new AbortController().signal },
      'expected token to be a CancellationToken, got an instance of AbortSignal',
    ],
    [
      'signal',
      { signal: new AbortController() },
      'expected signal to be an AbortSignal, got an instance of AbortController',
    ],
    ['runId', { runId: 7 }, 'expected runId to be a string, got 7'],
    ['concurrency', { concurrency: '2' }, 'expected concurrency to be a whole number of at least 1, got "2"'],
  ])('%s', (_, options, message) => {
    expect(faults(options)).toMatchObject({
      name: 'InvalidOptionsError',
      code: 'INVALID_OPTIONS',
      owner: "run of workflow 'small'",
      message: expect.stringContaining(message) as unknown,
    });
  });

  test('every one of them at once', () => {
    expect(faults({ concurrency: 0, timeout: 'x', tokn: 1 })).toMatchObject({
      problems: [{ option: 'tokn' }, { option: 'concurrency' }, { option: 'timeout' }],
    });
  });
});

test('undefined is absent, for every option of a run', () => {
  const options = Object.fromEntries(
    [
      'inputs',
      'limits',
      'concurrency',
      'maxOvertakes',
      'onFailure',
      'timeout',
      'gracePeriod',
      'random',
      'token',
      'signal',
      'runId',
    ].map((name) => [name, undefined]),
  );
  expect(play(flow, options).result).toStrictEqual({ only: 1 });
  expect(flow.run({ scheduler: undefined }).runId).toMatch(/^small-/);
  expect(flow.run(undefined).runId).toMatch(/^small-/);
});

test('a run takes all its options together', () => {
  const run = play(flow, {
    inputs: {},
    limits: { 'light-cpu': 3 },
    concurrency: 2,
    maxOvertakes: 0,
    onFailure: 'continue',
    timeout: '1h',
    gracePeriod: 0,
    random: () => 0.5,
    token: new CancellationToken(),
    signal: new AbortController().signal,
    runId: 'all',
  });
  expect(run.result).toStrictEqual({ only: 1 });
});

test('any RxJS scheduler will do', async () => {
  expect(await flow.run({ scheduler: asyncScheduler }).result()).toStrictEqual({ only: 1 });
});

describe('the options of a workflow are checked when it is made', () => {
  const only = step('only', () => 1);
  test.each<[string, () => unknown, string]>([
    [
      'workflow: onFailure',
      () => workflow('w', { only }, { onFailure: 'stop' as never }),
      "workflow('w'): expected onFailure to be",
    ],
    [
      'workflow: timeout',
      () => workflow('w', { only }, { timeout: '1 year' as never }),
      'expected timeout to be a duration',
    ],
    [
      'workflow: description',
      () => workflow('w', { only }, { description: 1 as never }),
      'expected description to be a string',
    ],
    [
      'workflow: a misspelt one',
      () => workflow('w', { only }, { onFailur: 'continue' } as never),
      "did you mean 'onFailure'?",
    ],
    [
      'workflow: null',
      () => workflow('w', { only }, null as never),
      'expected options to be an object, got null',
    ],
    [
      'workflow: inputs, which only defineWorkflow has',
      () => workflow('w', { only }, { inputs: [] } as never),
      'expected inputs to be absent',
    ],
    [
      'workflow: an empty name',
      () => workflow('', { only }),
      "workflow(''): expected the name to be a string that is not empty",
    ],
    [
      'workflow: a name that is no string',
      () => workflow(1 as never, { only }),
      'workflow: expected the name',
    ],
    [
      'defineWorkflow: a misspelt one',
      () => defineWorkflow('d', [], { output: [] } as never),
      "did you mean 'outputs'?",
    ],
    [
      'defineWorkflow: the name',
      () => defineWorkflow(undefined as never, []),
      'defineWorkflow: expected the name',
    ],
  ])('%s', (_, make, message) => {
    expect(thrownBy(make)).toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining(message) as unknown,
    });
  });

  test('undefined is absent', () => {
    const options = { onFailure: undefined, timeout: undefined, description: undefined };
    expect(play(workflow('w', { only }, options)).result).toStrictEqual({ only: 1 });
    expect(play(workflow('w', { only }, undefined)).result).toStrictEqual({ only: 1 });
    const definitions = [{ id: 'only', run: () => 1 }];
    expect(
      play(defineWorkflow('d', definitions, { ...options, inputs: undefined, outputs: undefined })).result,
    ).toStrictEqual({ only: 1 });
  });
});
