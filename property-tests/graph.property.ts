import { fc, test } from '@fast-check/vitest';
import { VirtualTime } from 'millrace/testing';
import { describe, expect } from 'vitest';
import {
  type Definition,
  defineWorkflow,
  type Graph,
  InvalidWorkflowError,
  type WorkflowFault,
} from '../lib/index.ts';
import { arbitraryScenario } from './support/arbitrary-scenario.ts';
import { cases } from './support/effort.ts';
import { byRank } from './support/naive-ranks.ts';
import { type Edges, faultsOf, isCycleOf } from './support/naive-validation.ts';
import type { Scenario } from './support/scenario.ts';

const run = (): number => 0;

/** Few names, so that they meet; `x` and `y` are often nobody's. */
const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'x', 'y');
const edges: fc.Arbitrary<Edges> = fc.array(
  fc.record({ id: name, dependsOn: fc.array(name, { maxLength: 3 }) }),
  { maxLength: 8 },
);

describe('defineWorkflow', () => {
  test.prop([edges], { numRuns: cases(3000) })(
    'finds every fault that there is, and no other',
    (definitions) => {
      const found = define(definitions);
      const faults = found instanceof InvalidWorkflowError ? found.faults : [];
      const expected = faultsOf(definitions);
      const withoutCycles = faults.flatMap((fault) => (fault.kind === 'cycle' ? [] : [plain(fault)]));
      expect(withoutCycles.sort()).toEqual(expected.faults.map((fault) => plain(fault)).sort());
      const paths = faults.flatMap((fault) => (fault.kind === 'cycle' ? [fault.path] : []));
      expect(paths).toHaveLength(expected.knots.length);
      for (const knot of expected.knots) {
        const path = paths.find(([first]) => knot.has(first ?? ''));
        expect(path, `a cycle of ${[...knot].join(', ')}`).toBeDefined();
        expect(
          isCycleOf(definitions, knot, path ?? []),
          `whether ${(path ?? []).join(' → ')} is a cycle`,
        ).toBe(true);
      }
    },
  );

  test.prop([edges], { numRuns: cases(300) })('puts every fault into the message', (definitions) => {
    const found = define(definitions);
    if (!(found instanceof InvalidWorkflowError)) return;
    for (const fault of found.faults) {
      for (const [, value] of Object.entries(fault).filter(
        ([key, each]) => key !== 'kind' && each !== undefined,
      )) {
        expect(found.message).toContain(Array.isArray(value) ? value.join(' → ') : value);
      }
    }
  });
});

describe('a graph', () => {
  const scenario = arbitraryScenario({ ranks: true });

  test.prop([scenario], { numRuns: cases(500) })(
    'has an order in which each step comes after all that it needs',
    (plan) => {
      const order = graphOf(plan).topologicalOrder();
      expect([...order].sort()).toEqual(plan.steps.map(({ id }) => id).sort());
      for (const { id, dependsOn } of plan.steps) {
        for (const needed of dependsOn)
          expect(order.indexOf(needed), `${needed} before ${id}`).toBeLessThan(order.indexOf(id));
      }
    },
  );

  test.prop([scenario], { numRuns: cases(500) })('knows the neighbours of each step, both ways', (plan) => {
    const graph = graphOf(plan);
    expect(graph.ids).toEqual(plan.steps.map(({ id }) => id));
    for (const { id, dependsOn } of plan.steps) {
      expect(graph.dependenciesOf(id)).toEqual(dependsOn);
      expect(graph.dependentsOf(id)).toEqual(plan.dependentsOf(id).map((dependent) => dependent.id));
    }
  });

  test.prop([scenario, fc.func(fc.boolean())], { numRuns: cases(500) })(
    'knows who is ready when some have settled',
    (plan, isSettled) => {
      const settled = plan.steps.map(({ id }) => id).filter((id) => isSettled(id));
      const expected = plan.steps.filter(
        ({ id, dependsOn }) => !settled.includes(id) && dependsOn.every((needed) => settled.includes(needed)),
      );
      expect(graphOf(plan).readySteps(settled)).toEqual(expected.map(({ id }) => id));
    },
  );

  test.prop([scenario, fc.boolean()], { numRuns: cases(500) })(
    'has a critical path that no other path exceeds',
    (plan, hasWeights) => {
      const weightOf = (id: string): number => (hasWeights ? (plan.step(id).estimate ?? 1) : 1);
      const { steps, length } = graphOf(plan).criticalPath(hasWeights ? weightOf : undefined);
      expect(length).toBe(longestPath(plan, weightOf));
      expect(steps.reduce((sum, id) => sum + weightOf(id), 0)).toBe(length);
      for (const [place, id] of steps.entries()) {
        if (place > 0) expect(plan.step(id).dependsOn).toContain(steps[place - 1]);
      }
    },
  );

  test.prop([scenario], { numRuns: cases(500) })(
    'ranks its steps by priority, then by what remains to be done, then by definition',
    (plan) => {
      // The roots are ready all at once: a run of one at a time shows their order, if nothing gets in between.
      const roots = new Set(plan.steps.filter(({ dependsOn }) => dependsOn.length === 0).map(({ id }) => id));
      const started: string[] = [];
      const definitions = plan.steps.map(({ id, dependsOn, priority, estimate }) => ({
        id,
        dependsOn,
        priority: roots.has(id) ? priority : -100,
        estimate,
        run: () => started.push(id),
      }));
      defineWorkflow('ranks', definitions)
        .run({ concurrency: 1, scheduler: new VirtualTime().scheduler })
        .result$.subscribe();
      expect(started.filter((id) => roots.has(id))).toEqual(byRank(plan).filter((id) => roots.has(id)));
    },
  );
});

function define(definitions: Edges): unknown {
  try {
    return defineWorkflow(
      'random',
      definitions.map((definition): Definition => ({ ...definition, run })),
    );
  } catch (error) {
    return error;
  }
}

function graphOf({ steps }: Scenario): Graph {
  return defineWorkflow(
    'random',
    steps.map(({ id, dependsOn }) => ({ id, dependsOn, run })),
  ).graph;
}

function longestPath(plan: Scenario, weightOf: (id: string) => number): number {
  const known = new Map<string, number>();
  const from = (id: string): number => {
    let length = known.get(id);
    if (length === undefined) {
      length = weightOf(id) + Math.max(0, ...plan.dependentsOf(id).map((dependent) => from(dependent.id)));
      known.set(id, length);
    }
    return length;
  };
  return Math.max(...plan.steps.map(({ id }) => from(id)));
}

/** A fault without what is a matter of taste: the suggestion. */
function plain(fault: WorkflowFault): string {
  return JSON.stringify({ ...fault, nearest: undefined });
}
