import {
  choose,
  fallback,
  firstOf,
  forEachStep,
  optional,
  type Step,
  step,
  subflow,
  type Workflow,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { map, Observable, Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { takes } from './support/branches.ts';
import { settlePromises } from './support/settle-promises.ts';
import { expectSound } from './support/sound.ts';
import { watch } from './support/watch.ts';

/** A step that doesn't heed its stop: its finaliser takes until the moment given, which is within the grace period. */
const deaf = (time: VirtualTime, until: number, id = 'deaf'): Step<string, never> =>
  step(
    id,
    (ctx) => {
      ctx.defer(() => time.after(until - time.now, undefined));
      return new Observable<string>();
    },
    { resource: 'db' },
  );

const race = (time: VirtualTime, until = 50) => firstOf('race', [deaf(time, until), takes(time, 'fast', 1)]);

const dbTaken = (run: { snapshot(): { resources: Record<string, { taken: number }> } }) =>
  run.snapshot().resources['db']?.taken;

type Made = (time: VirtualTime) => Workflow<unknown, never>;

/** Each comes to its result at 1 ms, and has a loser until 50 ms. */
const cases: [string, Made, string][] = [
  ['of firstOf', (time) => workflow('w', { race: race(time) }), 'deaf'],
  [
    'of firstOf, in a subflow',
    (time) => workflow('w', { sub: subflow('sub', workflow('inner', { race: race(time) })) }),
    'sub/deaf',
  ],
  [
    'of firstOf, two subflows deep',
    (time) =>
      workflow('w', {
        out: subflow(
          'out',
          workflow('mid', { sub: subflow('sub', workflow('inner', { race: race(time) })) }),
        ),
      }),
    'out/sub/deaf',
  ],
  [
    'of firstOf, in a child',
    (time) =>
      workflow('w', {
        fan: forEachStep('fan', { items: [1] }, () => workflow('inner', { race: race(time) })),
      }),
    'fan[0]/deaf',
  ],
  [
    'whose work is done by steps of its own',
    (time) => {
      const inner = workflow('inner', { deaf: deaf(time, 50) });
      return workflow('w', { race: firstOf('race', [subflow('slow', inner), takes(time, 'fast', 1)]) });
    },
    'slow',
  ],
  [
    'under a name that several need',
    (time) => {
      const loser = deaf(time, 50);
      const user = step('user', { loser }, () => 1);
      return workflow('w', { race: firstOf('race', [user, loser, takes(time, 'fast', 1)]) });
    },
    'deaf',
  ],
  [
    'that only an optional need of a skipped step had',
    (time) => {
      const loser = deaf(time, 50);
      const fast = takes(time, 'fast', 1);
      const gone = step('gone', { fast, loser: optional(loser) }, () => 1);
      return workflow('w', { race: firstOf('race', [gone, fast]) });
    },
    'deaf',
  ],
];

describe.each(['fail-fast', 'continue'] as const)('%s: a loser', (onFailure) => {
  test.each(cases)('%s doesn’t hold up the result, only the end', (_, make, loser) => {
    const time = new VirtualTime();
    const run = watch(make(time), time, { limits: { db: 2 }, onFailure });
    time.advanceTo(1);
    expect(run.result, run.story.join('\n')).toBeDefined();
    expect(run.ends).toStrictEqual(['result$']);
    expect(run.all('run-completed')).toStrictEqual([]);
    expect(dbTaken(run.run)).toBe(1);
    time.advanceTo(49);
    expect(run.isOver).toBe(false);
    expect(dbTaken(run.run)).toBe(1);
    time.flush();
    expect(run.the('step-cancelled', loser).at).toBe(50);
    expect(run.the('run-completed').at).toBe(50);
    expect(run.run.snapshot().status).toBe('completed');
    expectSound(run);
  });

  test.each(cases)('%s is only hastened by a cancel after the result', (_, make) => {
    const time = new VirtualTime();
    const run = watch(make(time), time, { limits: { db: 2 }, onFailure });
    time.advanceTo(1);
    const { result } = run;
    run.run.cancel('too late');
    run.run.cancel('too late', { drain: true });
    run.run.pause();
    run.run.resume();
    time.advanceTo(2);
    expect(run.isOver).toBe(false);
    expect(run.run.snapshot().status).toBe('completed');
    time.flush();
    expect(run.result).toBe(result);
    expect(run.error).toBeUndefined();
    expect(run.events.at(-1)?.type).toBe('run-completed');
    expectSound(run);
  });

  test.each(cases)('%s is waited for by asyncDispose', async (_, make) => {
    const time = new VirtualTime();
    const run = watch(make(time), time, { limits: { db: 2 }, onFailure });
    time.advanceTo(1);
    let isDisposed = false;
    const disposed = run.run[Symbol.asyncDispose]().then(() => {
      isDisposed = true;
    });
    time.advanceTo(49);
    await settlePromises();
    expect(isDisposed).toBe(false);
    time.flush();
    await disposed;
    expect(run.isOver).toBe(true);
  });

  test.each(cases)('%s may be abandoned, which ends the run', (_, make) => {
    const time = new VirtualTime();
    const run = watch(make(time), time, { limits: { db: 2 }, onFailure, gracePeriod: 10 });
    time.advanceTo(10);
    expect(run.isOver).toBe(false);
    time.advanceTo(11);
    expect(run.isOver, run.story.join('\n')).toBe(true);
    expect(run.the('warning')).toMatchObject({ topic: 'abandoned' });
    expect(run.events.at(-1)?.type).toBe('run-completed');
    time.flush();
    expect(run.run.snapshot().resources['db']?.taken).toBe(0);
  });

  test.each(cases)('%s is told of as running until it has stopped', (_, make) => {
    const time = new VirtualTime();
    const run = watch(make(time), time, { limits: { db: 2 }, onFailure });
    time.advanceTo(1);
    expect(Object.values(run.run.metrics().steps).length).toBeGreaterThan(0);
    expect(run.run.snapshot().status).toBe('completed');
    time.flush();
    expect(run.run.metrics().totalMs).toBe(50);
  });
});

test('a branch let go on its way doesn’t hold up the result', () => {
  const time = new VirtualTime();
  const shared = deaf(time, 50);
  const other = step('other', { shared }, () => 1);
  const which = step('which', () => time.after(1, 'fast' as const));
  const use = fallback(
    'use',
    step('fine', () => 1),
    other,
  );
  const both = choose('both', { which }, (inputs) => inputs.which, {
    fast: step('quick', () => 1),
    slow: other,
  });
  const early = firstOf('early', [shared, which]);
  const run = watch(workflow('w', { use, both, early }), time, { limits: { db: 1 } });
  time.advanceTo(1);
  expect(run.result).toStrictEqual({ use: 1, both: 1, early: 'fast' });
  expect(run.isOver).toBe(false);
  time.flush();
  expectSound(run);
});

test('what needs the winner starts at once, and what needs the loser’s room later', () => {
  const time = new VirtualTime();
  const won = race(time);
  const next = step('next', { won }, ({ won: output }) => output);
  const room = step('room', { won }, () => time.now, { resource: 'db' });
  const run = watch(workflow('w', { next, room }), time, { limits: { db: 1 } });
  time.flush();
  expect(run.the('step-completed', 'next').at).toBe(1);
  expect(run.result).toStrictEqual({ next: 'fast', room: 50 });
  expectSound(run);
});

test.each(['fail-fast', 'continue'] as const)('a run that fails waits for its losers (%s)', (onFailure) => {
  const time = new VirtualTime();
  const won = race(time);
  const bad = step('bad', { won }, () => time.after(1, 1).pipe(map(() => JSON.parse('{') as number)));
  const cleaned: number[] = [];
  const first = step('first', () => 1, { cleanup: () => cleaned.push(time.now) });
  const run = watch(workflow('w', { bad, first }), time, { limits: { db: 1 }, onFailure });
  time.advanceTo(49);
  expect(run.ends).toStrictEqual([]);
  time.flush();
  expect(cleaned).toStrictEqual([50]);
  expect(run.error).toBeDefined();
  expectSound(run);
});

test('a subflow whose loser is slow is tried again only when it has stopped', () => {
  const time = new VirtualTime();
  const starts: number[] = [];
  const sub = subflow(
    'sub',
    () => {
      starts.push(time.now);
      const won = race(time, time.now + 50);
      return workflow('inner', {
        bad: step('bad', { won }, () => (starts.length < 2 ? (JSON.parse('{') as number) : 1)),
      });
    },
    { retry: 1 },
  );
  const run = watch(workflow('w', { sub }), time, { limits: { db: 1 } });
  time.flush();
  expect(starts).toStrictEqual([0, 50]);
  expect(run.result).toStrictEqual({ sub: { bad: 1 } });
  expectSound(run);
});

test('a timeout after the result is none, and leaving neither', () => {
  const time = new VirtualTime();
  const run = watch(workflow('w', { race: race(time) }, { timeout: 20 }), time, { limits: { db: 1 } });
  time.advanceTo(5);
  run.subscription.unsubscribe();
  time.flush();
  expect(run.result).toStrictEqual({ race: 'fast' });
  expect(run.events.at(-1)).toMatchObject({ type: 'run-completed', at: 50 });
});

describe('a loser that may be tried again is not', () => {
  test('where it was told to stop for its timeout before, and holds nobody up', () => {
    const time = new VirtualTime();
    const fast = step('fast', () => time.after(12, 'fast'));
    const slow = step(
      'slow',
      (ctx) => {
        ctx.defer(() => time.after(5, undefined));
        return new Observable<string>();
      },
      { timeout: 10, retry: 3 },
    );
    const run = watch(workflow('w', { out: firstOf('out', [fast, slow]) }), time);
    let resultAt: number | undefined;
    run.run.result$.subscribe(() => {
      resultAt = time.now;
    });
    time.flush();
    expect(run.result).toStrictEqual({ out: 'fast' });
    expect(resultAt).toBe(12);
    // Nobody needed it any more when it had stopped: that is no failure.
    expect(run.of('slow')).toStrictEqual(['step-started', 'step-cancelled']);
    expect(run.events.at(-1)).toMatchObject({ type: 'run-completed', at: 15 });
    expectSound(run);
  });

  test('where it fails before it hears that it has lost', () => {
    const time = new VirtualTime();
    const failing = new Subject<string>();
    const fast = step('fast', () => time.after(10, 'fast'));
    const slow = step('slow', () => failing, { retry: 3 });
    const run = watch(workflow('w', { out: firstOf('out', [fast, slow]) }), time);
    run.run.progress$.subscribe((event) => {
      if (event.type === 'step-completed' && event.stepId === 'fast') failing.error(new Error('no'));
    });
    time.flush();
    expect(run.result).toStrictEqual({ out: 'fast' });
    expect(run.of('slow')).toStrictEqual(['step-started', 'step-failed']);
    expect(run.events.at(-1)).toMatchObject({ type: 'run-completed', at: 10 });
    expectSound(run);
  });
});
