import {
  input,
  type RunOptions,
  type SharedLimits,
  type SharedUsage,
  sharedLimits,
  step,
  type,
  workflow,
} from 'millrace';
import type { Observable } from 'rxjs';
import { describe, expectTypeOf, test } from 'vitest';

describe('limits that are shared', () => {
  test('are what limits are, and runs', () => {
    const shared = sharedLimits(
      {
        db: 5,
        memory: '4GiB',
        api: { limit: 4, rate: { limit: 1, per: '1s' } },
        'host:*': 2,
        concurrency: 20,
        runs: 10,
      },
      { maxWaiting: 1000, maxOvertakes: 3, name: 'server' },
    );
    expectTypeOf(shared).toEqualTypeOf<SharedLimits>();
    expectTypeOf(shared.usage()).toEqualTypeOf<SharedUsage>();
    expectTypeOf(shared.usage$).toEqualTypeOf<Observable<SharedUsage>>();
    sharedLimits({ db: undefined, runs: { rate: { limit: 10, per: 1000 } } });
    // @ts-expect-error -- concurrency has no rate
    sharedLimits({ concurrency: { rate: { limit: 10, per: 1000 } } });
    // @ts-expect-error -- runs are counted
    sharedLimits({ runs: '10' });
    // @ts-expect-error -- there is no such option
    sharedLimits({ db: 1 }, { waiting: 3 });
  });

  test('are an option of every run, one or several', () => {
    const shared = sharedLimits({ db: 5 });
    const flow = workflow('w', { only: step('only', { n: input('n', type<number>()) }, ({ n }) => n) });
    flow.run({ inputs: { n: 1 }, shared, priority: 2 });
    flow.run({ inputs: { n: 1 }, shared: [shared, shared] });
    flow.run({ inputs: { n: 1 }, shared: undefined, priority: undefined });
    // @ts-expect-error -- a record of limits isn't shared by anybody
    flow.run({ inputs: { n: 1 }, shared: { db: 5 } });
    expectTypeOf<RunOptions<never>['priority']>().toEqualTypeOf<number | undefined>();
  });
});
