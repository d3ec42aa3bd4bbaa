import { test } from '@fast-check/vitest';
import { composition, runInVirtualTime } from 'millrace/testing';
import { describe, expect } from 'vitest';
import { arbitraryScenario, everything } from './support/arbitrary-scenario.ts';
import { cases } from './support/effort.ts';
import { perform } from './support/performance.ts';
import { validated } from './support/validated.ts';

describe('what the engine knows in several places agrees at every event, start and rest', () => {
  test.prop([composition()], { numRuns: cases(400), endOnFailure: false })(
    'in compositions of all kinds, within limits, with bodies that don’t stop and cancels at any time',
    async ({ workflow, options: { laws: _, ...options } }) => {
      await validated(() => runInVirtualTime(workflow, options));
    },
  );

  test.prop([arbitraryScenario(everything)], { numRuns: cases(300) })(
    'and at every tick of the scheduler in plain graphs',
    async (scenario) => {
      await validated((found) => {
        const { complaint } = perform(scenario, {
          onTick: () => {
            found.look('rest');
          },
        });
        expect(complaint).toBeUndefined();
        expect(found.looks).toBeGreaterThan(0);
      });
    },
  );
});
