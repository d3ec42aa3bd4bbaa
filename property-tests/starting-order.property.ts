import { test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { arbitraryScenario, everything } from './support/arbitrary-scenario.ts';
import { cases } from './support/effort.ts';
import { explained, forAllRuns } from './support/forall.ts';
import { perform } from './support/performance.ts';
import { replay } from './support/replay.ts';
import { Scenario } from './support/scenario.ts';

describe('who starts when', () => {
  forAllRuns(
    'no ready step that fits waits, unless a barrier lacks a class that it demands; the first in order goes first',
    everything,
    ({ scenario, journal }) => {
      replay(scenario, journal, {
        onStart: (started, expected) => {
          expect(started, 'the step that started').toBe(expected);
        },
        onQuiet: (expected) => {
          expect(expected, 'the step that could have started').toBeUndefined();
        },
        onHopeless: (stepId, isHopeless) => {
          expect(isHopeless, `${stepId} failed while it waited; could it never fit?`).toBe(true);
        },
      });
    },
    { numRuns: cases(600) },
  );

  forAllRuns(
    'the same without stops and failures, where more contend',
    { resources: true, ranks: true },
    ({ scenario, journal }) => {
      replay(scenario, journal, {
        onStart: (started, expected) => {
          expect(started, 'the step that started').toBe(expected);
        },
        onQuiet: (expected) => {
          expect(expected, 'the step that could have started').toBeUndefined();
        },
      });
      expect(journal.all('called')).toHaveLength(scenario.steps.length);
    },
  );

  test.prop([arbitraryScenario({ failures: true, ranks: true, resources: true, onFailure: 'continue' })], {
    numRuns: cases(300),
  })(
    'with a concurrency of 1 the steps run in turn, always the first in order of those that are ready',
    ({ steps, run }) => {
      const sequential = perform(new Scenario(steps, { ...run, concurrency: 1, maxOvertakes: 10_000 }));
      explained(sequential, ({ scenario, journal }) => {
        replay(scenario, journal, {
          onStart: (started, _, [first]) => {
            expect(started).toBe(first);
          },
        });
      });
    },
  );
});
