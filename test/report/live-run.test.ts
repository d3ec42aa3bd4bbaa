import { defineWorkflow, type ProgressEvent, type Workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { NEVER } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Frame, RunHead } from '../../lib/report/dashboard-frame.ts';
import { DashboardRun } from '../../lib/report/dashboard-run.ts';
import { LiveRun } from '../../lib/report/live-run.ts';
import { timelineOf } from '../../lib/report/timeline-of.ts';
import { growing, layered, recordOf, roomy, taking } from './support/recorded.ts';

type Watched = ReturnType<Workflow['run']>;

/** Plays a run, and calls `between` after every so many ms of its time with what a dashboard has of it. */
function play(
  run: Watched,
  time: VirtualTime,
  everyMs: number,
  between: (kept: DashboardRun, number: number) => void,
): { kept: DashboardRun; events: ProgressEvent[] } {
  const kept = new DashboardRun(run, 1, run.runId, {});
  const events: ProgressEvent[] = [];
  let number = 0;
  run.progress$.subscribe({
    next: (event) => {
      events.push(event);
      kept.add(++number, event);
    },
    complete: () => {
      kept.end(++number);
    },
  });
  run.result$.subscribe({ error: () => undefined });
  for (let at = 0; !kept.isOver; at += everyMs) {
    time.advanceTo(at);
    kept.look(++number);
    between(kept, number);
  }
  return { kept, events };
}

const frameOf = (kept: DashboardRun, since?: number): Frame => JSON.parse(kept.frame(since).json) as Frame;
const headOf = (kept: DashboardRun): RunHead => JSON.parse(JSON.stringify(kept.head)) as RunHead;

function fresh(kept: DashboardRun): LiveRun {
  const live = new LiveRun(headOf(kept));
  live.add(frameOf(kept), 0);
  return live;
}

/** What a page shows of a run. */
function shown({ timeline, underWay, waitingFor }: LiveRun) {
  return {
    status: timeline.status,
    steps: [...timeline.steps].map(([id, { status, attempts, startedAt, endedAt, readyAt }]) => [
      id,
      status,
      attempts,
      startedAt,
      endedAt,
      readyAt,
      timeline.descent.countsOf(id),
    ]),
    critical: timeline.criticalPath(),
    attempts: timeline.attempts.map(({ stepId, attempt, from, to, outcome }) => [
      stepId,
      attempt,
      from,
      to,
      outcome,
    ]),
    remarks: timeline.remarks.map(({ kind, at, message }) => [kind, at, message]),
    usage: [...timeline.usage].map(([name, points]) => [name, points]),
    underWay: [...underWay.all].map(({ stepId }) => stepId).sort(),
    waitingFor: Object.fromEntries(waitingFor),
  };
}

const failing = defineWorkflow('failing', [
  {
    id: 'a',
    retry: { attempts: 2, delay: 20, jitter: 0 },
    run: (_, { attempt, log }) => {
      log(`attempt ${String(attempt)}`);
      if (attempt < 3) throw new Error('not yet');
      return attempt;
    },
  },
  {
    id: 'b',
    dependsOn: ['a'],
    run: () => {
      throw new Error('never');
    },
  },
  { id: 'c', dependsOn: ['b'], run: () => 1 },
]);

describe.each([
  ['layers of steps', () => defineWorkflow('layers', layered(120)), roomy],
  ['a fan-out, a subflow and branches', () => growing(60), { 'light-io': 3 }],
  ['a failure with retries', () => failing, {}],
] as const)('a page that follows %s', (_, workflow, limits) => {
  test('sees at any time what one sees that has just been opened, and a report of all events has', () => {
    const time = new VirtualTime();
    const run = workflow().run({ limits, scheduler: time.scheduler });
    let live: LiveRun | undefined;
    let sent = 0;
    let compared = 0;
    const { kept, events } = play(run, time, 7, (now, number) => {
      live ??= new LiveRun(headOf(now));
      live.add(frameOf(now, sent), 0);
      sent = number;
      compared++;
      expect(shown(live)).toStrictEqual(shown(fresh(now)));
    });
    expect(compared).toBeGreaterThan(1);
    live?.add(frameOf(kept, sent), 0);
    const end = shown(live as LiveRun);
    expect(end).toStrictEqual(shown(fresh(kept)));
    const all = timelineOf({ workflow: run.workflow, limits, events });
    expect(end.critical).toStrictEqual(all.criticalPath());
    expect(end.attempts).toHaveLength(all.attempts.length);
    expect(end.steps.map(([id, status]) => [id, status])).toStrictEqual(
      [...run.snapshot().steps].map(({ id, status }) => [id, status]),
    );
    expect(end.remarks).toHaveLength(all.remarks.length);
  });

  test('is told nothing new by what it is sent twice', () => {
    const time = new VirtualTime();
    const run = workflow().run({ limits, scheduler: time.scheduler });
    const { kept } = play(run, time, 1e6, () => undefined);
    const live = fresh(kept);
    const before = shown(live);
    live.add(frameOf(kept), 0);
    expect(shown(live)).toStrictEqual(before);
  });
});

test('what has begun before anybody watched is known: what runs, what is taken, how far it is', () => {
  const time = new VirtualTime();
  const { scheduler } = time;
  const slow = defineWorkflow('slow', [
    { id: 'a', run: taking(10), resource: 'db', estimate: 10 },
    { id: 'b', run: taking(100), resource: { db: 2 }, estimate: 100 },
    { id: 'c', run: taking(10), dependsOn: ['b'], estimate: 10 },
    { id: 'd', run: () => 1 },
    { id: 'e', dependsOn: ['a'], when: () => false, run: () => 1 },
  ]);
  const run = slow.run({ limits: { db: 3 }, scheduler, onFailure: 'continue' });
  run.result$.subscribe({ error: () => undefined });
  time.advanceTo(50);
  const kept = new DashboardRun(run, 1, 'run', {});
  kept.look(1);
  const live = fresh(kept);
  expect(live.status).toBe('running');
  expect([...live.underWay.all].map(({ stepId, from }) => [stepId, from])).toStrictEqual([['b', 0]]);
  expect(live.latest?.resources).toMatchObject({ db: { taken: 2, limit: 3 } });
  expect(live.timeline.steps.get('e')?.status).toBe('skipped');
  expect(kept.line).toMatchObject({ done: 3, total: 5, running: 1, failed: 0 });
  // 10 + 0 of 120, since its time stands still until something is told.
  expect(live.latest?.fraction).toBeCloseTo(10 / 120);
  expect(live.latest?.left).toMatchObject({ low: expect.any(Number) as unknown });
});

test('the time of what goes on moves between what is told, and stops at the end', () => {
  const { run } = recordOf(defineWorkflow('done', [{ id: 'a', run: taking(10) }]), {});
  const kept = new DashboardRun(run, 1, 'run', {});
  kept.end(1);
  const live = fresh(kept);
  live.tick(10_000);
  expect(live.timeline.now).toBe(10);
  const frame = { ...frameOf(kept), status: 'running', now: 500 } as const;
  live.add(frame, 1_000);
  live.tick(1_250);
  expect([live.timeline.now, live.isUnderWay]).toStrictEqual([750, true]);
  live.add({ ...frame, isPaused: true }, 1_000);
  expect(live.status).toBe('paused');
});

test('a run that nothing more comes of is interrupted, and its time stands still', () => {
  const time = new VirtualTime();
  const run = defineWorkflow('lost', [{ id: 'a', run: () => NEVER }]).run({ scheduler: time.scheduler });
  const kept = new DashboardRun(run, 1, 'run', {});
  run.progress$.subscribe((event) => {
    kept.add(event.seq, event);
  });
  const subscription = run.result$.subscribe({ error: () => undefined });
  time.flush();
  kept.look(10);
  kept.end(11);
  subscription.unsubscribe();
  expect(kept.line.status).toBe('interrupted');
  expect(kept.run).toBeUndefined();
  const live = fresh(kept);
  expect([live.status, live.isUnderWay, live.now(1e9)]).toStrictEqual(['interrupted', false, 0]);
  kept.look(12);
  expect(kept.line.status).toBe('interrupted');
});

test('what earlier runs measured says what is slow', () => {
  const { run } = recordOf(defineWorkflow('done', [{ id: 'a', run: taking(10), estimate: 5 }]), {});
  const live = fresh(new DashboardRun(run, 1, 'run', { a: 20 }));
  expect(live.expectedOf('a')).toStrictEqual({ ms: 20, by: 'history' });
  expect(fresh(new DashboardRun(run, 1, 'run', {})).expectedOf('a')).toStrictEqual({ ms: 5, by: 'estimate' });
});

test('a page that stays open keeps a bounded number of messages, the first failures among them', () => {
  const { run } = recordOf(defineWorkflow('done', [{ id: 'a', run: taking(10) }]), {});
  const live = fresh(new DashboardRun(run, 1, 'run', {}));
  const common = { at: 0, runId: 'run', stepId: 'a', attempt: 1 };
  let seq = 1_000;
  const frame = frameOf(new DashboardRun(run, 1, 'run', {}));
  for (let round = 0; round < 20; round++) {
    const events = Array.from({ length: 500 }, (_, place): ProgressEvent[] => [
      { ...common, seq: ++seq, type: 'log', message: `line ${String(round * 500 + place)}` },
      {
        ...common,
        seq: ++seq,
        type: 'step-failed',
        durationMs: 0,
        error: new Error(`no ${String(round * 500 + place)}`),
      },
    ]).flat();
    live.add({ ...frame, events }, 0);
  }
  const { remarks } = live.timeline;
  expect(remarks.length).toBeLessThan(3_700);
  const messages = remarks.map(({ message }) => message);
  for (const message of ['no 0', 'no 99', 'no 9999', 'line 9999']) expect(messages).toContain(message);
  expect(messages).not.toContain('no 101');
  expect(live.forgotten).toBe(20_000 - remarks.length);
  expect(live.folded).toBe(20_000);
});

test('a million children leave no more behind than a few', () => {
  const time = new VirtualTime();
  const run = growing(3).run({ scheduler: time.scheduler });
  const { kept } = play(run, time, 1e6, () => undefined);
  const head = { at: 0, runId: 'run', attempt: 1 };
  let seq = 1e6;
  const length = (): number => kept.frame(undefined).json.length;
  const tell = (count: number): void => {
    for (let key = 0; key < count; key++) {
      const stepId = `page[${String(seq)}]`;
      for (const news of [
        { type: 'step-added', parentId: 'book', dependsOn: [], demand: { 'light-io': 1 } },
        { type: 'step-started', holds: { 'light-io': 1 } },
        { type: 'step-completed', durationMs: 3 },
      ])
        kept.add(++seq, { ...head, seq, stepId, ...news, at: seq } as ProgressEvent);
    }
  };
  tell(3_000);
  const before = length();
  tell(30_000);
  expect(length()).toBeLessThan(before * 1.1);
});
