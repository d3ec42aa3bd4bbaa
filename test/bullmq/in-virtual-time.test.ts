import { step, workflow } from 'millrace';
import { expect, test } from 'vitest';
import { QueueStage } from './support/stage.ts';

function outcomeOf<Value>(promise: Promise<Value>): { value?: Value; error?: unknown } {
  const outcome: { value?: Value; error?: unknown } = {};
  promise.then(
    (value) => {
      outcome.value = value;
    },
    (error: unknown) => {
      outcome.error = error;
    },
  );
  return outcome;
}

test('a run’s limit of the class is what workers announce, and follows it', async () => {
  const stage = new QueueStage();
  const { remote } = stage.coordinator();
  const steps = Object.fromEntries(
    Array.from({ length: 8 }, (_, at) => [
      `s${String(at)}`,
      step(
        `s${String(at)}`,
        remote.task('wait', () => 100),
      ),
    ]),
  );
  const run = workflow('w', steps).run({ scheduler: stage.time.scheduler });
  const limits: unknown[] = [];
  run.progress$.subscribe((event) => {
    if (event.type === 'limits-changed') limits.push(event.limits['remote:stage']);
  });
  const outcome = outcomeOf(run.result());
  await stage.advanceTo(50);
  expect([run.limits['remote:stage'], remote.stats().queued, stage.busy]).toStrictEqual([1, 1, 0]);
  stage.worker('a', 2);
  await stage.advanceTo(100);
  expect([run.limits['remote:stage'], stage.busy]).toStrictEqual([2, 2]);
  stage.worker('b', 4);
  await stage.advanceTo(150);
  expect([run.limits['remote:stage'], stage.busy]).toStrictEqual([6, 6]);
  await stage.advanceTo(500);
  expect(outcome.value).toBeDefined();
  expect(limits.slice(0, 2)).toStrictEqual([2, 6]);
});

test('a demand is held until a worker that can’t be reached has stopped by itself', async () => {
  const stage = new QueueStage(1000);
  const a = stage.worker('a', 1);
  const { remote } = stage.coordinator();
  const only = step(
    'only',
    remote.task('wait', () => 60_000),
  );
  const run = workflow('w', { only }).run({ scheduler: stage.time.scheduler });
  const outcome = outcomeOf(run.result());
  await stage.advanceTo(500);
  expect(stage.busy).toBe(1);
  a.end.setUp(false);
  run.cancel();
  await stage.advanceTo(1200);
  expect(run.snapshot().resources['remote:stage']?.taken).toBe(1);
  await stage.advanceTo(1600);
  // It has stopped before the coordinator says so.
  expect(stage.works[0]).toMatchObject({ how: 'stopped' });
  expect(outcome.error).toMatchObject({ code: 'CANCELLED' });
  expect(stage.works[0]?.to).toBeLessThan(1500);
});

test('a coordinator that is gone is noticed: nobody goes on for it', async () => {
  const stage = new QueueStage(1000);
  stage.worker('a', 1);
  const { remote, end } = stage.coordinator();
  const only = step(
    'only',
    remote.task('wait', () => 60_000),
  );
  const run = workflow('w', { only }).run({ scheduler: stage.time.scheduler });
  outcomeOf(run.result());
  await stage.advanceTo(500);
  end.setUp(false);
  await stage.advanceTo(3000);
  expect(stage.works[0]).toMatchObject({ how: 'stopped' });
});

test('a timeout counts from when a worker has begun', async () => {
  const stage = new QueueStage();
  const { remote } = stage.coordinator();
  const only = step(
    'only',
    remote.task('wait', () => 100),
    { timeout: 150 },
  );
  const outcome = outcomeOf(workflow('w', { only }).run({ scheduler: stage.time.scheduler }).result());
  await stage.advanceTo(5000);
  stage.worker('a', 1);
  await stage.advanceTo(5500);
  expect(outcome.value).toStrictEqual({ only: 100 });
});

test('what waits in the lane of workers that are gone is done by others', async () => {
  const stage = new QueueStage(1000);
  const a = stage.worker('a', 1);
  const { remote } = stage.coordinator();
  const values: number[] = [];
  for (const ms of [5000, 10])
    remote.run('wait', ms).subscribe({ next: (value) => values.push(value), error: () => undefined });
  await stage.advanceTo(500);
  expect(remote.stats()).toMatchObject({ queued: 1, running: 1 });
  a.end.setUp(false);
  await stage.advanceTo(2000);
  stage.worker('b', 1);
  await stage.advanceTo(8000);
  expect(values).toStrictEqual([10]);
});

test('what is called off while nobody can be heard is stopped as soon as its worker is heard again', async () => {
  const stage = new QueueStage();
  const { remote, end } = stage.coordinator();
  stage.worker('a', 1);
  await stage.advanceTo(20);
  const subscription = remote.run('wait', 60_000).subscribe();
  while (stage.busy === 0) await stage.advanceBy(1);
  // That it has begun is on its way, and gets nowhere.
  end.setUp(false);
  subscription.unsubscribe();
  await stage.advanceBy(30);
  expect(stage.busy).toBe(1);
  end.setUp(true);
  await stage.advanceBy(10 + stage.stopMs);
  expect(stage.works).toMatchObject([{ how: 'stopped' }]);
});

test('short calls share jobs while all slots are at work; each has its own outcome and cancel', async () => {
  const stage = new QueueStage();
  stage.worker('a', 1);
  const { remote } = stage.coordinator();
  const values: number[] = [];
  const calls = Array.from({ length: 20 }, (_, at) =>
    remote.run('wait', at, { batch: 8 }).subscribe((value) => values.push(value)),
  );
  await stage.advanceTo(3);
  calls[19]?.unsubscribe();
  await stage.advanceTo(2000);
  expect(values.toSorted((left, right) => left - right)).toStrictEqual(
    Array.from({ length: 19 }, (_, at) => at),
  );
  expect(remote.stats()).toMatchObject({ queued: 0, running: 0, completed: 20 });
  expect(stage.broker.jobsSent).toBeLessThan(12);
});

test('a step of a task that is short demands a part of a slot', async () => {
  const stage = new QueueStage();
  stage.worker('a', 1);
  const { remote } = stage.coordinator();
  await stage.advanceTo(10);
  const steps = Object.fromEntries(
    Array.from({ length: 8 }, (_, at) => [
      `s${String(at)}`,
      step(
        `s${String(at)}`,
        remote.task('wait', () => 5, { batch: 4 }),
      ),
    ]),
  );
  const run = workflow('w', steps).run({ scheduler: stage.time.scheduler });
  const outcome = outcomeOf(run.result());
  await stage.advanceTo(14);
  // Whatever the limit is, which all coordinators of the queue have announced.
  const { queued, running } = remote.stats();
  expect(queued + running).toBeGreaterThanOrEqual(4);
  expect(run.snapshot().resources['remote:stage']?.taken).toBe((queued + running) / 4);
  await stage.advanceTo(1000);
  expect(outcome.value).toBeDefined();
  expect(stage.works).toHaveLength(8);
});
