import { forEachStep, type Step, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { map, NEVER } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { broken } from './support/broken.ts';
import { testDisturbances } from './support/disturbances.ts';
import { waits } from './support/fan-outs.ts';
import { HeldBack } from './support/held-back.ts';
import { settlePromises } from './support/settle-promises.ts';
import { expectNoStartAfter, expectSound } from './support/sound.ts';
import { watch } from './support/watch.ts';

describe('a fan-out that is stopped', () => {
  const busy = (time: VirtualTime) => {
    const before = step('before', () => time.after(1, [5, 10, 15]), { cleanup: () => time.after(3, 0) });
    const all = forEachStep(
      'all',
      { items: before },
      (ms, _, ctx) => {
        ctx.defer(() => time.after(1, 0));
        if (ms === 10 && ctx.attempt === 1) return broken();
        return ms === 15
          ? forEachStep('more', { items: [1, 2] }, waits, {
              resource: 'gpu',
              cleanup: () => time.after(1, 0),
            })
          : waits(ms, _, ctx);
      },
      { resource: 'gpu', retry: { attempts: 2, delay: 3 }, cleanup: () => undefined },
    );
    return workflow('w', { end: step('end', { all }, () => time.after(1, 'end')) });
  };

  testDisturbances(busy, { leastEvents: 25, outputs: { end: 'end' } });

  test('tells running children so, and has those that wait never run', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const all = forEachStep(
      'all',
      { items: [1, 2, 3] },
      (n, _, { token }) => {
        token.onCancel(() => log.push(`stop ${String(n)}`));
        return NEVER;
      },
      { resource: 'gpu' },
    );
    const run = watch(workflow('w', { all }), time, { limits: { gpu: 2 } });
    run.run.cancel('enough');
    expect(log).toStrictEqual(['stop 1', 'stop 2']);
    expect(run.all('step-cancelled').map(({ stepId, attempt }) => [stepId, attempt])).toStrictEqual([
      ['all[2]', 0],
      ['all[0]', 1],
      ['all[1]', 1],
      ['all', 1],
    ]);
    expectSound(run);
  });

  test.each<[string, boolean, (stop: () => void) => Step<unknown, never>]>(
    [true, false].flatMap((drain) => [
      [
        'a key',
        drain,
        (stop) =>
          forEachStep('all', { items: [1, 2, 3] }, waits, {
            key: (place) => {
              if (place === 2) stop();
              return place;
            },
          }),
      ],
      [
        'an item',
        drain,
        (stop) =>
          forEachStep(
            'all',
            {
              items: (function* () {
                yield 1;
                stop();
                yield* [2, 3];
              })(),
            },
            waits,
          ),
      ],
    ]),
  )('by %s (drain: %s) starts no further child', (_, drain, make) => {
    const time = new VirtualTime();
    let cancelledAt = Infinity;
    const all = make(() => {
      cancelledAt = run.events.length;
      run.run.cancel('enough', { drain });
    });
    const gate = step('gate', () => time.after(1, 1));
    const run = watch(workflow('w', { host: step('host', { gate }, () => all) }), time);
    time.flush();
    expect(run.error).toMatchObject({ reason: 'enough' });
    expectNoStartAfter(run, cancelledAt);
    expectSound(run);
  });

  test.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])('while it is asked whether to try again (%s, drain: %s) tries nothing again', (again, drain) => {
    const time = new VirtualTime();
    const retry = {
      attempts: 3,
      delay: 5,
      when: () => {
        run.run.cancel('enough', { drain });
        return again;
      },
    };
    const fails = () => time.after(5, 1).pipe(map(broken));
    const all = forEachStep('all', { items: [1, 2, 3] }, fails, { retry });
    const run = watch(workflow('w', { all, single: step('single', fails, { retry }) }), time);
    time.flush();
    expect(run.all('step-retrying')).toStrictEqual([]);
    expect(run.error).toMatchObject({ reason: 'enough' });
    expectSound(run);
  });

  test('by a drain lets the children finish that run', () => {
    const time = new VirtualTime();
    const all = forEachStep('all', { items: [10, 10, 10] }, waits, { concurrency: 2 });
    const run = watch(workflow('w', { all }), time);
    time.at(5, () => {
      run.run.cancel('deploy', { drain: true });
    });
    time.flush();
    expect(run.all('step-completed').map(({ stepId }) => stepId)).toStrictEqual(['all[0]', 'all[1]']);
    expect(run.of('all').at(-1)).toBe('step-cancelled');
    expect(time.now).toBe(10);
    expectSound(run);
  });

  test('by a drain before it was known starts no children', async () => {
    const held = new HeldBack();
    const late = step('late', () => held.body(() => forEachStep('all', { items: [1] }, broken)));
    const run = watch(workflow('w', { late }), new VirtualTime());
    await settlePromises();
    run.run.cancel('deploy', { drain: true });
    await held.release();
    expect(run.all('step-added')).toStrictEqual([]);
    expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'deploy' });
    expectSound(run);
  });
});
