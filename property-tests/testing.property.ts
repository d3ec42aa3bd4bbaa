import { fc, test } from '@fast-check/vitest';
import { defineWorkflow } from 'millrace';
import { dag, expectLawful, resources, type Shape, scenario } from 'millrace/testing';
import { describe, expect } from 'vitest';
import { cases } from './support/effort.ts';

const shapes: readonly Shape[] = ['random', 'layered', 'chain', 'fan', 'tree', 'series-parallel'];

test.prop([scenario({ maxSteps: 12 })], { numRuns: cases(400) })(
  'every scenario is lawful',
  async ({ workflow, options }) => {
    await expectLawful(workflow, options);
  },
);

describe.each(shapes)('a graph of the shape %s', (shape) => {
  test.prop([dag({ shape, minSteps: 2, maxSteps: 40 })])(
    'is in topological order and can be run',
    async (steps) => {
      const seen = new Set<string>();
      for (const { id, dependsOn } of steps) {
        expect(dependsOn.every((needed) => seen.has(needed))).toBe(true);
        expect(new Set(dependsOn).size).toBe(dependsOn.length);
        seen.add(id);
      }
      const workflow = defineWorkflow(
        'drawn',
        steps.map((step) => ({ ...step, run: () => step.id })),
      );
      const { metrics } = await expectLawful(workflow, {
        bodies: 'replace',
        deterministic: false,
        limits: { 'light-cpu': 100 },
      });
      if (shape === 'chain') expect(metrics.totalMs).toBe(steps.length);
      if (shape === 'fan') expect(metrics.totalMs).toBe(Math.min(3, steps.length));
    },
  );
});

test.prop([
  fc.constantFrom(0, 1).chain((density) => fc.tuple(fc.constant(density), dag({ density, minSteps: 3 }))),
])('density reaches from no dependencies to many', ([density, steps]) => {
  const count = steps.flatMap(({ dependsOn }) => dependsOn).length;
  if (density === 0) expect(count).toBe(0);
  else expect(count).toBeGreaterThanOrEqual(steps.length - 1);
});

test.prop([resources(['a', 'b', 'c'])])('demands fit into their limits', ({ demands, limits }) => {
  for (const demand of Object.values(demands))
    for (const [name, amount] of Object.entries(demand))
      expect(amount).toBeLessThanOrEqual(limits[name] ?? 0);
});
