import type { ProgressEvent } from 'millrace';
import { describe, expect, test } from 'vitest';
import { ChildrenPace, fanOutOf } from '../../lib/report/children-pace.ts';
import { SettledRate } from '../../lib/report/settled-rate.ts';
import { expectedOf, slowness, UnderWayFold } from '../../lib/report/under-way.ts';
import { takeIn, UsageSeries } from '../../lib/report/usage-series.ts';
import { type Standing, waitsNow } from '../../lib/report/waits-now.ts';

let seq = 0;
const event = (at: number, news: object): ProgressEvent =>
  ({ seq: ++seq, at, runId: 'run', stepId: 'a', attempt: 1, ...news }) as ProgressEvent;

describe('what was taken over time', () => {
  test('is told by all points while they are few', () => {
    const series = new UsageSeries(0, 10);
    for (const [at, taken] of [
      [0, 0],
      [1, 2],
      [1, 3],
      [2, 3],
      [5, 1],
    ] as const)
      series.add(at, at, taken);
    expect(series.since(-1)).toStrictEqual([
      [0, 0],
      [1, 3],
      [5, 1],
    ]);
    expect(series.since(1)).toStrictEqual([[5, 1]]);
  });

  test('is told by the highest and the last where much changes at once', () => {
    const series = new UsageSeries(100);
    for (let at = 0; at < 100; at++) series.add(at, at, at === 50 ? 9 : at % 3);
    for (const at of [100, 150, 160]) series.add(at, at, at);
    expect(series.since(-1)).toStrictEqual([
      [0, 9],
      [99, 0],
      [100, 150],
      [160, 160],
    ]);
  });

  test('keeps its peaks and its last point however long it goes on, in a bounded number of points', () => {
    const series = new UsageSeries(1, 50);
    for (let at = 0; at < 10_000; at++) series.add(at, at, at === 777 ? 100 : at % 7);
    const points = series.since(-1);
    expect(points.length).toBeLessThanOrEqual(51);
    expect(Math.max(...points.map(([, taken]) => taken))).toBe(100);
    expect(points.at(-1)).toStrictEqual([9_999, 9_999 % 7]);
    expect(points.map(([at]) => at)).toStrictEqual(points.map(([at]) => at).sort((a, b) => a - b));
  });

  test('is the same for one who was told of it bit by bit', () => {
    const series = new UsageSeries(10, 20);
    const known: { at: number; taken: number }[] = [];
    for (let at = 0; at < 1_000; at++) {
      series.add(at, at, (at * 13) % 11);
      if (at % 17 === 0) takeIn(known, series.since(at - 17));
    }
    takeIn(known, series.since(986));
    expect(known.map(({ at, taken }) => [at, taken])).toStrictEqual(series.since(-1));
    takeIn(known, []);
    expect(known).toHaveLength(series.since(-1).length);
  });
});

describe('how many end in a second', () => {
  const ended = (at: number, type = 'step-completed', attempt = 1): ProgressEvent =>
    event(at, { type, attempt });

  test('counts what an attempt was made of, in the last half minute', () => {
    const rate = new SettledRate();
    expect(rate.at(0)).toBe(0);
    rate.add(event(0, { type: 'run-started' }));
    for (let at = 0; at < 10_000; at += 100) rate.add(ended(at, at % 200 === 0 ? 'step-failed' : undefined));
    rate.add(ended(10_000, 'step-completed', 0));
    rate.add(ended(10_000, 'step-retrying'));
    expect(rate.at(10_000)).toBeCloseTo(10);
    expect(rate.at(25_000)).toBeCloseTo(4);
    expect(rate.at(100_000)).toBe(0);
  });

  test('is none of a time that is less than a second', () => {
    const rate = new SettledRate();
    for (let each = 0; each < 5; each++) rate.add(ended(1_000.5));
    expect(rate.at(1_000.6)).toBe(5);
  });
});

describe('how long children take', () => {
  test('is said once enough of them have completed', () => {
    const pace = new ChildrenPace();
    for (let key = 0; key < 4; key++)
      pace.add(event(0, { type: 'step-completed', stepId: `a[${String(key)}]`, durationMs: 10 }));
    pace.add(event(0, { type: 'step-failed', stepId: 'a[9]', durationMs: 10 }));
    pace.add(event(0, { type: 'step-completed', stepId: 'a[9]', durationMs: 10, attempt: 0 }));
    pace.add(event(0, { type: 'step-completed', stepId: 'b', durationMs: 10 }));
    expect(pace.means).toStrictEqual({});
    pace.add(event(0, { type: 'step-completed', stepId: 'a[4]', durationMs: 60 }));
    expect(pace.means).toStrictEqual({ a: 20 });
  });

  test('is followed of a bounded number of fan-outs', () => {
    const pace = new ChildrenPace();
    for (let fan = 0; fan < 200; fan++)
      for (let key = 0; key < 5; key++)
        pace.add(
          event(0, { type: 'step-completed', stepId: `a[${String(fan)}]/b[${String(key)}]`, durationMs: 1 }),
        );
    expect(Object.keys(pace.means)).toHaveLength(100);
  });

  test('goes by the path', () => {
    expect([fanOutOf('a[1]'), fanOutOf('a[1]/b'), fanOutOf('a[1]/b[2]'), fanOutOf('a')]).toStrictEqual([
      'a',
      undefined,
      'a[1]/b',
      undefined,
    ]);
  });
});

describe('what is under way', () => {
  test('begins with a start, changes, and ends with any end', () => {
    const fold = new UnderWayFold();
    for (const stepId of ['a', 'b', 'c', 'd', 'e']) fold.add(event(1, { type: 'step-started', stepId }));
    fold.add(event(2, { type: 'step-offloaded', thread: 'pool 1' }));
    fold.add(event(3, { type: 'step-progress', fraction: 0.5, message: 'half' }));
    fold.add(event(3, { type: 'step-progress', stepId: 'unknown', fraction: 0.5 }));
    expect(fold.get('a')).toStrictEqual({
      stepId: 'a',
      attempt: 1,
      from: 1,
      thread: 'pool 1',
      fraction: 0.5,
      message: 'half',
    });
    for (const [stepId, type] of [
      ['b', 'step-completed'],
      ['c', 'step-failed'],
      ['d', 'step-cancelled'],
      ['e', 'step-retrying'],
    ])
      fold.add(event(4, { type, stepId }));
    expect([...fold.all].map(({ stepId }) => stepId)).toStrictEqual(['a']);
    fold.add(event(5, { type: 'step-started', stepId: 'e', attempt: 2 }));
    expect(fold.get('e')).toMatchObject({ attempt: 2, from: 5, fraction: undefined });
    fold.add(event(6, { type: 'log', message: 'x' }));
    fold.add(event(6, { type: 'run-cancelled' }));
    expect(fold.size).toBe(0);
  });

  test('is slow beyond what it took before, its estimate, or the others', () => {
    const known = {
      measured: { a: 1_000 },
      estimateOf: (id: string) => (id === 'c' ? undefined : 4_000),
      pace: { f: 100 },
    };
    expect(expectedOf('a', known)).toStrictEqual({ ms: 1_000, by: 'history' });
    expect(expectedOf('b', known)).toStrictEqual({ ms: 4_000, by: 'estimate' });
    expect(expectedOf('f[1]', known)).toStrictEqual({ ms: 100, by: 'siblings' });
    expect(expectedOf('c', known)).toBeUndefined();
    const slow = (elapsed: number, id: string): number | undefined =>
      slowness(elapsed, expectedOf(id, known));
    expect([slow(1_400, 'a'), slow(2_000, 'a')]).toStrictEqual([undefined, 2]);
    expect([slow(6_000, 'b'), slow(8_000, 'b')]).toStrictEqual([undefined, 2]);
    expect([slow(500, 'f[1]'), slow(700, 'f[1]')]).toStrictEqual([undefined, 7]);
    expect(slow(1e9, 'c')).toBeUndefined();
    expect(slowness(1e9, { ms: 0, by: 'estimate' })).toBeUndefined();
  });
});

describe('what waits', () => {
  const standing = (
    statuses: Readonly<Record<string, string>>,
    { needs = {}, ...more }: Partial<Standing> & { needs?: Readonly<Record<string, readonly string[]>> } = {},
  ): Standing => ({
    steps: Object.entries(statuses).map(([id, status]) => ({
      info: { id, dependsOn: needs[id] ?? [], demand: { cpu: 1 } },
      status: status as 'ready',
      retryAt: undefined,
    })),
    waits: [],
    waitingFor: new Map(),
    resources: {},
    isPaused: false,
    pausedResources: [],
    ...more,
  });

  test('for steps is told by those that are at work, the most first', () => {
    const needs = { c: ['a'], d: ['a', 'b'], e: ['d'], f: ['z'] };
    const told = waitsNow(
      standing(
        { a: 'running', b: 'ready', c: 'waiting', d: 'waiting', e: 'waiting', f: 'waiting', z: 'completed' },
        { needs },
      ),
    );
    expect(told).toStrictEqual([
      { for: { kind: 'step', stepId: 'a' }, isReady: false, count: 2, steps: ['c', 'd'] },
      { for: { kind: 'turn' }, isReady: true, count: 1, steps: ['b'] },
      { for: { kind: 'step', stepId: 'b' }, isReady: false, count: 1, steps: ['d'] },
    ]);
  });

  test.each([
    ['a pause', { isPaused: true }, { kind: 'pause' }],
    ['the pause of a class', { pausedResources: ['cpu'] }, { kind: 'pause', resource: 'cpu' }],
    [
      'room in a class',
      { resources: { cpu: { taken: 2, limit: 2 } } },
      { kind: 'resource', resource: 'cpu' },
    ],
    [
      'room for any',
      { resources: { concurrency: { taken: 2, limit: 2 } } },
      { kind: 'resource', resource: 'concurrency' },
    ],
    ['its turn', { resources: { cpu: { taken: 1, limit: 2 } } }, { kind: 'turn' }],
    [
      'what the run says',
      { waitingFor: new Map([['a', { kind: 'worker' } as const]]), isPaused: true },
      { kind: 'worker' },
    ],
  ])('being ready for %s', (_, more, reason) => {
    expect(waitsNow(standing({ a: 'ready' }, more))).toStrictEqual([
      { for: reason, isReady: true, count: 1, steps: ['a'] },
    ]);
  });

  test('for being chosen is what the run says', () => {
    const waitingFor = new Map([['b', { kind: 'choice' } as const]]);
    expect(
      waitsNow(standing({ a: 'running', b: 'waiting' }, { needs: { b: ['a'] }, waitingFor })),
    ).toMatchObject([{ for: { kind: 'choice' }, steps: ['b'] }]);
  });

  test('counts what came while the run was under way', () => {
    const cpu = { kind: 'resource', resource: 'cpu' } as const;
    const waits = [
      { for: cpu, count: 5, first: 'fan[1]' },
      { for: { kind: 'worker' } as const, count: 2, first: 'fan[9]' },
    ];
    const told = waitsNow(standing({ a: 'ready' }, { waits, waitingFor: new Map([['a', cpu]]) }));
    expect(told).toStrictEqual([
      { for: cpu, isReady: true, count: 5, steps: ['a'] },
      { for: { kind: 'worker' }, isReady: true, count: 2, steps: ['fan[9]'] },
    ]);
  });

  test('to be tried again is one thing, whenever that is', () => {
    expect(waitsNow(standing({ a: 'retrying', b: 'retrying' }))).toStrictEqual([
      { for: { kind: 'back-off', until: 0 }, isReady: false, count: 2, steps: ['a', 'b'] },
    ]);
  });
});
