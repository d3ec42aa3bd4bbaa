// For this project only: what `composition` of `millrace/testing` draws may fail, be chosen or go on for ever, of which no plan can say how
// long it takes. What is drawn here takes as long as its estimates say, so that a simulation, a plan and a run must agree to the ms.
import fc from 'fast-check';
import { forEachStep, input, type Step, step, subflow, type, type Workflow, workflow } from 'millrace';
import type { VirtualTime } from 'millrace/testing';

/** A step of a random workflow of fan-outs and subflows. */
export interface GrowingNode {
  readonly kind: 'step' | 'fan-out' | 'subflow';
  readonly ms: number;
  readonly needs: readonly number[];
  readonly demand: Readonly<Record<string, number>>;
  readonly priority: number;
  /** Of a fan-out: how many items, and how many at once. */
  readonly count: number;
  readonly concurrency: number | undefined;
  /** Of a subflow. */
  readonly nodes: readonly GrowingNode[];
}

/** The steps of a workflow that demand one of these. */
export function growingNodes(...demands: GrowingNode['demand'][]): fc.Arbitrary<readonly GrowingNode[]> {
  const { nodes } = fc.letrec<{ node: GrowingNode; nodes: readonly GrowingNode[] }>((tie) => ({
    node: fc.record({
      kind: fc.constantFrom('step', 'step', 'fan-out', 'subflow'),
      ms: fc.nat(20),
      needs: fc.array(fc.nat(5), { maxLength: 2 }),
      demand: fc.constantFrom(...demands),
      priority: fc.nat(1),
      count: fc.nat(5),
      concurrency: fc.constantFrom(undefined, undefined, 1, 3),
      nodes: tie('nodes'),
    }),
    nodes: fc.oneof(
      { depthSize: 'small', maxDepth: 3 },
      fc.constant([
        {
          kind: 'step',
          ms: 3,
          needs: [],
          demand: { a: 1 },
          priority: 0,
          count: 0,
          concurrency: undefined,
          nodes: [],
        },
      ] satisfies GrowingNode[]),
      fc.array(tie('node'), { minLength: 1, maxLength: 5 }),
    ),
  }));
  return nodes;
}

/** The nodes as a workflow whose bodies take their time; what it needs of another comes in by the inputs named. */
export function growingWorkflow(
  list: readonly GrowingNode[],
  inputs: readonly string[],
  time: VirtualTime,
): Workflow {
  const steps: Step<unknown, never>[] = [];
  for (const [
    place,
    { kind, ms, demand, priority, needs, count, concurrency, nodes: inner },
  ] of list.entries()) {
    const names = [...new Set(needs.filter((other) => other < place))];
    const deps = Object.fromEntries(
      names.map((other) => [`d${String(other)}`, steps[other] as Step<unknown, never>]),
    );
    const id = `s${String(place)}`;
    const options = { resource: demand, estimate: ms, priority };
    const body = (): unknown => time.after(ms, ms);
    if (kind === 'step') {
      steps.push(step(id, deps, body, options));
    } else if (kind === 'fan-out') {
      const items = Array.from({ length: count }, (_, item) => item);
      steps.push(forEachStep(id, { items, ...deps }, body, { ...options, concurrency }));
    } else {
      const part: Workflow<unknown> = growingWorkflow(inner, Object.keys(deps), time);
      steps.push(subflow(id, part, { priority, inputs: deps as never }));
    }
  }
  // So that both classes are demanded, whatever else is.
  steps.push(step('both', () => time.after(1, 1), { resource: { a: 1, b: 1 } }));
  if (inputs.length > 0) {
    const given = Object.fromEntries(inputs.map((name) => [name, input(name, type<unknown>())]));
    steps.push(step('given', given, () => time.after(1, 1), { resource: { a: 1 } }) as Step<unknown, never>);
  }
  return workflow('random', Object.fromEntries(steps.map((each, place) => [String(place), each])));
}
