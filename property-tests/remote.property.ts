import { fc, test } from '@fast-check/vitest';
import { forEachStep, type ProgressEvent, workflow } from 'millrace';
import { Store } from 'millrace/store';
import { expect } from 'vitest';
import { MemoryPlace, memoryBackend } from '../lib/store/memory-backend.ts';
import { doneFor } from '../test/bullmq/support/holder.ts';
import { QueueStage } from '../test/bullmq/support/stage.ts';
import { cases } from './support/effort.ts';

const leaseMs = 1000;

/** What happens to workers and coordinator while steps run elsewhere. */
const happening = fc.record({
  at: fc.integer({ min: 0, max: 4000 }),
  kind: fc.constantFrom(
    'cut' as const,
    'come' as const,
    'drain' as const,
    'end' as const,
    'new' as const,
    'flush' as const,
  ),
  whom: fc.nat({ max: 3 }),
});

const scenario = fc.record({
  slots: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
  durations: fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 12 }),
  happenings: fc.array(happening, { maxLength: 6 }),
  cancelAt: fc.option(fc.integer({ min: 0, max: 3000 }), { nil: undefined }),
});

test.prop([scenario], { numRuns: cases(200) })(
  'whatever becomes of workers: each step counts once, what is held covers what runs, and the run ends',
  async ({ slots, durations, happenings, cancelAt }) => {
    const stage = new QueueStage(leaseMs);
    const workers = slots.map((count, at) => stage.worker(`w${String(at)}`, count));
    const { remote } = stage.coordinator();
    const all = forEachStep(
      'all',
      { items: durations },
      remote.task('wait', ({ item }: { item: number }) => item),
      { retry: 30 },
    );
    const run = workflow('w', { all }).run({ scheduler: stage.time.scheduler });
    const events: ProgressEvent[] = [];
    run.progress$.subscribe((event) => events.push(event));
    let outcome: unknown;
    run.result().then(
      (value) => {
        outcome = value;
      },
      (error: unknown) => {
        outcome = error;
      },
    );
    for (const { at, kind, whom } of happenings) {
      const victim = workers[whom % workers.length];
      stage.time.at(at, () => {
        if (kind === 'new') workers.push(stage.worker(`n${String(at)}-${String(whom)}`, 1));
        else if (kind === 'flush') stage.broker.flush();
        else if (kind === 'drain' || kind === 'end') void victim?.server.close(kind === 'drain');
        else victim?.end.setUp(kind === 'come');
      });
    }
    if (cancelAt !== undefined)
      stage.time.at(cancelAt, () => {
        run.cancel();
      });
    // Somebody who stays, so that there is an end.
    stage.time.at(6000, () => void stage.worker('last', 3));
    for (let now = 0; now < 60_000 && outcome === undefined; now += 50) {
      await stage.advanceTo(now);
      const held = run.snapshot().resources['remote:stage']?.taken ?? 0;
      expect(stage.busy).toBeLessThanOrEqual(outcome === undefined ? held : 0);
    }
    expect(outcome).toBeDefined();
    expect(stage.busy).toBe(0);
    expect(remote.stats()).toMatchObject({ queued: 0, running: 0 });
    if (cancelAt === undefined) expect(outcome).toStrictEqual({ all: durations });
    const ends = events
      .filter(({ type }) => type === 'step-completed')
      .map((event) => 'stepId' in event && event.stepId);
    expect(new Set(ends).size).toBe(ends.length);
  },
);

const deaths = fc.array(
  fc.record({ after: fc.integer({ min: 0, max: 3000 }), pause: fc.integer({ min: 0, max: 8000 }) }),
  { minLength: 1, maxLength: 3 },
);

test.prop([scenario, deaths], { numRuns: cases(100) })(
  'whatever becomes of workers and of those who have it: a kept run that is gone on with ends, and each step counts once',
  async ({ slots, durations, happenings }, dying) => {
    const stage = new QueueStage(leaseMs);
    const place = new MemoryPlace();
    const workers = slots.map((count, at) => stage.worker(`w${String(at)}`, count));
    let completed: string[] = [];
    const holder = () => {
      const { remote, end } = stage.coordinator();
      const backend = memoryBackend(place);
      const task = remote.task('wait', ({ item }: { item: number }) => item);
      const all = forEachStep('all', { items: durations }, task, { retry: 30 });
      const store = new Store(backend);
      const run = workflow('w', { all }).run({ scheduler: stage.time.scheduler, store, runId: 'nightly' });
      completed = [];
      run.progress$.subscribe((event) => {
        if (event.type === 'step-completed') completed.push(event.stepId);
      });
      const outcome: { value?: unknown } = {};
      run.result().then(
        (value) => {
          outcome.value = value;
        },
        (error: unknown) => {
          outcome.value = error;
        },
      );
      const die = (): void => {
        end.setUp(false);
        // In this process its limit would go on to be asked.
        void remote.close({ pending: 'drain' });
        backend.abandon();
      };
      return { remote, outcome, die };
    };
    for (const { at, kind, whom } of happenings) {
      const victim = workers[whom % workers.length];
      stage.time.at(at, () => {
        if (kind === 'new') workers.push(stage.worker(`n${String(at)}-${String(whom)}`, 1));
        else if (kind === 'flush') stage.broker.flush();
        else if (kind === 'drain' || kind === 'end') void victim?.server.close(kind === 'drain');
        else victim?.end.setUp(kind === 'come');
      });
    }
    for (const { after, pause } of dying) {
      const { die } = holder();
      await stage.advanceBy(after);
      die();
      await stage.advanceBy(pause);
    }
    const { remote, outcome } = holder();
    await stage.advanceBy(6000);
    // Somebody who stays, so that there is an end.
    stage.worker('last', 3);
    for (let more = 0; more < 60 && outcome.value === undefined; more++) await stage.advanceBy(1000);
    expect(outcome.value).toStrictEqual({ all: durations });
    expect(remote.stats()).toMatchObject({ queued: 0, running: 0 });
    expect(new Set(completed).size).toBe(completed.length);
  },
);

const claims = fc.array(
  fc.record({ life: fc.constantFrom('a', 'b', 'c'), epoch: fc.integer({ min: 1, max: 4 }) }),
  { minLength: 1, maxLength: 12 },
);

test.prop([claims], { numRuns: cases(100) })(
  'whoever has lost a run to a later holder is refused, and nobody else, whatever runs had its name',
  async (all) => {
    const stage = new QueueStage(leaseMs);
    for (const id of ['v', 'w']) stage.worker(id, 1);
    const { remote } = stage.coordinator();
    const latest = new Map<string, number>();
    for (const [at, { life, epoch }] of all.entries()) {
      const done = doneFor(remote, { runId: 'nightly', life, epoch }, 10);
      await stage.advanceTo(500 * (at + 1));
      const isOutdated = epoch < (latest.get(life) ?? 0);
      expect(await done).toBe(isOutdated ? 'OUTDATED_RUN' : 10);
      if (!isOutdated) latest.set(life, epoch);
    }
  },
);
