import type { ProgressEvent } from 'millrace';
import { describe, expect, test } from 'vitest';
import { type Kept, RunLog } from '../../lib/report/run-log.ts';

type News = ProgressEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, 'seq' | 'at' | 'runId'>
    : never
  : never;

/** A log of a run whose own steps are `a` and `b`, with room for little. */
class Told {
  readonly log: RunLog;
  #seq = 0;

  constructor(most: Partial<Kept> = {}) {
    this.log = new RunLog((id) => id === 'a' || id === 'b', most);
  }

  tell(...news: readonly News[]): void {
    for (const each of news) {
      const seq = ++this.#seq;
      this.log.add(seq, { seq, at: seq, runId: 'run', ...each });
    }
  }

  get kept(): string[] {
    return textsOf(this.log.all());
  }
}

function textsOf(json: string | undefined): string[] {
  return (
    JSON.parse(json ?? '[]') as (ProgressEvent & { stepId?: string; attempt?: number; message?: string })[]
  ).map(({ type, stepId, attempt, message }) =>
    [type, stepId, attempt, message].filter((part) => part !== undefined).join(' '),
  );
}

const started = (stepId: string, attempt = 1): News => ({ type: 'step-started', stepId, attempt, holds: {} });
const completed = (stepId: string, attempt = 1): News => ({
  type: 'step-completed',
  stepId,
  attempt,
  durationMs: 1,
});
const failed = (stepId: string, attempt = 1): News => ({
  type: 'step-failed',
  stepId,
  attempt,
  durationMs: 1,
  error: new Error('no'),
});
const retrying = (stepId: string, attempt: number): News => ({
  type: 'step-retrying',
  stepId,
  attempt,
  error: new Error('no'),
  delayMs: 1,
});
const added = (stepId: string): News => ({
  type: 'step-added',
  stepId,
  parentId: 'a',
  dependsOn: [],
  demand: {},
});
const progress = (stepId: string, fraction: number): News => ({
  type: 'step-progress',
  stepId,
  attempt: 1,
  fraction,
});
const logged = (message: string): News => ({ type: 'log', stepId: 'a', attempt: 1, message });

describe('what is kept', () => {
  test('of a step that is tried for ever is the first attempt and the last ones, in their order', () => {
    const told = new Told({ attempts: 2 });
    for (let attempt = 1; attempt <= 50; attempt++) told.tell(started('a', attempt), retrying('a', attempt));
    expect(told.kept).toStrictEqual([
      'step-started a 1',
      'step-retrying a 1',
      'step-started a 49',
      'step-retrying a 49',
      'step-started a 50',
      'step-retrying a 50',
    ]);
  });

  test('of an attempt that changes what it holds again and again is the start and the last changes', () => {
    const told = new Told();
    told.tell(started('a'));
    for (let change = 0; change < 100; change++)
      told.tell({ type: 'holds-changed', stepId: 'a', attempt: 1, holds: { db: change } });
    told.tell(completed('a'));
    expect(told.kept).toHaveLength(8);
    expect(told.kept[0]).toBe('step-started a 1');
    expect(told.kept.at(-1)).toBe('step-completed a 1');
  });

  test('of progress is the latest of a step that runs, and nothing of one that has ended', () => {
    const told = new Told();
    told.tell(started('a'), started('b'), progress('a', 0.1), progress('b', 0.2), progress('a', 0.3));
    expect(told.kept.filter((text) => text.startsWith('step-progress'))).toHaveLength(2);
    told.tell(completed('a'));
    expect(told.kept).toStrictEqual([
      'step-started a 1',
      'step-started b 1',
      'step-progress b 1',
      'step-completed a 1',
    ]);
  });

  test('of what came of a step is what goes on, the last that ended, and what failed', () => {
    const told = new Told({ ended: 2, failed: 1 });
    told.tell(started('a'));
    for (const key of [0, 1, 2, 3]) told.tell(added(`a[${String(key)}]`), started(`a[${String(key)}]`));
    told.tell(failed('a[0]'), completed('a[1]'));
    for (const key of [4, 5, 6]) told.tell(added(`a[${String(key)}]`), completed(`a[${String(key)}]`));
    told.tell(progress('a[2]', 0.5), failed('a[3]'));
    expect(told.kept).toStrictEqual([
      'step-started a 1',
      'step-added a[2]',
      'step-started a[2] 1',
      'step-added a[3]',
      'step-started a[3] 1',
      'step-added a[5]',
      'step-completed a[5] 1',
      'step-added a[6]',
      'step-completed a[6] 1',
      'step-progress a[2] 1',
      'step-failed a[3] 1',
    ]);
  });

  test('of more than there is room for under way is nothing but failures', () => {
    const told = new Told({ underWay: 1 });
    told.tell(added('a[0]'), added('a[1]'), started('a[1]'), progress('a[1]', 0.1), completed('a[1]'));
    told.tell(added('a[2]'), failed('a[2]'));
    expect(told.kept).toStrictEqual(['step-added a[0]', 'step-failed a[2] 1']);
  });

  test('of messages are the latest, and the others are counted', () => {
    const told = new Told({ logs: 2, warnings: 1, changes: 2 });
    const warning = (message: string): News => ({
      type: 'warning',
      topic: 'blocked',
      stepId: 'a',
      attempt: 1,
      message,
    });
    for (const text of ['1', '2', '3', '4']) told.tell(logged(text), warning(text), { type: 'run-paused' });
    expect(told.kept).toStrictEqual(['log a 1 3', 'run-paused', 'log a 1 4', 'warning a 1 4', 'run-paused']);
    expect(told.log.forgotten).toBe(5);
  });

  test('of the run itself is everything', () => {
    const told = new Told({ recent: 1 });
    told.tell(
      { type: 'run-waiting', workflow: 'w', steps: 2, waiting: 1 },
      { type: 'run-started', workflow: 'w', steps: 2 },
      { type: 'step-skipped', stepId: 'a', because: 'b', reason: 'when' },
      { type: 'run-failed', durationMs: 1, error: new Error('no') },
    );
    expect(told.kept).toStrictEqual(['run-waiting', 'run-started', 'step-skipped a', 'run-failed']);
  });
});

test('what came after a number is told as long as all of it is there', () => {
  const told = new Told({ recent: 4, logs: 1 });
  for (let each = 1; each <= 8; each++) told.tell(logged(String(each)));
  expect(textsOf(told.log.since(6))).toStrictEqual(['log a 1 7', 'log a 1 8']);
  expect(textsOf(told.log.since(8))).toStrictEqual([]);
  expect(textsOf(told.log.since(0))).toHaveLength(8);
  told.tell(logged('9'));
  expect(told.log.since(4)).toBeUndefined();
  expect(textsOf(told.log.since(5))).toStrictEqual(['log a 1 6', 'log a 1 7', 'log a 1 8', 'log a 1 9']);
});

test('progress that is outdated is not told again', () => {
  const told = new Told();
  told.tell(started('a'), progress('a', 0.1), progress('a', 0.2));
  expect(textsOf(told.log.since(1))).toStrictEqual(['step-progress a 1']);
  told.tell(completed('a'));
  expect(textsOf(told.log.since(1))).toStrictEqual(['step-completed a 1']);
});

test('however much happens, no more is kept', () => {
  const told = new Told({ recent: 10, logs: 10, ended: 10, failed: 10, underWay: 10 });
  const sizes: number[] = [];
  for (let round = 0; round < 20; round++) {
    for (let each = 0; each < 100; each++) {
      const id = `a[${String(round)} ${String(each)}]`;
      told.tell(
        added(id),
        started(id),
        progress(id, 0.5),
        logged('x'),
        each % 2 === 0 ? failed(id) : completed(id),
      );
    }
    sizes.push(told.log.size);
  }
  expect(sizes.at(-1)).toBe(sizes[1]);
  expect(sizes.at(-1)).toBeLessThan(100);
});

test('what users gave is kept as it was when it was told, and only so much of it', () => {
  const told = new Told();
  const data = { count: 1, rows: ['x'.repeat(100_000)] };
  told.tell({ type: 'log', stepId: 'a', attempt: 1, message: 'y'.repeat(50_000), data });
  data.count = 2;
  const error = new Error('z'.repeat(50_000), { cause: new Error('why') });
  told.tell(
    { type: 'step-retrying', stepId: 'a', attempt: 1, error, delayMs: 1 },
    { type: 'step-failed', stepId: 'a', attempt: 1, durationMs: 1, error: 'w'.repeat(50_000) },
    { type: 'warning', topic: 'cleanup', stepId: 'a', attempt: 1, message: 'y'.repeat(50_000), error },
    { type: 'warning', topic: 'blocked', stepId: 'a', attempt: 1, message: 'y'.repeat(50_000) },
    { type: 'run-cancelled', durationMs: 1, reason: { text: 'w'.repeat(50_000) } },
    { type: 'log', stepId: 'a', attempt: 1, message: 'y'.repeat(50_000) },
    { type: 'step-progress', stepId: 'b', attempt: 1, fraction: 0.1, message: 'y'.repeat(50_000) },
    { type: 'step-skipped', stepId: 'b', because: 'y'.repeat(20_000), reason: 'when' },
  );
  const json = told.log.all();
  const events = JSON.parse(json) as ProgressEvent[];
  expect(events.map(({ type }) => type)).toContain('run-cancelled');
  for (const event of events.slice(0, -1)) expect(JSON.stringify(event).length).toBeLessThan(20_000);
  const [log, retry] = events;
  expect((log as { data?: unknown }).data).toMatch(/^\{"count":1,/);
  expect(log).toMatchObject({ message: expect.stringMatching(/^y{4000}… \(46000 more\)$/) as unknown });
  expect(retry).toMatchObject({
    error: { name: 'Error', message: expect.stringMatching(/^z{4000}…/) as unknown },
  });
});
