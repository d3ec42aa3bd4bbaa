import { fc, test } from '@fast-check/vitest';
import { type Definition, defineWorkflow, type RunHistory } from 'millrace';
import { dag, VirtualTime } from 'millrace/testing';
import { expect } from 'vitest';
import { play } from '../test/run/support/watch.ts';

const maxSteps = 20;
const work = fc.record({ ms: fc.integer({ min: 1, max: 50 }), priority: fc.nat(1) });
const graph = fc
  .tuple(dag({ maxSteps }), fc.array(work, { minLength: maxSteps, maxLength: maxSteps }))
  .map(([steps, works]) => steps.map((step, place) => ({ ...step, ...(works[place] as (typeof works)[0]) })));

test.prop([graph, fc.integer({ min: 1, max: 3 })])(
  'a run with a history starts steps as one whose estimates are what the history says',
  (steps, concurrency) => {
    const startsWith = (history: RunHistory | undefined): string[] => {
      const time = new VirtualTime();
      const definitions = steps.map(
        ({ id, dependsOn, ms, priority }): Definition => ({
          id,
          dependsOn,
          run: () => time.after(ms, ms),
          estimate: history === undefined ? ms : 1,
          priority,
        }),
      );
      return play(defineWorkflow('random', definitions), { history, concurrency }, time)
        .all('step-started')
        .map(({ stepId, at }) => `${stepId} ${String(at)}`);
    };
    const measured = Object.fromEntries(steps.map(({ id, ms }) => [id, { meanMs: ms, runs: 1 }]));
    expect(startsWith({ steps: measured })).toStrictEqual(startsWith(undefined));
  },
);
