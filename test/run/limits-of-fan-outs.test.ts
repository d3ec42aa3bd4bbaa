import { forEachStep, InvalidOptionsError, ResourceLimitError, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { broken } from './support/broken.ts';
import { mostAtOnce, startsOf, waits } from './support/fan-outs.ts';
import { expectSound } from './support/sound.ts';
import { thrownBy } from './support/thrown-by.ts';
import { play, Watched, watch } from './support/watch.ts';

describe('a limit', () => {
  test.each([1, 2, 3, 7])('concurrency of %i is how many children run at once', (concurrency) => {
    const items = Array.from({ length: 20 }, (_, place) => 5 + (place % 3));
    const run = play(workflow('w', { all: forEachStep('all', { items }, waits, { concurrency }) }));
    expect(run.result).toStrictEqual({ all: items });
    expect(mostAtOnce(run, /\[/)).toBe(concurrency);
    expectSound(run);
  });

  test('of a class is shared by the children with the steps of the run', () => {
    const time = new VirtualTime();
    const other = step('other', () => time.after(10, 1), { resource: { gpu: 1 } });
    const all = forEachStep('all', { items: [10, 10, 10] }, waits, { resource: { gpu: 1 } });
    const run = play(workflow('w', { other, all }), { limits: { gpu: 2 } }, time);
    expect(mostAtOnce(run, /other|\[/)).toBe(2);
    expect(time.now).toBe(20);
    expectSound(run);
  });

  test('on all of the run counts children, and not who waits for them', () => {
    const all = forEachStep('all', { items: [5, 5] }, (ms) =>
      forEachStep('inner', { items: [ms, ms] }, waits),
    );
    const run = play(workflow('w', { all }), { concurrency: 1 });
    expect(run.result).toStrictEqual({
      all: [
        [5, 5],
        [5, 5],
      ],
    });
    expect(run.time.now).toBe(20);
    expect(run.run.metrics().resources['concurrency']?.peak).toBe(1);
    expectSound(run);
  });

  test('that only children would exceed is found before the run', () => {
    const all = forEachStep('all', { items: [1] }, (n) => n, { resource: { gpu: 3 } });
    const error = thrownBy(() => workflow('w', { all }).run({ limits: { gpu: 2 } }));
    expect(error).toBeInstanceOf(ResourceLimitError);
    expect(error).toMatchObject({ stepId: 'all[…]', resource: 'gpu' });
  });

  test('that only children need is asked for before the run', () => {
    const all = forEachStep('all', { items: [1] }, (n) => n, { resource: 'gpu' });
    expect(() => workflow('w', { all }).run()).toThrow(InvalidOptionsError);
  });

  test('that a nested child exceeds, which nobody could know, fails that child', () => {
    const all = forEachStep('all', { items: [1] }, () =>
      step('deep', () => 1, { resource: { 'heavy-cpu': 1e9 } }),
    );
    const run = play(workflow('w', { all }));
    expect(run.error).toMatchObject({ stepId: 'all', cause: { stepId: 'all[0]' } });
    const causes: unknown[] = [];
    for (let error = run.error; error instanceof Error; error = error.cause) causes.push(error);
    expect(causes.at(-1)).toBeInstanceOf(ResourceLimitError);
    expectSound(run);
  });

  test('lowered while they run holds back the next ones, and raised lets them go', () => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [10, 10, 10, 10] }, waits, { resource: { gpu: 1 } });
    const run = watch(workflow('w', { all }), time, { limits: { gpu: 2 } });
    time.at(5, () => {
      run.run.setLimits({ gpu: 1 });
    });
    time.at(15, () => {
      run.run.setLimits({ gpu: 4 });
    });
    time.flush();
    expect(startsOf(run)).toMatchObject({ 'all[0]': 0, 'all[1]': 0, 'all[2]': 10, 'all[3]': 15 });
    expectSound(run);
  });

  test('can’t be lowered below what a child takes', () => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [10] }, waits, { resource: { gpu: 2 } });
    const run = watch(workflow('w', { all }), time, { limits: { gpu: 2 } });
    time.advanceTo(5);
    expect(() => {
      run.run.setLimits({ gpu: 1 });
    }).toThrow(ResourceLimitError);
    time.flush();
    expectSound(run);
  });

  test('can be once the children are over', () => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [10] }, waits, { resource: { gpu: 2 } });
    const bare = step('bare', () => step('within', () => time.after(10, 1), { resource: { gpu: 2 } }));
    const after = step('after', { all, bare }, () => time.after(10, 1));
    const run = watch(workflow('w', { after }), time, { limits: { gpu: 2 } });
    time.advanceTo(15);
    expect(() => {
      run.run.setLimits({ gpu: 1 });
    }).toThrow(ResourceLimitError);
    time.advanceTo(25);
    run.run.setLimits({ gpu: 1 });
    time.flush();
    expect(run.result).toStrictEqual({ after: 1 });
    expectSound(run);
  });

  test.each([undefined, 'gpu'])('pause(%s) holds children back until it is resumed', (resource) => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [10, 10] }, waits, { resource: { gpu: 1 } });
    const run = watch(workflow('w', { all }), time, { limits: { gpu: 1 } });
    time.at(5, () => {
      run.run.pause(resource);
    });
    time.at(50, () => {
      run.run.resume(resource);
    });
    time.flush();
    expect(startsOf(run)).toMatchObject({ 'all[0]': 0, 'all[1]': 50 });
    expect(run.result).toStrictEqual({ all: [10, 10] });
    expectSound(run);
  });

  test('is not passed by a fan-out that starts while the run is paused', () => {
    const time = new VirtualTime();
    const items = step('items', () => time.after(10, [1, 2]));
    const run = watch(workflow('w', { all: forEachStep('all', { items }, (n) => n) }), time);
    run.run.pause();
    run.run.resume();
    time.at(5, () => {
      run.run.pause();
    });
    time.advanceTo(30);
    expect(run.of('all')).toStrictEqual([]);
    run.run.resume();
    expect(run.result).toStrictEqual({ all: [1, 2] });
    expectSound(run);
  });
});

describe('the order of children', () => {
  test('is that of their items', () => {
    const items = Array.from({ length: 40 }, () => 1);
    const run = play(workflow('w', { all: forEachStep('all', { items }, waits, { resource: 'gpu' }) }), {
      limits: { gpu: 1 },
    });
    const started = run.all('step-started').map(({ stepId }) => stepId);
    expect(started).toStrictEqual(['all', ...items.map((_, place) => `all[${String(place)}]`)]);
  });

  test('follows the priority of their fan-outs', () => {
    const gate = step('gate', () => 1);
    const low = forEachStep('low', { items: [1, 1], gate }, waits, { resource: 'gpu' });
    const high = forEachStep('high', { items: [1, 1], gate }, waits, { resource: 'gpu', priority: 1 });
    const run = play(workflow('w', { low, high }), { limits: { gpu: 1 } });
    const children = run.all('step-started').flatMap(({ stepId }) => (stepId.includes('[') ? [stepId] : []));
    expect(children).toStrictEqual(['high[0]', 'high[1]', 'low[0]', 'low[1]']);
    expectSound(run);
  });
});

describe('the numbers of a fan-out', () => {
  test('say how its children fare', () => {
    const time = new VirtualTime();
    const all = forEachStep(
      'all',
      { items: [5, 10, 20, 30] },
      (ms, _, ctx) => (ms === 5 ? broken() : waits(ms, _, ctx)),
      {
        concurrency: 2,
        settle: true,
      },
    );
    const run = watch(workflow('w', { all }), time);
    time.advanceTo(15);
    expect(run.run.metrics().steps.get('all')?.children).toStrictEqual({
      added: 4,
      running: 2,
      retrying: 0,
      completed: 1,
      failed: 1,
      cancelled: 0,
      skipped: 0,
    });
    run.run.cancel();
    expect(run.run.metrics().steps.get('all')?.children).toMatchObject({
      running: 0,
      completed: 1,
      failed: 1,
      cancelled: 2,
    });
    expectSound(run);
  });

  test('count what its children took, and nothing for the one who waits', () => {
    const all = forEachStep('all', { items: [10, 20] }, waits, { resource: 'gpu' });
    const run = play(workflow('w', { all }), { limits: { gpu: 2 } });
    const { parallelism, resources, steps, totalMs } = run.run.metrics();
    expect(totalMs).toBe(20);
    expect(parallelism).toBe(1.5);
    expect(resources['gpu']).toStrictEqual({ limit: 2, peak: 2, utilisation: 0.75 });
    expect(steps.get('all')).toMatchObject({ durationMs: 20, busyMs: 0, attempts: 1 });
  });

  test('are taken in snapshots too, of classes that nobody knew before as well', () => {
    const time = new VirtualTime();
    const host = step('host', () => forEachStep('all', { items: [10] }, waits, { resource: 'heavy-io' }));
    const run = new Watched(workflow('w', { host }), time, {}, (own) => own.snapshot());
    expect(run.run.snapshot().resources).toMatchObject({ 'heavy-io': { taken: 1 } });
    time.flush();
    expectSound(run);
  });
});
