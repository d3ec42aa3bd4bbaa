import { fc, test } from '@fast-check/vitest';
import { VirtualTime } from 'millrace/testing';
import { timer } from 'rxjs';
import { describe, expect } from 'vitest';
import { type Definition, defineWorkflow } from '../lib/index.ts';
import { simulate } from '../lib/simulate/index.ts';
import { arbitraryScenario } from './support/arbitrary-scenario.ts';
import { cases } from './support/effort.ts';
import type { Scenario, StepPlan } from './support/scenario.ts';

const scenarios = arbitraryScenario({ resources: true, ranks: true });

/** How long a step takes: its streams' gaps, or no time. */
function durationOf({ attempts: [attempt] }: StepPlan): number {
  return attempt?.body.kind === 'stream' ? attempt.body.gaps.reduce((sum, gap) => sum + gap, 0) : 0;
}

function conditionsOf({ run: { limits, concurrency, maxOvertakes } }: Scenario) {
  return { limits, concurrency, maxOvertakes };
}

/** Runs a scenario in RxJS's virtual time, its bodies waiting for real; gives when each step started and ended. */
function live(scenario: Scenario) {
  const time = new VirtualTime();
  const { scheduler } = time;
  const times = new Map<string, { start: number; end: number }>();
  const flow = defineWorkflow(
    'live',
    scenario.steps.map(
      (plan): Definition => ({
        id: plan.id,
        dependsOn: plan.dependsOn,
        run: (_, { scheduler: time }) => timer(durationOf(plan), time),
        resource: plan.demand,
        priority: plan.priority,
        estimate: plan.estimate,
      }),
    ),
  );
  const run = flow.run({ ...conditionsOf(scenario), scheduler });
  run.progress$.subscribe((event) => {
    if (event.type === 'step-started') times.set(event.stepId, { start: event.at, end: Number.NaN });
    if (event.type === 'step-completed') {
      times.set(event.stepId, { start: times.get(event.stepId)?.start ?? Number.NaN, end: event.at });
    }
  });
  run.result$.subscribe();
  time.flush();
  return { times, flow };
}

describe('a simulation', () => {
  test.prop([scenarios], { numRuns: cases(400) })(
    'has the very schedule of a run whose steps take these durations',
    (scenario) => {
      const { times, flow } = live(scenario);
      const durations = Object.fromEntries(scenario.steps.map((plan) => [plan.id, durationOf(plan)]));
      const { schedule, makespan } = simulate(flow, { ...conditionsOf(scenario), durations });
      expect(new Map(schedule.map(({ id, start, end }) => [id, { start, end }]))).toEqual(times);
      expect(makespan).toBe(Math.max(...schedule.map(({ end }) => end)));
    },
  );

  test.prop([scenarios, fc.constantFrom('in-turn', 'together')], { numRuns: cases(400) })(
    'is never below its lower bounds, holds every dependency and exceeds no limit',
    (scenario, simultaneous) => {
      const { flow } = live(scenario);
      const durations = Object.fromEntries(scenario.steps.map((plan) => [plan.id, durationOf(plan)]));
      const report = simulate(flow, { ...conditionsOf(scenario), durations, simultaneous });
      expect(report.makespan).toBeGreaterThanOrEqual(report.lowerBounds.best - 1e-9);
      const placed = new Map(report.schedule.map((each) => [each.id, each]));
      for (const { id, dependsOn } of scenario.steps) {
        for (const needed of dependsOn)
          expect(placed.get(id)?.start).toBeGreaterThanOrEqual(placed.get(needed)?.end ?? Infinity);
      }
      const { limits, concurrency = Infinity } = scenario.run;
      for (const { start: at } of report.schedule) {
        const during = report.schedule.filter(({ start, end }) => start <= at && at < end);
        expect(during.length).toBeLessThanOrEqual(concurrency);
        for (const [name, limit] of Object.entries(limits)) {
          const taken = during.reduce((sum, { resources }) => sum + (resources[name] ?? 0), 0);
          expect(taken).toBeLessThanOrEqual(limit);
        }
      }
    },
  );
});
