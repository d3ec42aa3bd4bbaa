import {
  forEachStep,
  InvalidOptionsError,
  memory,
  ResourceLimitError,
  type RunSettingsOptions,
  type SharedLimitsOptions,
  type SharedLimitsRecord,
  sharedLimits,
  step,
  workflow,
} from 'millrace';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Sharing } from './support/sharing.ts';
import { thrownBy } from './support/thrown-by.ts';
import { watch } from './support/watch.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('a demand larger than a shared limit is refused by run()', () => {
  test.each<[string, SharedLimitsRecord, object, string]>([
    [
      'of a class',
      { db: 2 },
      { resource: { db: 3 } },
      "step 'only' demands 3 of 'db', but the limit of the shared limits of 'db' is 2; raise it there or lower the step's demand",
    ],
    [
      'of a family',
      { 'db:*': 2 },
      { resource: { 'db:a': 3 } },
      "demands 3 of 'db:a', but the limit of the shared limits of 'db:*' is 2",
    ],
    [
      'of a rate',
      { db: { limit: 9, rate: { limit: 2, per: '1s' } } },
      { resource: { db: 3 } },
      "but the rate of the shared limits of 'db' is 2 in 1000 ms",
    ],
    ['of memory', { memory: '1GiB' }, { resource: memory('2GiB') }, 'shared limits'],
  ])('%s', (_, limits, options, message) => {
    const only = step('only', () => 1, options);
    const error = thrownBy(() => workflow('w', { only }).run({ shared: sharedLimits(limits) }));
    expect(error).toBeInstanceOf(ResourceLimitError);
    expect(String(error)).toContain(message);
  });

  test('and fails a step that comes later', () => {
    const sharing = new Sharing({ db: 2 });
    const fan = forEachStep('fan', { items: [1, 3] }, (item) => item, { resource: (item) => ({ db: item }) });
    const run = watch(workflow('w', { fan }), sharing.time, { shared: sharing.shared });
    sharing.time.flush();
    expect(String(run.error)).toContain("demands 3 of 'db', but the limit of the shared limits of 'db' is 2");
  });
});

describe('bad input is named', () => {
  test.each<[string, unknown, unknown, string]>([
    ['limits that are no record', 5, {}, 'expected limits to be a record of limits by class, got 5'],
    ['no limit at all', {}, {}, 'expected limits to be a record of at least one limit, got {}'],
    ['only absent ones', { db: undefined }, {}, 'a record of at least one limit'],
    ['a limit of nothing', { db: 0 }, {}, "expected limits['db'] to be a positive number, got 0"],
    ['memory that is none', { memory: 'much' }, {}, "limits['memory']"],
    ['runs that are no number', { runs: 'ten' }, {}, "limits['runs']"],
    ['half a run', { runs: 1.5 }, {}, 'expected limits.runs to be a whole number of at least 1, got 1.5'],
    ['half a run with a rate', { runs: { limit: 1.5, rate: { limit: 1, per: 1 } } }, {}, 'limits.runs.limit'],
    ['null for runs', { runs: null }, {}, "limits['runs']"],
    ['half a step', { concurrency: 1.5 }, {}, 'limits.concurrency'],
    ['the default class', { default: 2 }, {}, 'limits.default'],
    ['a rate without a time', { api: { rate: { limit: 2 } } }, {}, "limits['api'].rate.per"],
    ['options that are none', { db: 1 }, null, 'expected options to be an object, got null'],
    ['an unknown option', { db: 1 }, { maxWating: 1 }, "did you mean 'maxWaiting'?"],
    [
      'maxWaiting',
      { db: 1 },
      { maxWaiting: -1 },
      'expected maxWaiting to be a whole number of at least 0, got -1',
    ],
    ['maxOvertakes', { db: 1 }, { maxOvertakes: 0.5 }, 'maxOvertakes'],
    ['name', { db: 1 }, { name: 7 }, 'expected name to be a string, got 7'],
  ])('%s', (_, limits, options, message) => {
    const error = thrownBy(() => sharedLimits(limits as SharedLimitsRecord, options as SharedLimitsOptions));
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(String(error)).toContain(message);
  });

  test.each<[string, unknown, string]>([
    [
      'shared that isn’t',
      { shared: { db: 2 } },
      'expected shared to be made by sharedLimits(), or a list of what is, got an object',
    ],
    ['null', { shared: null }, 'got null'],
    ['one of a list', { shared: [sharedLimits({ db: 2 }), 7] }, 'got 7'],
    ['priority', { priority: 'high' }, 'expected priority to be a number, got "high"'],
    ['a priority that can’t be compared', { priority: Number.NaN }, 'priority'],
  ])('%s', (_, options, message) => {
    const flow = workflow('w', { only: step('only', () => 1) });
    const error = thrownBy(() => flow.run(options as RunSettingsOptions));
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(String(error)).toContain(message);
  });

  test('a class of steps that is called as runs are', () => {
    const flow = workflow('w', { only: step('only', () => 1, { resource: 'runs' }) });
    expect(() => flow.run({ shared: sharedLimits({ runs: 2 }), limits: { runs: 2 } })).toThrow(
      "expected shared to be without 'runs'",
    );
    expect(() => flow.run({ shared: sharedLimits({ db: 2 }), limits: { runs: 2 } })).not.toThrow();
  });

  test('a class that nobody limits, with the shared one that was probably meant', () => {
    const flow = workflow('w', { only: step('only', () => 1, { resource: 'db' }) });
    expect(() => flow.run({ shared: sharedLimits({ bd: 2 }) })).toThrow("did you mean it with 'bd'?");
  });

  test('another spelling of a standard class is a warning', () => {
    const sharing = new Sharing({ heavy_cpu: 2 });
    const run = sharing.run('a', [{ resource: 'heavy-cpu' }]);
    expect(run.the('warning')).toMatchObject({ topic: 'limits' });
  });
});
