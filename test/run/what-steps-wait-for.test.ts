import {
  choose,
  defineWorkflow,
  forEachStep,
  type Run,
  sharedLimits,
  step,
  stream,
  type WaitReason,
  waitText,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { takes } from './support/branches.ts';
import { play, watch } from './support/watch.ts';

/** What each step of a run waits for just now, in words. */
function waiting(run: Run): Record<string, string> {
  return Object.fromEntries(
    [...run.snapshot().steps].flatMap(({ id, waitingFor }) =>
      waitingFor === undefined ? [] : [[id, waitText(waitingFor)]],
    ),
  );
}

/** What the attempts of a run have waited for, from its events. */
function waited(
  events: readonly { readonly type: string }[],
): Record<string, [ms: number, reason: WaitReason]> {
  const started = events as readonly {
    type: string;
    stepId: string;
    waited?: { ms: number; for: WaitReason };
  }[];
  return Object.fromEntries(
    started.flatMap(({ type, stepId, waited: each }) =>
      type === 'step-started' && each !== undefined ? [[stepId, [each.ms, each.for]]] : [],
    ),
  );
}

describe('a snapshot says what a step waits for:', () => {
  test('another step, until that is over, and then the next', () => {
    const time = new VirtualTime();
    const [a, b] = [takes(time, 'a', 10), takes(time, 'b', 20)];
    const end = step('end', { a, b }, () => 1);
    const run = watch(workflow('w', { end }), time);
    const first = run.run.snapshot();
    expect(waiting(run.run)).toEqual({ end: 'a' });
    time.advanceTo(10);
    expect(waiting(run.run)).toEqual({ end: 'b' });
    expect(first.steps.get('end')?.waitingFor).toEqual({ kind: 'step', stepId: 'a' });
    time.advanceTo(20);
    expect(waiting(run.run)).toEqual({});
  });

  test('a resource class, with how many wait for it, and who goes first', () => {
    const time = new VirtualTime();
    const steps = ['p', 'q', 'r'].map((id) => ({ id, run: () => time.after(10, 1), resource: 'gpu' }));
    const run = watch(defineWorkflow('w', steps), time, { limits: { gpu: 1 } });
    expect(waiting(run.run)).toEqual({ q: 'gpu', r: 'gpu' });
    expect(run.run.snapshot().waits).toEqual([
      { for: { kind: 'resource', resource: 'gpu' }, count: 2, first: 'q' },
    ]);
    const before = run.run.snapshot();
    expect(run.run.snapshot()).toBe(before);
    time.flush();
    expect(run.run.snapshot().waits).toEqual([]);
    expect(waited(run.events)).toEqual({
      q: [10, { kind: 'resource', resource: 'gpu' }],
      r: [20, { kind: 'resource', resource: 'gpu' }],
    });
  });

  test('what it waits for now, where that has changed though it hasn’t', () => {
    const time = new VirtualTime();
    const run = watch(
      defineWorkflow('w', [
        { id: 'p', run: () => time.after(10, 1), resource: 'gpu' },
        { id: 'q', run: () => time.after(30, 1), resource: 'db' },
        { id: 'r', run: () => time.after(10, 1), resource: { db: 1, gpu: 1 }, priority: -1 },
        { id: 's', run: () => time.after(50, 1), resource: 'gpu' },
      ]),
      time,
      { limits: { gpu: 1, db: 1 } },
    );
    expect(waiting(run.run)).toEqual({ r: 'db', s: 'gpu' });
    time.advanceTo(30);
    expect(waiting(run.run)).toEqual({ r: 'gpu' });
  });

  test('a rate', () => {
    const time = new VirtualTime();
    const run = watch(
      defineWorkflow(
        'w',
        ['p', 'q'].map((id) => ({ id, run: () => 1, resource: 'api' })),
      ),
      time,
      { limits: { api: { limit: 5, rate: { limit: 1, per: 100 } } } },
    );
    expect(waiting(run.run)).toEqual({ q: 'the rate of api' });
    time.flush();
    expect(waited(run.events)).toEqual({ q: [100, { kind: 'rate', resource: 'api' }] });
  });

  test('the end of a pause, of everything or of a class', () => {
    const time = new VirtualTime();
    const run = watch(
      defineWorkflow('w', [
        { id: 'p', run: () => time.after(10, 1), resource: 'gpu' },
        { id: 'q', run: () => 1, resource: 'gpu', dependsOn: ['p'] },
        { id: 'r', run: () => 1, dependsOn: ['p'] },
      ]),
      time,
      { limits: { gpu: 1 } },
    );
    run.run.pause('gpu');
    time.advanceTo(20);
    expect(waiting(run.run)).toEqual({ q: 'the end of the pause of gpu' });
    run.run.pause();
    expect(waiting(run.run)).toEqual({ q: 'the end of the pause' });
    run.run.resume('gpu');
    time.advanceTo(50);
    run.run.resume();
    time.flush();
    expect(waited(run.events)).toEqual({ q: [40, { kind: 'pause' }] });
  });

  test('its turn, where others go first that have waited too long', () => {
    const time = new VirtualTime();
    const run = watch(
      defineWorkflow('w', [
        { id: 'p', run: () => time.after(10, 1), resource: { gpu: 1 }, priority: 3 },
        { id: 'large', run: () => time.after(10, 1), resource: { gpu: 2 }, priority: 2 },
        { id: 'small', run: () => time.after(10, 1), resource: { gpu: 1 } },
      ]),
      time,
      { limits: { gpu: 2 }, maxOvertakes: 0 },
    );
    expect(waiting(run.run)).toEqual({ large: 'gpu', small: 'its turn' });
  });

  test('its next attempt', () => {
    const time = new VirtualTime();
    const run = watch(
      defineWorkflow('w', [
        {
          id: 'p',
          run: () => {
            throw new Error('again');
          },
          retry: { attempts: 2, delay: 50 },
        },
      ]),
      time,
    );
    expect(run.run.snapshot().steps.get('p')?.waitingFor).toEqual({ kind: 'back-off', until: 50 });
    expect(waiting(run.run)).toEqual({ p: 'its next attempt' });
    time.flush();
  });

  test('being chosen, and what has been chosen for its dependency', () => {
    const time = new VirtualTime();
    const which = takes(time, 'which', 10);
    const first = takes(time, 'first', 20);
    const a = step('a', { first }, () => 1);
    const b = takes(time, 'b', 5);
    const end = choose('end', { which }, () => 'a' as const, { a, b });
    const run = watch(workflow('w', { end }), time);
    expect(waiting(run.run)).toEqual({
      first: 'being chosen',
      a: 'being chosen',
      b: 'being chosen',
      end: 'which',
    });
    time.advanceTo(15);
    expect(waiting(run.run)).toMatchObject({ a: 'first', end: 'a' });
    time.flush();
    expect(run.run.metrics().criticalSteps).toEqual([
      { id: 'which', status: 'completed', waitMs: 0, durationMs: 10 },
      { id: 'first', status: 'completed', waitMs: 0, durationMs: 20 },
      { id: 'a', status: 'completed', waitMs: 0, durationMs: 0 },
      { id: 'end', status: 'completed', waitMs: 0, durationMs: 0 },
    ]);
  });

  test('those with which it starts, where streams connect them', () => {
    const time = new VirtualTime();
    const source = step('source', () => time.after(10, 1), { resource: 'gpu' });
    const late = takes(time, 'late', 30);
    const reader = step('reader', { values: stream(source), late }, ({ late: value }) => value, {
      resource: 'gpu',
    });
    const busy = step('busy', () => time.after(50, 1), { resource: 'gpu', priority: 1 });
    const run = watch(workflow('w', { reader, busy }), time, { limits: { gpu: 2 } });
    expect(waiting(run.run)).toEqual({ source: 'reader', reader: 'late' });
    time.advanceTo(40);
    expect(waiting(run.run)).toEqual({ source: 'gpu', reader: 'gpu' });
    time.flush();
    expect(waited(run.events)).toEqual({
      source: [20, { kind: 'resource', resource: 'gpu' }],
      reader: [20, { kind: 'resource', resource: 'gpu' }],
    });
  });

  test('limits that are shared with other runs', () => {
    const time = new VirtualTime();
    const shared = sharedLimits({ db: 1 }, { name: 'house' });
    const of = (id: string) =>
      watch(defineWorkflow(id, [{ id, run: () => time.after(10, 1), resource: 'db' }]), time, { shared });
    of('first');
    const second = of('second');
    expect(second.run.snapshot().steps.get('second')?.waitingFor).toEqual({
      kind: 'resource',
      resource: 'db',
      shared: "shared limits 'house'",
    });
    expect(waiting(second.run)).toEqual({ second: "db (shared limits 'house')" });
    time.flush();
    expect(waited(second.events)).toEqual({
      second: [10, { kind: 'resource', resource: 'db', shared: "shared limits 'house'" }],
    });
  });
});

test('children of a fan-out are counted among those that wait, and say what they have waited for', () => {
  const time = new VirtualTime();
  const each = forEachStep('each', { items: [1, 2, 3] }, () => time.after(10, 1), { resource: 'gpu' });
  const run = watch(workflow('w', { each }), time, { limits: { gpu: 1 } });
  expect(run.run.snapshot().waits).toEqual([
    { for: { kind: 'resource', resource: 'gpu' }, count: 2, first: 'each[1]' },
  ]);
  time.flush();
  expect(waited(run.events)).toEqual({
    'each[1]': [10, { kind: 'resource', resource: 'gpu' }],
    'each[2]': [20, { kind: 'resource', resource: 'gpu' }],
  });
});

test('a step that could have started, had the thread been free, says so', () => {
  let now = 0;
  const time = new VirtualTime();
  const scheduler = { now: () => now, schedule: time.scheduler.schedule.bind(time.scheduler) };
  const steps = ['p', 'q'].map((id) => ({
    id,
    run: () => {
      now += 30;
      return id;
    },
  }));
  const run = defineWorkflow('w', steps).run({ scheduler: scheduler });
  const events: { readonly type: string }[] = [];
  run.progress$.subscribe((event) => events.push(event));
  run.result$.subscribe();
  expect(waited(events)).toEqual({ q: [30, { kind: 'thread' }] });
});

test('the account of the time has no gaps: what was waited for, and the step that failed', () => {
  const time = new VirtualTime();
  const busy = step('busy', () => time.after(60, 1), { resource: 'gpu', priority: 1 });
  const first = takes(time, 'first', 10);
  const bad = step(
    'bad',
    { first },
    () =>
      time.after(20, 1).pipe(() => {
        throw new Error('no');
      }),
    { resource: 'gpu', retry: { attempts: 2, delay: 15 } },
  );
  const run = play(workflow('w', { bad, busy }), { limits: { gpu: 1 } }, time);
  const { criticalSteps, criticalPath, totalMs } = run.run.metrics();
  expect(criticalPath).toEqual(['first', 'bad']);
  expect(criticalSteps).toEqual([
    { id: 'first', status: 'completed', waitMs: 0, durationMs: 10 },
    {
      id: 'bad',
      status: 'failed',
      waitMs: 50,
      waitedFor: { kind: 'resource', resource: 'gpu' },
      durationMs: 15,
      retryMs: 15,
    },
  ]);
  expect(criticalSteps.reduce((sum, { waitMs, durationMs }) => sum + waitMs + durationMs, 0)).toBe(totalMs);
});
