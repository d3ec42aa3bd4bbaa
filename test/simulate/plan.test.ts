import {
  choose,
  type Definition,
  defineWorkflow,
  forEachStep,
  InvalidOptionsError,
  type Plan,
  PlanMismatchError,
  step,
  subflow,
  workflow,
} from 'millrace';
import { plan, simulate } from 'millrace/simulate';
import { VirtualTime } from 'millrace/testing';
import { timer } from 'rxjs';
import { describe, expect, it } from 'vitest';

const minutes: Readonly<Record<string, number>> = { a: 3, b: 3, c: 2, d: 2, e: 2 };

/** Five independent steps on two machines. */
function packing(ids: readonly string[] = Object.keys(minutes)) {
  return defineWorkflow(
    'packing',
    ids.map((id) => ({
      id,
      run: (_, { scheduler }) => timer(minutes[id] ?? 1, scheduler),
      resource: 'machine',
      estimate: minutes[id],
    })),
  );
}
const machines = { limits: { machine: 2 } };

describe('a plan', () => {
  it('finds a shorter run than the order by remaining path does, and says how near to the best it is', () => {
    const flow = packing();
    expect(simulate(flow, machines).makespan).toBe(7);
    const found = plan(flow, machines);
    expect(found).toMatchObject({ workflow: 'packing', makespan: 6, lowerBound: 6, gap: 0 });
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  it('is followed by a run, to the millisecond where the steps take as long as planned', () => {
    const flow = packing();
    const found = plan(flow, machines);
    const time = new VirtualTime();
    const { scheduler } = time;
    const run = flow.run({ ...machines, plan: found, scheduler });
    run.result$.subscribe();
    time.flush();
    expect(run.metrics().totalMs).toBe(found.makespan);
  });

  it('keeps the place of a step that is not ready yet', () => {
    const started: string[] = [];
    const body = (id: string, ms: number): Definition => ({
      id,
      run: (_, { scheduler }) => {
        started.push(id);
        return timer(ms, scheduler);
      },
    });
    const flow = defineWorkflow('waiting', [
      { ...body('first', 5), resource: 'io' },
      { ...body('second', 9), dependsOn: ['first'], resource: 'machine' },
      { ...body('filler', 9), resource: 'machine' },
    ]);
    const time = new VirtualTime();
    const { scheduler } = time;
    const order: Plan = {
      ...plan(flow, { limits: { io: 1, machine: 1 } }),
      order: ['first', 'second', 'filler'],
    };
    flow.run({ limits: { io: 1, machine: 1 }, plan: order, scheduler }).result$.subscribe();
    time.flush();
    expect(started).toEqual(['first', 'second', 'filler']);
  });

  it('is the same for equal seeds and numbers of schedules', () => {
    const find = () => plan(packing(), { ...machines, schedules: 50, seed: 3 });
    expect(find()).toEqual(find());
  });

  it('is refused by a workflow with other steps, which says what changed', () => {
    const old = plan(packing(['a', 'b', 'c', 'd', 'each']), machines);
    const attempt = () => packing(['a', 'b', 'c', 'd', 'eich']).run({ ...machines, plan: old });
    expect(attempt).toThrow(PlanMismatchError);
    expect(attempt).toThrow(/doesn't know 'eich', and 'each' \(now 'eich'\?\) is no step .* make a new one/);
  });

  it('is refused where a dependency has changed so that its order is no longer one', () => {
    const steps = (dependsOn: string[]) =>
      defineWorkflow('two', [
        { id: 'x', run: () => 1, dependsOn },
        { id: 'y', run: () => 1 },
      ]);
    const { order, ...rest } = plan(steps([]));
    const old = { ...rest, order: order.toSorted() };
    expect(() => steps(['y']).run({ plan: old })).toThrow(/'x' would start before what it depends on/);
  });

  it('counts with the steps of subflows and the children of fan-outs', () => {
    const resource = 'machine';
    const sizes = step('sizes', () => [1, 2, 3], { resource: {}, estimate: 0 });
    const each = forEachStep('each', { items: sizes }, (size) => size, { resource, estimate: 4 });
    const x = step('x', () => 1, { resource, estimate: 6 });
    const part = subflow(
      'part',
      workflow('inner', { y: step('y', { x }, () => 1, { resource, estimate: 6 }) }),
    );
    const flow = workflow('outer', { each, part });
    const found = plan(flow, { ...machines, items: { each: 5 } });
    expect(found).toMatchObject({ makespan: 16, lowerBound: 16, gap: 0 });
    expect(found.order.toSorted()).toEqual(['each', 'part', 'sizes']);
    expect(simulate(flow, { ...machines, items: { each: 5 }, plan: found }).makespan).toBe(16);
    expect(plan(flow, machines)).toMatchObject({ makespan: 12, lowerBound: 12 });
  });

  it('starts a long chain within a subflow early', () => {
    const two = { resource: 'machine', estimate: 2 };
    const first = step('first', () => 1, two);
    const second = step('second', { first }, () => 1, two);
    const chain = subflow('chain', workflow('inner', { third: step('third', { second }, () => 1, two) }));
    const three = { resource: 'machine', estimate: 3 };
    const flow = workflow('packed', { a: step('a', () => 1, three), b: step('b', () => 1, three), chain });
    expect(simulate(flow, machines).makespan).toBe(9);
    expect(plan(flow, machines)).toMatchObject({ makespan: 6, lowerBound: 6 });
  });

  it('goes where it is said that the run goes', () => {
    const left = step('left', () => 1, { estimate: 9 });
    const right = step('right', () => 1, { estimate: 2 });
    const which = step('which', (): 'left' | 'right' => 'left', { estimate: 1 });
    const way = choose('way', { which }, (inputs) => inputs.which, { left, right });
    const flow = workflow('two ways', { way });
    expect(plan(flow).makespan).toBe(10);
    expect(plan(flow, { branches: { way: 'right' } }).makespan).toBe(3);
  });

  it('without an order leaves the run to find its own', () => {
    const none: Plan = { ...plan(packing(), machines), order: [] };
    expect(simulate(packing(), { ...machines, plan: none }).makespan).toBe(7);
  });

  it.each([
    ['what is no plan', () => packing().run({ ...machines, plan: {} as Plan }), /expected plan to be a plan/],
    ['no schedules', () => plan(packing(), { ...machines, schedules: 0 }), /schedules/],
    ['an endless search', () => plan(packing(), { ...machines, schedules: Infinity }), /finite/],
    ['a budget that is none', () => plan(packing(), { ...machines, budget: '2 s!' as '2s' }), /budget/],
  ])('refuses %s', (_, attempt, message) => {
    expect(attempt).toThrow(InvalidOptionsError);
    expect(attempt).toThrow(message);
  });
});
