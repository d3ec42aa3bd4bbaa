import { fc, test } from '@fast-check/vitest';
import { type Definition, defineWorkflow, type RunHistory } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { expect } from 'vitest';
import { play } from '../test/run/support/watch.ts';

const graph = fc.array(
  fc.record({
    ms: fc.integer({ min: 1, max: 50 }),
    needs: fc.array(fc.nat(30), { maxLength: 3 }),
    priority: fc.nat(1),
  }),
  { minLength: 1, maxLength: 20 },
);

test.prop([graph, fc.integer({ min: 1, max: 3 })])(
  'a run with a history starts steps as one whose estimates are what the history says',
  (steps, concurrency) => {
    const startsWith = (history: RunHistory | undefined): string[] => {
      const time = new VirtualTime();
      const definitions = steps.map(
        ({ ms, needs, priority }, index): Definition => ({
          id: String(index),
          dependsOn: [...new Set(needs.filter((needed) => needed < index).map(String))],
          run: () => time.after(ms, ms),
          estimate: history === undefined ? ms : 1,
          priority,
        }),
      );
      return play(defineWorkflow('random', definitions), { history, concurrency }, time)
        .all('step-started')
        .map(({ stepId, at }) => `${stepId} ${String(at)}`);
    };
    const measured = Object.fromEntries(
      steps.map(({ ms }, index) => [String(index), { meanMs: ms, runs: 1 }]),
    );
    expect(startsWith({ steps: measured })).toStrictEqual(startsWith(undefined));
  },
);
