import { forEachStep, ResourceLimitError, type Run, step, stream, workflow } from 'millrace';
import { type Recording, runInVirtualTime, VirtualTime } from 'millrace/testing';
import { firstValueFrom, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { all, counted, counting } from './support/streamed.ts';
import { play } from './support/watch.ts';

describe('they are admitted together, or not at all:', () => {
  it('at most as many as may run at once', () => {
    const { numbers } = counting('numbers', 3);
    const read = step('read', { numbers: stream(numbers) }, (inputs) => all(inputs.numbers));
    expect(() => workflow('streams', { read }).run({ concurrency: 1 })).toThrow(
      "step 'numbers' + 'read' demands 2 of 'concurrency', but the limit is 1; raise the run's concurrency",
    );
  });

  const { numbers } = counting('numbers', 100);
  const doubled = step('doubled', { numbers: stream(numbers) }, async function* (inputs) {
    for await (const number of inputs.numbers) yield number * 2;
  });
  const sum = step('sum', { doubled: stream(doubled) }, (inputs) => all(inputs.doubled));
  const flow = workflow('streams', { sum });

  it('what can never fit is an error before the start', () => {
    expect(() => flow.run({ limits: { 'light-cpu': 2 } })).toThrow(ResourceLimitError);
    expect(() => flow.run({ limits: { 'light-cpu': 2 } })).toThrow(
      "step 'numbers' + 'doubled' + 'sum' demands 3",
    );
    expect(() => flow.run({ concurrency: 2 })).toThrow("demands 3 of 'concurrency'");
  });

  it('what just fits runs', async () => {
    const { sum: list } = await flow.run({ limits: { 'light-cpu': 3 }, concurrency: 3 }).result();
    expect(list).toHaveLength(100);
  });

  it('they wait for room for all of them, and start at one moment', () => {
    const time = new VirtualTime();
    const busy = step('busy', () => time.after(30, 1), { priority: 1 });
    const source = step('source', () => time.after(5, 1));
    const read = step('read', { source: stream(source, { overflow: 'error' }) }, ({ source: live }) =>
      live.toObservable(),
    );
    const watched = play(workflow('streams', { busy, read }), { limits: { 'light-cpu': 2 } }, time);
    const start = (id: string) => watched.the('step-started', id).at;
    expect([start('busy'), start('source'), start('read')]).toEqual([0, 30, 30]);
    expect(watched.run.snapshot().resources['light-cpu']?.taken).toBe(0);
  });

  it('limits that change meanwhile stay large enough for them', () => {
    const run = flow.run({ limits: { 'light-cpu': 8 } });
    expect(() => {
      run.setLimits({ 'light-cpu': 2 });
    }).toThrow(ResourceLimitError);
  });

  it('a fan-out over a stream can use what it took with its producer', async () => {
    const source = step('source', () => counted(30), { resource: 'heavy-cpu' });
    const each = forEachStep(
      'each',
      { items: stream(source, { capacity: 1 }) },
      async (number) => {
        await new Promise((resolve) => setImmediate(resolve));
        return number;
      },
      { resource: 'heavy-cpu', reduce: (total: number, number) => total + number, initial: 0 },
    );
    const nested = workflow('streams', { each });
    expect(() => nested.run({ limits: { 'heavy-cpu': 1 } })).toThrow(ResourceLimitError);
    for (const limit of [2, 3, 5]) {
      const run = nested.run({ limits: { 'heavy-cpu': limit } });
      expect(await run.result()).toEqual({ each: 435 });
      expect(run.metrics().resources['heavy-cpu']?.peak).toBeLessThanOrEqual(limit);
      expect(run.snapshot().resources['heavy-cpu']?.taken).toBe(0);
    }
  });

  it('children start while the producer still emits, and it is held back for them', async () => {
    const { numbers: source, asked } = counting('source', 60);
    let done = 0;
    let ahead = 0;
    const each = forEachStep(
      'each',
      { items: stream(source, { capacity: 1 }) },
      async () => {
        await new Promise((resolve) => setImmediate(resolve));
        ahead = Math.max(ahead, asked.count - done++);
      },
      { concurrency: 2 },
    );
    await workflow('streams', { each }).run().result();
    expect(done).toBe(60);
    expect(ahead).toBeLessThanOrEqual(6);
  });
});

describe('children of a fan-out over a stream', () => {
  const numbers = step('numbers', () => counted(6), { resource: {} });
  const each = forEachStep(
    'each',
    { items: stream(numbers) },
    (_, __, { scheduler }) => timer(1, scheduler),
    {
      resource: 'api',
    },
  );
  const flow = workflow('live', { each });
  const startsIn = ({ events }: Recording): number[] =>
    events.flatMap((event) =>
      event.type === 'step-started' && event.stepId.includes('[') ? [event.at] : [],
    );

  it('keep to a rate, the one that runs in what the fan-out has taken as well', async () => {
    const limits = { api: { limit: 9, rate: { limit: 2, per: 100 } } };
    const starts = startsIn(await runInVirtualTime(flow, { limits }));
    expect(starts).toHaveLength(6);
    // The fan-out itself has been the first.
    for (const at of [0, 100, 200])
      expect(starts.filter((start) => start >= at && start < at + 100).length).toBeLessThanOrEqual(2);
  });

  it('are held back by a pause of their class', async () => {
    const slow = step(
      'slow',
      async function* (ctx) {
        for (let number = 0; number < 6; number++) {
          await firstValueFrom(timer(10, ctx.scheduler));
          yield number;
        }
      },
      { resource: {} },
    );
    const late = forEachStep('late', { items: stream(slow) }, (number) => number, { resource: 'api' });
    const paused = {
      15: (run: Pick<Run, 'pause'>) => {
        run.pause('api');
      },
      100: (run: Pick<Run, 'resume'>) => {
        run.resume('api');
      },
    };
    const recording = await runInVirtualTime(workflow('live', { late }), { limits: { api: 3 }, at: paused });
    const starts = startsIn(recording);
    expect(starts).toHaveLength(6);
    expect(starts.filter((start) => start > 15 && start < 100)).toEqual([]);
  });
});
