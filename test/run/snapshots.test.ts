import { type RunSnapshot, type StepContext, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { NEVER } from 'rxjs';
import { expect, test } from 'vitest';
import { play } from './support/watch.ts';

function follow(
  time: VirtualTime,
  size: number,
  body: (index: number, ctx: StepContext) => unknown,
  options = {},
) {
  const steps = Array.from({ length: size }, (_, index) =>
    step(`step ${String(index)}`, (ctx) => body(index, ctx), { resource: 'gpu' }),
  );
  const run = workflow('followed', Object.fromEntries(steps.map((each) => [each.id, each]))).run({
    scheduler: time.scheduler,
    limits: { gpu: Infinity },
    ...options,
  });
  const snapshots: RunSnapshot[] = [];
  const ends: string[] = [];
  const subscription = run.snapshot$.subscribe({
    next: (snapshot) => snapshots.push(snapshot),
    complete: () => ends.push('complete'),
  });
  return { run, snapshots, ends, subscription };
}

const waiting = {
  status: 'waiting',
  attempts: 0,
  startedAt: null,
  endedAt: null,
  readyBy: null,
  fraction: null,
};

test('a snapshot tells where the run and each step stand', () => {
  const time = new VirtualTime();
  const first = step('first', () => time.after(10, 1));
  const second = step(
    'second',
    { first },
    (_, ctx) => {
      ctx.progress(0.5);
      return time.after(10, 2);
    },
    { resource: { gpu: 2 } },
  );
  const run = workflow('seen', { second }).run({
    scheduler: time.scheduler,
    runId: 'run 1',
    limits: { gpu: 3, 'light-cpu': 8 },
  });
  const { steps, ...whole } = run.snapshot();
  expect(whole).toStrictEqual({
    runId: 'run 1',
    workflow: 'seen',
    status: 'idle',
    startedAt: null,
    endedAt: null,
    isPaused: false,
    pausedResources: [],
    counts: {
      waiting: 2,
      ready: 0,
      running: 0,
      retrying: 0,
      completed: 0,
      failed: 0,
      cancelled: 0,
      skipped: 0,
    },
    resources: { 'light-cpu': { taken: 0, limit: 8 }, gpu: { taken: 0, limit: 3 } },
    waits: [],
  });
  expect([...steps]).toStrictEqual([
    { ...waiting, id: 'first' },
    { ...waiting, id: 'second', waitingFor: { kind: 'step', stepId: 'first' } },
  ]);
  run.result$.subscribe();
  time.advanceTo(15);
  expect(run.snapshot()).toMatchObject({
    status: 'running',
    startedAt: 0,
    resources: { 'light-cpu': { taken: 0 }, gpu: { taken: 2 } },
  });
  expect([...run.snapshot().steps]).toStrictEqual([
    { ...waiting, id: 'first', status: 'completed', attempts: 1, startedAt: 0, endedAt: 10 },
    {
      id: 'second',
      status: 'running',
      attempts: 1,
      startedAt: 10,
      endedAt: null,
      readyBy: 'first',
      fraction: 0.5,
    },
  ]);
  time.flush();
  expect(run.snapshot()).toMatchObject({
    status: 'completed',
    endedAt: 20,
    counts: { completed: 2 },
    resources: { gpu: { taken: 0 } },
  });
});

test('it holds no outputs', () => {
  const run = play(workflow('secret', { only: step('only', () => 'the output') }));
  expect(JSON.stringify(run.run.snapshot())).not.toContain('the output');
});

test('snapshot$ emits at once, then at most once a frame, last the final one, and completes', () => {
  const time = new VirtualTime();
  const { run, snapshots, ends } = follow(time, 20, (index) => time.after(index * 5, index));
  expect(snapshots.map(({ status }) => status)).toStrictEqual(['idle']);
  const at: number[] = [];
  run.snapshot$.subscribe(() => at.push(time.now));
  run.result$.subscribe();
  time.flush();
  expect(at.slice(1, -1).every((moment, index) => moment - (at[index] ?? 0) >= 15)).toBe(true);
  expect(at.length).toBeLessThan(10);
  expect(at.at(-1)).toBe(95);
  expect(snapshots.at(-1)).toMatchObject({ status: 'completed', counts: { completed: 20 } });
  expect(ends).toStrictEqual(['complete']);
});

test('where nothing changes, nothing is emitted', () => {
  const time = new VirtualTime();
  const { run, snapshots } = follow(time, 1, () => time.after(1000, 1));
  run.result$.subscribe();
  time.advanceTo(900);
  expect(snapshots).toHaveLength(2);
});

test('it starts nothing, holds nothing and never errors', () => {
  const time = new VirtualTime();
  const { run, snapshots, ends } = follow(time, 2, () => NEVER);
  time.advanceTo(100);
  expect(snapshots).toHaveLength(1);
  run.result$.subscribe({ error: () => undefined }).unsubscribe();
  expect(snapshots.at(-1)?.status).toBe('cancelled');
  expect(ends).toStrictEqual(['complete']);
  const failing = play(
    workflow('failing', {
      bad: step('bad', () => {
        throw new Error('broken');
      }),
    }),
  );
  const seen: unknown[] = [];
  failing.run.snapshot$.subscribe({
    next: ({ status }) => seen.push(status),
    complete: () => seen.push('complete'),
  });
  expect(seen).toStrictEqual(['failed', 'complete']);
});

test('who comes in the middle gets where it stands then', () => {
  const time = new VirtualTime();
  const run = workflow('middle', { slow: step('slow', () => time.after(100, 1)) }).run({
    scheduler: time.scheduler,
  });
  run.result$.subscribe();
  time.advanceTo(50);
  const seen: string[] = [];
  run.snapshot$.subscribe(({ status }) => seen.push(status));
  time.flush();
  expect(seen).toStrictEqual(['running', 'completed']);
});

test('what hasn’t changed is the same object; what has is another, so that its cost follows what changed', () => {
  const time = new VirtualTime();
  const { run, snapshots } = follow(time, 1000, (index) => (index === 700 ? time.after(50, index) : NEVER));
  run.result$.subscribe({ error: () => undefined });
  time.advanceTo(80);
  const [before, after] = snapshots.slice(-2) as [RunSnapshot, RunSnapshot];
  const changed = [...after.steps].filter((each) => each !== before.steps.get(each.id));
  expect(changed.map(({ id }) => id)).toStrictEqual(['step 700']);
  // The parts that its steps are kept in.
  const [parts, others] = [before, after].map(({ steps }) => Object.values(steps).flat() as unknown[]);
  expect(others?.filter((part) => !parts?.includes(part))).toHaveLength(1);
  expect(others).toHaveLength(4);
  run.cancel();
});

test('two looks without a change between are one object', () => {
  const time = new VirtualTime();
  const { run } = follow(time, 10, () => NEVER);
  run.result$.subscribe({ error: () => undefined });
  expect(run.snapshot()).toBe(run.snapshot());
  run.cancel();
  expect(run.snapshot()).toBe(run.snapshot());
});

test('it is frozen all through', () => {
  const time = new VirtualTime();
  const { run, snapshots } = follow(time, 3, (index) => index);
  run.result$.subscribe();
  const isFrozen = (value: unknown): boolean =>
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(isFrozen));
  expect(snapshots.map(isFrozen)).toStrictEqual(snapshots.map(() => true));
  expect(snapshots).toHaveLength(2);
});

test('counts always add up', () => {
  const time = new VirtualTime();
  const { run, snapshots } = follow(
    time,
    300,
    (index, ctx) => {
      if (index % 7 === 0 && ctx.attempt === 1) throw new Error('again');
      return time.after(index % 50, index);
    },
    { limits: { gpu: 9 }, onFailure: 'continue' },
  );
  run.result$.subscribe({ error: () => undefined });
  time.flush();
  for (const { counts, steps } of snapshots) {
    const counted = [...steps].reduce<Record<string, number>>(
      (sum, { status }) => ({ ...sum, [status]: (sum[status] ?? 0) + 1 }),
      {},
    );
    expect(counts).toMatchObject(counted);
    expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(300);
  }
  expect(snapshots.length).toBeGreaterThan(10);
});
