import { inspect } from 'node:util';
import { type StepList, step, subflow, workflow } from 'millrace';
import { replay } from 'millrace/node';
import { estimate } from 'millrace/operators';
import { toMermaid } from 'millrace/report';
import { simulate } from 'millrace/simulate';
import { describe, expect, test } from 'vitest';
import { play } from './support/watch.ts';

const first = step('first', () => 1);
const inner = workflow('inner', { within: step('within', () => 2) });
const part = subflow('part', inner);
const flow = workflow('listed', {
  first: step('last', { first, part }, () => 3),
});
const ids = ['first', 'part', 'last'];

const run = play(flow).run;
const lists = [
  ['a workflow', flow.steps],
  ['a run’s workflow', run.workflow.steps],
  ['a snapshot', run.snapshot().steps],
  ['metrics', run.metrics().steps],
  ['a replay', replay(logOf()).play().snapshot().steps],
  ['a replay’s workflow', replay(logOf()).workflow.steps],
] as const satisfies readonly (readonly [string, StepList<{ readonly id: string }>])[];

function logOf() {
  const again = flow.run();
  const snapshot = again.snapshot();
  const events: Parameters<typeof replay>[0]['events'][number][] = [];
  again.progress$.subscribe((event) => events.push(event));
  again.result$.subscribe();
  return { runId: again.runId, workflow: again.workflow, snapshot, events };
}

describe.each(lists)('the steps of %s', (_, list) => {
  const steps: StepList<{ readonly id: string }> = list;

  test('are iterated over in the order of definition', () => {
    const seen: string[] = [];
    for (const { id } of steps) seen.push(id);
    expect(seen).toStrictEqual(ids);
    expect(Array.from(steps, ({ id }) => id)).toStrictEqual(ids);
    expect(steps.size).toBe(3);
  });

  test('are found by id', () => {
    for (const each of steps) expect(steps.get(each.id)).toBe(each);
    for (const id of ['no such', '', 'constructor', '__proto__', '0', 'size'])
      expect(steps.get(id), id).toBeUndefined();
  });

  test('are an array in JSON, and for who prints them', () => {
    expect(JSON.parse(JSON.stringify(steps))).toStrictEqual(JSON.parse(JSON.stringify([...steps])));
    expect(inspect(steps)).toBe(inspect([...steps]));
  });

  test('are frozen', () => {
    expect(Object.isFrozen(steps)).toBe(true);
    expect([...steps].every((each) => Object.isFrozen(each))).toBe(true);
  });
});

test('the steps of a subflow are such a list too', () => {
  expect(flow.steps.get('part')?.steps?.get('within')?.kind).toBe('step');
});

test.each([1, 255, 256, 257, 600])('there may be any number of them: %i', (count) => {
  const many = Array.from({ length: count }, (_, index) => step(`step ${String(index)}`, () => index));
  const run = play(workflow('many', Object.fromEntries(many.map((each) => [each.id, each])))).run;
  const lists: StepList<{ readonly id: string }>[] = [
    run.snapshot().steps,
    run.metrics().steps,
    run.workflow.steps,
  ];
  for (const steps of lists) {
    expect(steps.size).toBe(count);
    expect(Array.from(steps, ({ id }) => id)).toStrictEqual(many.map(({ id }) => id));
    for (const { id } of many) expect(steps.get(id)?.id).toBe(id);
  }
});

describe('what takes a run’s data also takes it', () => {
  const copies = [
    ['from JSON', (value: unknown): unknown => JSON.parse(JSON.stringify(value))],
    ['from a structured clone', structuredClone],
    ['with arrays of steps', arrays],
  ] as const;

  test.each(copies)('%s: pictures', (_, copy) => {
    const snapshot = run.snapshot();
    const drawn = toMermaid(flow, { snapshot });
    expect(drawn).toContain('completed');
    const { name, steps } = run.workflow;
    expect(
      toMermaid(copy({ name, steps }) as typeof flow, { snapshot: copy(snapshot) as typeof snapshot }),
    ).toBe(drawn);
  });

  test.each(copies)('%s: a replay', (_, copy) => {
    const log = logOf();
    const again = replay(copy(log) as typeof log);
    expect(Array.from(again.workflow.steps, ({ id }) => id)).toStrictEqual(ids);
    expect(Array.from(again.play().snapshot().steps, ({ status }) => status)).toStrictEqual(
      ids.map(() => 'completed'),
    );
  });

  test.each(copies)('%s: a simulation', (_, copy) => {
    const metrics = run.metrics();
    const copied = copy(metrics) as typeof metrics;
    expect(simulate(flow, { durations: copied }).makespan).toBe(
      simulate(flow, { durations: metrics }).makespan,
    );
  });

  test.each(copies)('%s: an estimate', (_, copy) => {
    const { name, steps } = run.workflow;
    const watched = { workflow: copy({ name, steps }) as typeof flow, snapshot: () => run.snapshot() };
    expect(() => estimate(watched)).not.toThrow();
    const again = flow.run();
    const fractions: number[] = [];
    again.progress$.pipe(estimate(watched)).subscribe(({ total }) => fractions.push(total));
    again.result$.subscribe();
    expect(fractions.at(-1)).toBe(3);
  });
});

function arrays(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
    if (key === 'steps') return [key, [...(item as Iterable<unknown>)].map(arrays)];
    return [key, key === 'workflow' || key === 'snapshot' ? arrays(item) : item];
  });
  return Object.fromEntries(entries);
}

test('a replay refuses steps that are none', () => {
  const log = logOf();
  expect(() => replay({ ...log, workflow: { name: 'w', steps: 5 as never } })).toThrow(
    /log\.workflow\.steps/,
  );
  expect(() => replay({ ...log, snapshot: { ...log.snapshot, steps: undefined as never } })).toThrow(
    /log\.snapshot\.steps/,
  );
});
