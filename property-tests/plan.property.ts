import { fc, test } from '@fast-check/vitest';
import { VirtualTime } from 'millrace/testing';
import { throwError, timer } from 'rxjs';
import { describe, expect } from 'vitest';
import { type Definition, defineWorkflow } from '../lib/index.ts';
import { plan, simulate } from '../lib/simulate/index.ts';
import { play } from '../test/run/support/watch.ts';
import { arbitraryScenario } from './support/arbitrary-scenario.ts';
import { cases } from './support/effort.ts';
import { growingNodes, growingWorkflow } from './support/growing-workflow.ts';
import type { Scenario } from './support/scenario.ts';

/** The scenario's workflow, each step taking its estimate (1 without), or what `durationOf` says; -1 fails at once. */
function workflowOf({ steps }: Scenario, durationOf = (ms: number): number => ms) {
  return defineWorkflow(
    'planned',
    steps.map(
      ({ id, dependsOn, demand, estimate, priority }, index): Definition => ({
        id,
        dependsOn,
        run: (_, { scheduler }) => {
          const ms = index % 4 === 3 ? durationOf(-1) : durationOf(estimate ?? 1);
          return ms < 0 ? throwError(() => new Error('fails')) : timer(ms, scheduler);
        },
        resource: demand,
        estimate,
        priority,
        retry: index % 2,
      }),
    ),
  );
}

function conditionsOf({ run: { limits, concurrency, maxOvertakes } }: Scenario) {
  return { limits, concurrency, maxOvertakes };
}

describe('a plan', () => {
  test.prop([arbitraryScenario({ resources: true, ranks: true })], { numRuns: cases(200) })(
    'is never longer than no plan, never below its bound, and a run that follows it takes just as long',
    (scenario) => {
      const conditions = conditionsOf(scenario);
      const flow = workflowOf(scenario, (ms) => (ms === -1 ? 1 : ms));
      const durations = Object.fromEntries(
        scenario.steps.map(({ id, estimate }, index) => [id, index % 4 === 3 ? 1 : (estimate ?? 1)]),
      );
      const found = plan(flow, { ...conditions, durations, schedules: 20 });
      expect(found.makespan).toBeLessThanOrEqual(simulate(flow, { ...conditions, durations }).makespan);
      expect(found.makespan).toBeGreaterThanOrEqual(found.lowerBound - 1e-9);
      const time = new VirtualTime();
      const { scheduler } = time;
      const run = flow.run({ ...conditions, plan: found, scheduler });
      run.result$.subscribe();
      time.flush();
      expect(run.metrics().totalMs).toBe(found.makespan);
    },
  );

  test.prop([arbitraryScenario({ resources: true, ranks: true })], { numRuns: cases(200) })(
    'never keeps a run from its end, however long its steps take and whichever fail',
    (scenario) => {
      const conditions = conditionsOf(scenario);
      const flow = workflowOf(scenario, (ms) => (ms < 0 ? ms : (ms * 7) % 5));
      const found = plan(flow, { ...conditions, schedules: 10 });
      const time = new VirtualTime();
      const { scheduler } = time;
      const run = flow.run({ ...conditions, plan: found, scheduler, onFailure: 'continue' });
      run.result$.subscribe({ error: () => undefined });
      time.flush();
      const settled = ['completed', 'failed', 'skipped'];
      const steps = [...run.metrics().steps];
      expect(steps.filter(({ status }) => !settled.includes(status))).toEqual([]);
    },
  );

  test.prop(
    [
      growingNodes({ a: 1 }, { a: 2 }, { a: 1, b: 1 }),
      fc.integer({ min: 2, max: 4 }),
      fc.integer({ min: 1, max: 2 }),
    ],
    {
      numRuns: cases(200),
    },
  )(
    'of subflows and fan-outs is never longer than no plan, never below its bound, and followed as was said',
    (list, a, b) => {
      const time = new VirtualTime();
      const flow = growingWorkflow(list, [], time);
      const limits = { a, b };
      const found = plan(flow, { limits, schedules: 20 });
      const unplanned = simulate(flow, { limits });
      expect(found.makespan).toBeLessThanOrEqual(unplanned.makespan);
      expect(found.makespan).toBeGreaterThanOrEqual(found.lowerBound - 1e-9);
      expect(found.lowerBound).toBe(unplanned.lowerBounds.best);
      const simulated = simulate(flow, { limits, plan: found });
      expect(simulated.makespan).toBe(found.makespan);
      expect(simulated.lowerBounds.best).toBeCloseTo(found.lowerBound, 9);
      play(flow, { limits, plan: found }, time);
      expect(time.now).toBe(found.makespan);
    },
  );
});
