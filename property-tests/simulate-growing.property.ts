import { fc, test } from '@fast-check/vitest';
import { simulate } from 'millrace/simulate';
import { VirtualTime } from 'millrace/testing';
import { expect } from 'vitest';
import { play } from '../test/run/support/watch.ts';
import { cases } from './support/effort.ts';
import { growingNodes, growingWorkflow } from './support/growing-workflow.ts';

test.prop(
  [
    growingNodes({ a: 1 }, { a: 2 }, { b: 1 }, { a: 1, b: 1 }),
    fc.integer({ min: 2, max: 4 }),
    fc.integer({ min: 1, max: 2 }),
  ],
  { numRuns: cases(300) },
)('a simulation of subflows and fan-outs in each other is what a run does', (list, a, b) => {
  const time = new VirtualTime();
  const flow = growingWorkflow(list, [], time);
  const run = play(flow, { limits: { a, b } }, time);
  const started = new Map(run.all('step-started').map(({ stepId, at }) => [stepId, at]));
  const ran = run
    .all('step-completed')
    .map(({ stepId, at }) => `${stepId} ${String(started.get(stepId))}–${String(at)}`);
  const { schedule, makespan, lowerBounds } = simulate(flow, { limits: { a, b } });
  expect(schedule.map(({ id, start, end }) => `${id} ${String(start)}–${String(end)}`).toSorted()).toEqual(
    ran.toSorted(),
  );
  expect(makespan).toBe(time.now);
  expect(lowerBounds.best).toBeLessThanOrEqual(makespan + 1e-9);
});
