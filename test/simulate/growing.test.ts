import {
  choose,
  fallback,
  firstOf,
  forEachStep,
  InvalidOptionsError,
  input,
  optional,
  ResourceLimitError,
  type RunOptions,
  step,
  stream,
  subflow,
  type,
  type Workflow,
  workflow,
} from 'millrace';
import { plan, simulate, whatIf } from 'millrace/simulate';
import { VirtualTime } from 'millrace/testing';
import { take, timer } from 'rxjs';
import { describe, expect, test } from 'vitest';

const limits = { 'light-cpu': 2 };

/** Each step of the schedule as `id start–end`. */
function rows({ schedule }: ReturnType<typeof simulate>): string[] {
  return schedule.map(({ id, start, end }) => `${id} ${String(start)}–${String(end)}`);
}

/** The same of what really happens. */
function ran(flow: Workflow, options: RunOptions<never>, time: VirtualTime): string[] {
  const run = flow.run({ ...options, scheduler: time.scheduler });
  const starts = new Map<string, number>();
  const ended: string[] = [];
  run.progress$.subscribe((event) => {
    if (event.type === 'step-started') starts.set(event.stepId, event.at);
    else if (event.type === 'step-completed' || event.type === 'step-cancelled')
      ended.push(`${event.stepId} ${String(starts.get(event.stepId))}–${String(event.at)}`);
  });
  run.result$.subscribe();
  time.flush();
  return ended.filter((row) => !row.includes('undefined'));
}

const a = step('a', () => 1, { estimate: 10 });
const b = step('b', { a }, () => 2, { estimate: 20 });
const c = step('c', () => 3, { estimate: 25 });
const inner = workflow('inner', { b, c });

describe('a subflow', () => {
  const left = subflow('left', inner);
  const right = subflow('right', inner);
  const end = step('end', { left, right }, () => 0, { estimate: 5 });
  const flow = workflow('outer', { end });

  test('is simulated by its steps, in the budget of all', () => {
    const report = simulate(flow, { limits });
    expect(rows(report)).toEqual([
      'left 0–30',
      'right 0–55',
      'left/a 0–10',
      'left/c 0–25',
      'left/b 10–30',
      'right/a 25–35',
      'right/c 30–55',
      'right/b 35–55',
      'end 55–60',
    ]);
    expect(report.makespan).toBe(60);
    expect(report.bottleneck).toBe('light-cpu');
    expect(report.resources['light-cpu']?.work).toBe(115);
    expect(report.lowerBounds).toEqual({ criticalPath: 35, resources: { 'light-cpu': 57.5 }, best: 57.5 });
    expect(report.criticalPath).toEqual(['right', 'end']);
  });

  test('is one step where a duration is given for it, as by the metrics of a run', () => {
    const report = simulate(flow, { limits, durations: { left: 100, 'right/c': 1 } });
    expect(rows(report)).toEqual([
      'left 0–100',
      'right 0–30',
      'right/a 0–10',
      'right/c 0–1',
      'right/b 10–30',
      'end 100–105',
    ]);
    expect(() => simulate(flow, { durations: { left: 1, 'left/c': 1 } })).toThrow("has no step 'left/c'");
  });

  test('measured by a run takes what it took, not what it held', () => {
    const time = new VirtualTime();
    const { scheduler } = time;
    const slow = workflow('slow', { slow: step('slow', () => timer(70, scheduler)) });
    const around = workflow('around', {
      part: subflow('part', slow),
      own: step('own', () => timer(5, scheduler)),
    });
    const run = around.run({ scheduler });
    run.result$.subscribe();
    time.flush();
    expect(simulate(around, { durations: run.metrics() }).makespan).toBe(70);
  });

  test('given as a function is one step of its own duration', () => {
    const n = input('n', type<number>());
    const self = (): Workflow<{ done: unknown }, ['n', number]> => again;
    const less = step('less', { n }, (inputs) => inputs.n - 1, { estimate: 3 });
    const rest = subflow('rest', self, { inputs: { n: less }, estimate: 7 });
    const again = workflow('again', { done: step('done', { rest }, () => 0, { estimate: 1 }) });
    expect(rows(simulate(again))).toEqual(['less 0–3', 'rest 3–10', 'done 10–11']);
  });
});

describe('a fan-out', () => {
  const files = step('files', () => ['x'], { estimate: 10 });
  const digests = forEachStep('digest', { items: files }, (file) => file.length, { estimate: 4 });
  const flow = workflow('digests', { digests });

  test('is simulated by its children, where it is known how many there are', () => {
    expect(simulate(flow, { limits }).makespan).toBe(14);
    expect(simulate(flow, { limits, items: { digest: 7 } }).makespan).toBe(10 + 4 * 4);
    expect(simulate(flow, { limits, items: { digest: 0 } }).makespan).toBe(10);
    const list = forEachStep('listed', { items: ['p', 'q', 'r'] }, () => 0);
    const report = simulate(workflow('listed', { list }), {
      limits,
      durations: { 'listed[]': 6, 'listed[1]': 9 },
    });
    expect(rows(report)).toEqual(['listed 0–12', 'listed[0] 0–6', 'listed[1] 0–9', 'listed[2] 6–12']);
    expect(report.lowerBounds).toEqual({ criticalPath: 9, resources: { 'light-cpu': 10.5 }, best: 10.5 });
  });

  test('compares limits and spreads', () => {
    const makespans = whatIf(
      flow,
      [1, 2, 50].map((cpu) => ({ 'light-cpu': cpu })),
      {
        items: { digest: 50 },
        durations: { 'digest[]': { uniform: [2, 6] } },
        trials: 100,
      },
    ).map(({ report }) => report);
    expect(makespans.map(({ makespan }) => makespan)).toEqual([210, 110, 14]);
    const [one, , fifty] = makespans;
    expect(one?.percentiles?.p50).toBeCloseTo(210, -1);
    // The longest of fifty draws.
    expect(fifty?.percentiles?.p50).toBeGreaterThan(15);
    expect(fifty?.bottleneck).toBeUndefined();
  });

  test('keeps to a concurrency of its own, and a function tells each child', () => {
    const two = forEachStep('two', { items: [0, 0, 0, 0] }, () => 0, { concurrency: 2 });
    const report = simulate(workflow('two', { two }), {
      limits: { 'light-cpu': 8 },
      durations: (id) => (id === 'two[0]' ? 10 : id === 'two' ? undefined : 3),
    });
    expect(rows(report)).toEqual(['two 0–10', 'two[0] 0–10', 'two[1] 0–3', 'two[2] 3–6', 'two[3] 6–9']);
    expect(report.bottleneck).toBeUndefined();
  });

  test('over a stream starts children while the producer takes its time', () => {
    const found = step('found', () => timer(10, 10).pipe(take(4)), { estimate: 40 });
    const read = forEachStep('read', { items: stream(found, { overflow: 'error' }) }, () => 0, {
      estimate: 15,
    });
    const report = simulate(workflow('live', { read }), { limits: { 'light-cpu': 3 }, items: { read: 4 } });
    expect(rows(report)).toEqual([
      'found 0–40',
      'read 0–55',
      'read[0] 10–25',
      'read[1] 20–35',
      'read[2] 30–45',
      'read[3] 40–55',
    ]);
    expect(report.lowerBounds.best).toBeLessThanOrEqual(report.makespan);
  });

  test('without items over a stream ends with its producer', () => {
    const found = step('found', () => [1], { estimate: 40 });
    const read = forEachStep('read', { items: stream(found as never) }, () => 0);
    expect(simulate(workflow('live', { read }), { items: { read: 0 } }).makespan).toBe(40);
  });

  test('of a hundred thousand children is simulated as well', () => {
    const { makespan } = simulate(flow, { limits: { 'light-cpu': 1000 }, items: { digest: 100_000 } });
    expect(makespan).toBe(10 + 100 * 4);
  });
});

describe('branches', () => {
  const [quick, slow] = [10, 90].map((ms) => step(`${String(ms)} ms`, () => ms, { estimate: ms })) as [
    typeof a,
    typeof a,
  ];

  test('are the first one, or the one that is named', () => {
    const chosen = choose('chosen', {}, () => 'slow', { quick, slow });
    const flow = workflow('choice', { chosen });
    expect(rows(simulate(flow, { limits, durations: { chosen: 0 } }))).toEqual([
      '10 ms 0–10',
      'chosen 10–10',
    ]);
    const other = simulate(flow, { limits, durations: { chosen: 0 }, branches: { chosen: 'slow' } });
    expect(rows(other)).toEqual(['90 ms 0–90', 'chosen 90–90']);
    expect(other.resources['light-cpu']?.work).toBe(90);
    expect(other.bottleneck).toBeUndefined();
    expect(other.lowerBounds.best).toBe(90);
  });

  test('that a condition keeps from running take no time, nor does what needs them', () => {
    const maybe = step('maybe', { quick }, () => 0, { when: () => true, estimate: 50 });
    const after = step('after', { maybe }, () => 0, { estimate: 5 });
    const flow = workflow('conditional', { after: optional(after), slow });
    expect(simulate(flow, { limits, durations: { '90 ms': 1 } }).makespan).toBe(65);
    const without = simulate(flow, { limits, durations: { '90 ms': 1 }, skipped: ['maybe'] });
    expect(rows(without)).toEqual(['10 ms 0–10', '90 ms 0–1']);
  });

  test('in a race end with the first, and a fallback is not needed', () => {
    const race = firstOf('race', [quick, slow]);
    const safe = fallback(
      'safe',
      step('primary', () => 1, { estimate: 3 }),
      step('other', () => 2, { estimate: 99 }),
    );
    const flow = workflow('race', { race, safe });
    const report = simulate(flow, { limits: { 'light-cpu': 4 }, durations: { race: 0, safe: 0 } });
    expect(rows(report)).toEqual(['10 ms 0–10', '90 ms 0–10', 'primary 0–3', 'safe 3–3', 'race 10–10']);
    expect(report.makespan).toBe(10);
    expect(report.lowerBounds.best).toBeLessThanOrEqual(10);
  });
});

test('who reads a stream ends no earlier than what it reads', () => {
  const lines = step('lines', () => 1, { estimate: 100 });
  const parsed = step('parsed', { lines: stream(lines) }, () => 1, { estimate: 10 });
  const stored = step('stored', { parsed: stream(parsed) }, () => 1, { estimate: 120 });
  const report = simulate(workflow('streams', { stored, lines }), { limits: { 'light-cpu': 3 } });
  expect(rows(report)).toEqual(['lines 0–100', 'parsed 0–100', 'stored 0–120']);
  expect(report.makespan).toBe(120);
  expect(report.lowerBounds.criticalPath).toBe(120);
});

test('is what a run does, with all of it in each other', () => {
  const time = new VirtualTime();
  const { scheduler } = time;
  const took = (ms: number) => () => timer(ms, scheduler);
  const each = forEachStep('each', { items: [0, 1, 2, 3, 4] }, took(7), {
    estimate: 7,
    resource: 'light-io',
  });
  const one = step('one', took(3), { estimate: 3 });
  const two = step('two', { one }, took(4), { estimate: 4, resource: { 'light-io': 2 } });
  const part = workflow('part', { each, two });
  const first = subflow('first', part);
  const second = subflow('second', part, { priority: 1 });
  const nested = subflow('nested', workflow('nested', { first }));
  const end = step('end', { nested, second }, took(5), { estimate: 5 });
  const flow = workflow('all', { end });
  const conditions = { limits: { 'light-io': 3, 'light-cpu': 1 } };
  expect(rows(simulate(flow, conditions)).toSorted()).toEqual(ran(flow, conditions, time).toSorted());
});

describe('is refused:', () => {
  const chosen = choose('chosen', {}, () => 'a', { a, c });
  const each = forEachStep('each', { items: stream(a) }, () => 0);
  const flow = workflow('flow', { chosen, each });

  test.each([
    ['a step that there is not', { items: { eahc: 1 } }, "has no step 'eahc'; did you mean 'each'?"],
    ['items of a step that is no fan-out', { items: { a: 1 } }, "step 'a' is no fan-out"],
    ['a number of items that is none', { items: { each: -1 } }, "items['each']"],
    ['more items than can be held', { items: { each: 1e9 } }, 'at most 10000000'],
    ['a branch that there is not', { branches: { chosen: 'b' } }, "one of 'a', 'c'"],
    ['a branch of a step without any', { branches: { each: 'a' } }, "step 'each' has no branches"],
    ['what no condition can skip', { skipped: ['a'] }, "a step with a 'when', unlike 'a'"],
    ['no list', { skipped: 'a' as never }, 'a list of ids'],
    [
      'a duration of children that is none, once for all',
      { items: { each: 9 }, durations: { 'each[]': 'soon' as never } },
      /^(?:(?!'each\[\]').)*'each\[\]'(?:(?!'each\[\]').)*$/,
    ],
    [
      'a duration of the whole beside the number',
      { items: { each: 2 }, durations: { each: 9 } },
      "'each[]' is each",
    ],
  ])('%s', (_, options, message) => {
    expect(() => simulate(flow, options)).toThrow(InvalidOptionsError);
    expect(() => simulate(flow, options)).toThrow(message);
  });

  test('a child that demands more than there can be', () => {
    const big = forEachStep('big', { items: [1] }, () => 0, { resource: { gpu: 3 } });
    const simulated = (): unknown => simulate(workflow('big', { big }), { limits: { gpu: 2 } });
    expect(simulated).toThrow(ResourceLimitError);
  });
});

describe('a plan', () => {
  const limited = { limits: { 'light-cpu': 1 } };
  const long = step('long', () => 'long', { estimate: 500 });
  const short = step('short', () => 'short', { estimate: 5 });
  const first = step('first', () => 1, { estimate: 5 });
  const ready = step('ready', { first }, () => 1, { estimate: 5 });

  test.each(['short', 'long'] as const)('waits for no branch that may never be taken (%s)', async (taken) => {
    const taking = choose('taken', { ready }, () => taken, { long, short });
    const flow = workflow('taking', { taken: taking, after: step('after', { taking }, () => 'after') });
    const found = plan(flow, limited);
    expect(found.lowerBound).toBeLessThanOrEqual(found.makespan);
    const outputs = { taken: taken, after: 'after' };
    expect(await flow.run({ ...limited, plan: found }).result()).toEqual(outputs);
    // However it was made, a run comes to an end with it.
    const order = ['long', ...found.order.filter((id) => id !== 'long')];
    expect(await flow.run({ ...limited, plan: { ...found, order } }).result()).toEqual(outputs);
  });

  test('waits for no fallback', async () => {
    const fails = step('fails', { ready }, () => Promise.reject(new Error('no')), { estimate: 0 });
    const flow = workflow('safe', { safe: fallback('safe', fails, long), short });
    const found = plan(flow, limited);
    const order = ['long', ...found.order.filter((id) => id !== 'long')];
    for (const each of [found, { ...found, order }])
      expect(await flow.run({ ...limited, plan: each }).result()).toEqual({ safe: 'long', short: 'short' });
  });

  test('waits for none that streams connect', async () => {
    const lines = step('lines', () => 1, { estimate: 0 });
    const read = step(
      'read',
      { lines: stream(lines), ready },
      async (inputs) => {
        let count = 0;
        for await (const _ of inputs.lines) count++;
        return count;
      },
      { estimate: 0 },
    );
    const flow = workflow('streams', { read });
    const found = plan(flow, { limits: { 'light-cpu': 2 } });
    const order = ['lines', ...found.order.filter((id) => id !== 'lines')];
    for (const each of [found, { ...found, order }])
      expect(await flow.run({ limits: { 'light-cpu': 2 }, plan: each }).result()).toEqual({ read: 1 });
  });
});
