import {
  forEachStep,
  InvalidOptionsError,
  type ProgressEvent,
  type Run,
  type RunOptions,
  step,
  type Workflow,
  workflow,
} from 'millrace';
import { replay } from 'millrace/node';
import { htmlReport, type PicturedRun, record, toChromeTrace } from 'millrace/report';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import type { Timeline } from '../../lib/report/timeline.ts';
import { timelineOf } from '../../lib/report/timeline-of.ts';

/** A run that hasn't begun, and what it will tell. */
function made(flow: Workflow, time: VirtualTime, given: RunOptions<never> = options) {
  const run = flow.run({ scheduler: time.scheduler, ...given });
  const events: ProgressEvent[] = [];
  run.progress$.subscribe((event) => events.push(event));
  return { run, events };
}

/** What is in the page. */
function data(run: Parameters<typeof htmlReport>[0]): PicturedRun {
  const json = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(htmlReport(run))?.[1] ?? '';
  const { logs } = JSON.parse(json) as { readonly logs: readonly [PicturedRun] };
  return logs[0];
}

/** What the page draws. */
function drawn(run: Parameters<typeof htmlReport>[0]): Timeline {
  return timelineOf(data(run));
}

function pipeline(time: VirtualTime, fails = false): Workflow {
  const table = step('table', () => time.after(10, 1), { resource: { db: 1 } });
  const pages = forEachStep('pages', { items: [1, 2, 3] }, () => time.after(20, 1), { resource: { db: 1 } });
  const sum = step(
    'sum',
    { table, pages },
    () => {
      if (fails) throw new RangeError('no sum');
      return time.after(5, 1);
    },
    { resource: { db: 1 } },
  );
  return workflow('recorded', { sum });
}

const options: RunOptions<never> = { limits: { db: 2, 'light-cpu': 4, memory: '1GiB' } };

function statuses({ steps }: Timeline): Record<string, string> {
  return Object.fromEntries(Array.from(steps, ([id, { status }]) => [id, status]));
}

/** What is drawn of a run, in so far as nobody has to have recorded it. */
function course(timeline: Timeline): unknown {
  return {
    status: timeline.status,
    startedAt: timeline.startedAt,
    endedAt: timeline.endedAt,
    now: timeline.now,
    path: timeline.criticalPath(),
    steps: Array.from(timeline.steps, ([id, story]) => {
      const { status, readyAt, startedAt, endedAt, attempts } = story;
      return { id, status, readyAt, startedAt, endedAt, attempts, took: timeline.durationOf(story) };
    }),
    children: timeline.descent.counts,
    limits: timeline.limits,
    bars: timeline.attempts.map(({ stepId, from, to, outcome }) => ({ stepId, from, to, outcome })),
  };
}

describe('a run that is recorded', () => {
  test('is reported as its events and limits by hand are', () => {
    const time = new VirtualTime();
    const { run, events } = made(pipeline(time), time);
    const recorded = record(run);
    run.result$.subscribe();
    time.flush();
    expect(recorded.events).toStrictEqual(events);
    const { about } = recorded;
    expect(about).toEqual({ host: expect.stringMatching(/^Node .* cores?$/) as unknown, inputs: {} });
    const byHand = { workflow: run.workflow, limits: { db: 2 }, events, about };
    expect(data(recorded)).toStrictEqual(data(byHand));
    expect(data(run)).toStrictEqual(data(byHand));
    expect(toChromeTrace(run)).toStrictEqual(toChromeTrace(byHand));
    expect(toChromeTrace(recorded)).toStrictEqual(toChromeTrace(byHand));
  });

  test('is reported at any time', () => {
    const time = new VirtualTime();
    const { run } = made(pipeline(time), time);
    record(run);
    expect(drawn(run).status).toBe('idle');
    run.result$.subscribe();
    time.advanceTo(15);
    expect(statuses(drawn(run))).toStrictEqual({ table: 'completed', pages: 'running', sum: 'waiting' });
    time.flush();
    expect(drawn(run).status).toBe('completed');
  });

  test('is neither started nor held, and goes on where the recording stops', () => {
    const time = new VirtualTime();
    const { run } = made(pipeline(time), time);
    using recorded = record(run);
    time.advanceTo(10);
    expect(run.snapshot().status).toBe('idle');
    run.result$.subscribe();
    time.advanceTo(20);
    recorded.stop();
    const { length } = recorded.events;
    time.flush();
    expect(run.snapshot().status).toBe('completed');
    expect(recorded.events).toHaveLength(length);
  });

  test('can be played again', () => {
    const time = new VirtualTime();
    const { run } = made(pipeline(time), time);
    const recorded = record(run);
    run.result$.subscribe();
    time.flush();
    expect(replay(recorded).play().snapshot()).toStrictEqual(run.snapshot());
  });

  test('late, is where it stood, and then what happens', () => {
    const time = new VirtualTime();
    const { run, events } = made(pipeline(time), time);
    run.result$.subscribe();
    time.advanceTo(15);
    const recorded = record(run);
    const before = events.length;
    time.flush();
    expect(recorded.events).toStrictEqual(events.slice(before));
    const whole = drawn({ workflow: run.workflow, limits: run.limits, events });
    expect(statuses(drawn(run))).toStrictEqual(statuses(whole));
    const { children: _, ...known } = course(drawn(run)) as { children: unknown };
    expect(course(whole)).toMatchObject(known);
  });
});

describe('of a run that nobody has recorded', () => {
  function played(fails: boolean, until?: number, act: (run: Run) => void = () => undefined) {
    const time = new VirtualTime();
    const { run, events } = made(pipeline(time, fails), time, { ...options, onFailure: 'continue' });
    run.result$.subscribe({ error: () => undefined });
    if (until !== undefined) time.advanceTo(until);
    act(run);
    if (until === undefined) time.flush();
    return { run, whole: timelineOf({ workflow: run.workflow, limits: run.limits, events }) };
  }

  test.each([
    ['completed', false, undefined],
    ['failed', true, undefined],
  ] as const)('one that has %s is drawn a bar a step', (status, fails, until) => {
    const { run, whole } = played(fails, until);
    expect(whole.status).toBe(status);
    expect(course(drawn(run))).toStrictEqual(course(whole));
    expect(drawn(run).criticalPath()).toStrictEqual(run.metrics().criticalPath);
  });

  test('one that runs is drawn up to now', () => {
    const { run } = played(false, 33);
    const timeline = drawn(run);
    expect(timeline.now).toBe(33);
    expect(statuses(timeline)).toStrictEqual({ table: 'completed', pages: 'running', sum: 'waiting' });
    expect(timeline.attempts.map(({ stepId, to }) => [stepId, to])).toStrictEqual([
      ['table', 10],
      ['pages', undefined],
    ]);
  });

  test('it is said why it failed, or was cancelled', () => {
    const failed = drawn(played(true).run);
    expect(failed.remarks.find(({ kind }) => kind === 'failure')).toMatchObject({
      stepId: 'sum',
      error: { name: 'StepFailedError', cause: { name: 'RangeError', message: 'no sum' } },
    });
    const cancelled = drawn(
      played(false, 15, (run) => {
        run.cancel('enough');
      }).run,
    );
    expect([cancelled.status, cancelled.error]).toStrictEqual(['cancelled', 'enough']);
  });

  test('it is said that it wasn’t recorded, and what to do', () => {
    const warnings = drawn(played(false).run).remarks.filter(({ kind }) => kind === 'warning');
    expect(warnings.map(({ message }) => message)).toStrictEqual([
      expect.stringMatching(/nobody has recorded this run.*call record\(run\) before it starts/),
    ]);
    expect(toChromeTrace(played(false).run).traceEvents.filter(({ ph }) => ph === 'X')).toHaveLength(3);
  });

  test('before its start there is nothing to say', () => {
    const time = new VirtualTime();
    const timeline = drawn(pipeline(time).run(options));
    expect([timeline.status, timeline.remarks]).toStrictEqual(['idle', []]);
  });
});

describe('where there is no room', () => {
  function crowded(capacity: number) {
    const time = new VirtualTime();
    const items = Array.from({ length: 200 }, (_, item) => item);
    const all = forEachStep(
      'all',
      { items },
      (item, _, ctx) => {
        ctx.log(`item ${String(item)}`);
        return time.after(item % 7, item);
      },
      { resource: { db: 1 }, retry: 1 },
    );
    const last = step('last', { all }, () => 1);
    const { run, events } = made(workflow('crowded', { last }), time, { limits: { db: 9 } });
    const recorded = record(run, { capacity });
    run.result$.subscribe();
    time.flush();
    return { run, recorded, events };
  }

  test.each([1, 2, 7, 50, 300])('for more than %i events, what is kept is whole', (capacity) => {
    const { recorded, run } = crowded(capacity);
    const timeline = drawn(run);
    expect(timeline.status).toBe('completed');
    expect(statuses(timeline)).toStrictEqual({ all: 'completed', last: 'completed' });
    expect([...timeline.attempts, ...timeline.attemptsWithin].every(({ to }) => to !== undefined)).toBe(true);
    expect([...timeline.usage.values()].map((points) => points.at(-1)?.taken)).toStrictEqual(
      Array.from(timeline.usage, () => 0),
    );
    const { added = 0, completed = 0 } = timeline.descent.counts ?? {};
    expect(completed).toBe(added);
    // Besides, there are the ends of what had begun.
    expect(recorded.events.length).toBeLessThan(3 * capacity + 20);
  });

  test('it is said how much isn’t there', () => {
    const { recorded, events } = crowded(50);
    const mark = recorded.events.find((event) => event.type === 'warning');
    expect(mark).toMatchObject({ topic: 'dropped', count: recorded.dropped });
    expect(recorded.dropped + recorded.events.length - 1).toBe(events.length);
    const seqs = recorded.events.map(({ seq }) => seq);
    expect(seqs).toStrictEqual([...new Set(seqs)].sort((left, right) => left - right));
  });

  test('nothing is said where there was', () => {
    const { recorded, events } = crowded(100_000);
    expect(recorded.dropped).toBe(0);
    expect(recorded.events).toStrictEqual(events);
  });
});

describe('limits may be', () => {
  test.each([
    ['those given to the run', { memory: '1GiB', db: 3 }, { memory: 2 ** 30, db: 3 }],
    ['rated', { api: { limit: 4, rate: { limit: 10, per: '1s' } } }, { api: 4 }],
    ['rates alone', { api: { rate: { limit: 10, per: '1s' } } }, {}],
    ['without an end, or absent', { a: Infinity, b: undefined }, {}],
    ['of families', { 'host:*': 2 }, { 'host:*': 2 }],
  ] as const)('%s', (_, limits, told) => {
    const time = new VirtualTime();
    expect(drawn({ workflow: pipeline(time), limits, events: [] }).limits).toStrictEqual(told);
  });
});

test.each([
  [() => htmlReport(undefined as never), 'htmlReport'],
  [() => htmlReport({ events: [] } as never), 'htmlReport'],
  [() => toChromeTrace(5 as never), 'toChromeTrace'],
  [() => record({} as never), 'record'],
  [() => record(undefined as never), 'record'],
  [() => record(pipeline(new VirtualTime()).run(options), { capacity: 0 }), 'capacity'],
  [() => record(pipeline(new VirtualTime()).run(options), { most: 0 } as never), 'most'],
])('what can’t be reported is refused: %s', (attempt, named) => {
  expect(attempt).toThrow(InvalidOptionsError);
  expect(attempt).toThrow(named);
});
