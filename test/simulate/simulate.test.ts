import {
  type Definition,
  defineWorkflow,
  InvalidOptionsError,
  input,
  ResourceLimitError,
  step,
  type,
  workflow,
} from 'millrace';
import { plan, simulate, whatIf } from 'millrace/simulate';
import { runInVirtualTime } from 'millrace/testing';
import { timer } from 'rxjs';
import { describe, expect, it } from 'vitest';

const never = (): never => {
  throw new Error('a simulation calls nothing of the workflow');
};
const a = step('a', never, { resource: 'db', estimate: 10 });
const b = step('b', never, { resource: 'db', estimate: 20 });
const c = step('c', { a, b }, never, { resource: { db: 2 }, estimate: 5, retry: 3, timeout: 1 });
const flow = workflow('flow', { c });
const two = { limits: { db: 2 } };

describe('a simulation', () => {
  it('says when each step would start and end, without calling any', () => {
    expect(simulate(flow, two)).toEqual({
      makespan: 25,
      schedule: [
        { id: 'a', start: 0, end: 10, resources: { db: 1 } },
        { id: 'b', start: 0, end: 20, resources: { db: 1 } },
        { id: 'c', start: 20, end: 25, resources: { db: 2 } },
      ],
      resources: { db: { limit: 2, work: 40, utilisation: 0.8 } },
      criticalPath: ['b', 'c'],
      criticalSteps: [
        { id: 'b', status: 'completed', waitMs: 0, durationMs: 20 },
        { id: 'c', status: 'completed', waitMs: 0, durationMs: 5 },
      ],
      bottleneck: undefined,
      lowerBounds: { criticalPath: 25, resources: { db: 20 }, best: 25 },
      percentiles: undefined,
    });
  });

  it('names the class that steps wait for, and counts concurrency as one', () => {
    const wide = defineWorkflow(
      'wide',
      ['p', 'q', 'r'].map((id) => ({ id, run: never, resource: 'gpu', estimate: 10 })),
    );
    expect(simulate(wide, { limits: { gpu: 1 } })).toMatchObject({ makespan: 30, bottleneck: 'gpu' });
    expect(simulate(wide, { limits: { gpu: 4 }, concurrency: 2 })).toMatchObject({
      makespan: 20,
      bottleneck: 'concurrency',
      lowerBounds: { resources: { gpu: 7.5, concurrency: 15 }, best: 15 },
    });
  });

  it('tells which steps decided how long it took, as a run does', () => {
    const steps: Definition[] = [
      { id: 'quick', run: never, resource: 'db', estimate: 1, priority: 2 },
      { id: 'slow', run: never, resource: 'db', estimate: 10, priority: 1 },
      { id: 'after', run: never, resource: 'db', estimate: 5, dependsOn: ['quick'] },
    ];
    const { criticalPath, makespan, lowerBounds } = simulate(defineWorkflow('queue', steps), {
      limits: { db: 1 },
    });
    expect(criticalPath).toEqual(['quick', 'after']);
    expect(makespan).toBe(16);
    expect(lowerBounds.criticalPath).toBe(10);
  });

  it.each([
    ['by id, with the estimate where nothing is said', { b: '30ms' }, 35],
    ['by a function', (id: string) => (id === 'c' ? 100 : undefined), 120],
    ['by distributions, at their means', { b: { uniform: [20, 40] }, c: { samples: [0, 10] } }, 35],
    ['longer than any timer could wait', { c: 1e12 }, 20 + 1e12],
    ['none at all', { a: 0, b: 0, c: 0 }, 0],
  ] as const)('takes durations %s', (_, durations, makespan) => {
    expect(simulate(flow, { ...two, durations }).makespan).toBe(makespan);
  });

  it('takes the durations that a run measured', async () => {
    const live = workflow('live', {
      slow: step('slow', ({ scheduler }) => timer(20, scheduler), { estimate: 1 }),
    });
    const { metrics } = await runInVirtualTime(live);
    expect(simulate(live, { durations: metrics }).makespan).toBe(20);
  });

  it('draws uncertain durations so many times, alike for equal seeds', () => {
    const durations = { b: { triangular: [10, 20, 90] } } as const;
    const drawn = (seed: number) => simulate(flow, { ...two, durations, trials: 200, seed }).percentiles;
    const first = drawn(1);
    expect(first).toEqual(drawn(1));
    expect(first).not.toEqual(drawn(2));
    expect(first).toMatchObject({ trials: 200 });
    const { least, p50, p95, most } = first ?? { least: 0, p50: 0, p95: 0, most: 0 };
    expect([least, p50, p95, most]).toEqual([least, p50, p95, most].sort((left, right) => left - right));
    expect(least).toBeGreaterThanOrEqual(15);
    expect(most).toBeLessThanOrEqual(95);
  });

  it('gives room to what ends first, or waits for all that ends at that instant', () => {
    const ends = defineWorkflow('ends', [
      { id: 'x', run: never, resource: 'db', estimate: 10, priority: 9 },
      { id: 'y', run: never, resource: 'db', estimate: 10, priority: 9 },
      { id: 'big', run: never, resource: { db: 2 }, estimate: 10, priority: 1 },
      { id: 'small', run: never, resource: 'db', estimate: 10 },
    ]);
    const startOfBig = (simultaneous: 'in-turn' | 'together') =>
      simulate(ends, { ...two, simultaneous }).schedule.find(({ id }) => id === 'big')?.start;
    expect(startOfBig('in-turn')).toBe(20);
    expect(startOfBig('together')).toBe(10);
  });

  it.each([
    ['a step it has not', { durations: { table: 3, bb: 3 } }, /has no step 'bb'; did you mean 'b'\?/],
    ['a negative duration', { durations: { b: -1 } }, /durations\['b'\] .* got -1/],
    ['NaN from a function', { durations: () => Number.NaN }, /durations\['a'\] .* got NaN/],
    ['an unsound distribution', { durations: { b: { uniform: [5, 1] } } }, /durations\['b'\]/],
    ['an unknown option', { trails: 3 }, /did you mean 'trials'/],
    ['endless trials', { trials: Infinity }, /trials to be a finite whole number/],
    ['a limit that is none', { limits: { db: 0 } }, /limits\['db'\]/],
  ] as const)('refuses %s', (_, options, message) => {
    const attempt = () => simulate(flow, { ...two, ...(options as object) });
    expect(attempt).toThrow(InvalidOptionsError);
    expect(attempt).toThrow(message);
  });

  it('refuses what is no workflow', () => {
    expect(() => simulate({ name: 'copy', graph: flow.graph, steps: flow.steps })).toThrow(
      /the workflow to be made by workflow\(\)/,
    );
  });

  it('refuses a demand that no limit could meet', () => {
    expect(() => simulate(flow, { limits: { db: 1 } })).toThrow(ResourceLimitError);
  });
});

describe('whatIf', () => {
  it('compares limits, each over those that hold for all', () => {
    const reports = whatIf(flow, [{}, { db: 3 }], two);
    expect(reports.map(({ report }) => report.resources['db']?.limit)).toEqual([2, 3]);
    expect(reports.map(({ limits }) => limits)).toEqual([{}, { db: 3 }]);
  });
});

it('a workflow with inputs is simulated, compared and planned without them: no step runs', () => {
  const path = input('path', type<string>());
  const read = step('read', { path }, ({ path }) => path.length, { estimate: 5 });
  const withInputs = workflow('with inputs', { read });
  expect(simulate(withInputs).makespan).toBe(5);
  expect([...whatIf(withInputs, [{ 'light-cpu': 1 }])].map(({ report }) => report.makespan)).toEqual([5]);
  expect(plan(withInputs).makespan).toBe(5);
});
