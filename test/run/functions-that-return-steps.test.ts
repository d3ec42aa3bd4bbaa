import { input, step, type, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { atEachEvent } from './support/at-each-event.ts';
import { broken } from './support/broken.ts';
import { HeldBack } from './support/held-back.ts';
import { settlePromises } from './support/settle-promises.ts';
import { expectNoStartAfter, expectSound } from './support/sound.ts';
import { play, watch } from './support/watch.ts';

const n = input('n', type<number>());

describe('a function that returns a step or a workflow', () => {
  test('has it run in its place', () => {
    const size = step('size', () => 3);
    const built = step('built', { size }, (inputs) =>
      workflow(
        'inner',
        Object.fromEntries(
          Array.from({ length: inputs.size }, (_, place) => [
            `s${String(place)}`,
            step(`s${String(place)}`, () => place),
          ]),
        ),
      ),
    );
    const one = step('one', () => Promise.resolve(step('inner', () => 'one')));
    const run = watch(workflow('w', { built, one }), new VirtualTime());
    return settlePromises().then(() => {
      expect(run.result).toStrictEqual({ built: { s0: 0, s1: 1, s2: 2 }, one: 'one' });
      expect(run.of('one/inner')).toStrictEqual(['step-added', 'step-started', 'step-completed']);
      expectSound(run);
    });
  });

  test('brings along what that needs', () => {
    const a = step('a', () => 20);
    const host = step('host', () => step('b', { a }, (inputs) => inputs.a + 1));
    const run = play(workflow('w', { host, a }));
    expect(run.result).toStrictEqual({ host: 21, a: 20 });
    expect(run.of('host/a')).toContain('step-completed');
    expectSound(run);
  });

  test('of which nobody gives the inputs fails, once', () => {
    const host = step('host', () => step('b', { n }, (inputs) => inputs.n), { retry: 2 });
    const run = play(workflow('w', { host }));
    expect(run.error).toMatchObject({ stepId: 'host', attempts: 1, cause: { code: 'INVALID_OPTIONS' } });
    expectSound(run);
  });

  test('finalises after it has ended', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const host = step('host', (ctx) => {
      ctx.defer(() => log.push(`finalised at ${String(time.now)}`));
      return step('inner', () => time.after(10, 1));
    });
    const run = play(workflow('w', { host }), {}, time);
    expect(log).toStrictEqual(['finalised at 10']);
    expectSound(run);
  });

  test('gives back what it has taken before that starts', () => {
    const time = new VirtualTime();
    const host = step('host', () => step('inner', () => time.after(10, 1), { resource: 'gpu' }), {
      resource: 'gpu',
    });
    const run = play(workflow('w', { host }), { limits: { gpu: 1 } }, time);
    expect(run.result).toStrictEqual({ host: 1 });
    expect(run.run.metrics().resources['gpu']).toMatchObject({ peak: 1 });
    expectSound(run);
  });

  test('is tried again as a whole, after clean-ups', () => {
    const log: string[] = [];
    const host = step(
      'host',
      ({ attempt }) => {
        const a = step('a', () => attempt, { cleanup: (times) => log.push(`undo ${String(times)}`) });
        return step('b', { a }, () => (attempt < 3 ? broken() : 'done'));
      },
      { retry: 2 },
    );
    const run = play(workflow('w', { host }));
    expect(run.result).toStrictEqual({ host: 'done' });
    expect(log).toStrictEqual(['undo 1', 'undo 2']);
    expectSound(run);
  });

  test('while the run is drained starts nothing', async () => {
    const held = new HeldBack();
    const host = step('host', () => held.body(() => step('inner', broken)));
    const run = watch(workflow('w', { host }), new VirtualTime());
    await settlePromises();
    run.run.cancel('deploy', { drain: true });
    await held.release();
    expect(run.all('step-added')).toStrictEqual([]);
    expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'deploy' });
    expectSound(run);
  });

  test('and that the run is drained as it starts starts nothing', () => {
    const host = step('host', () => step('inner', broken));
    const runs = atEachEvent(
      () => workflow('w', { host: step('outer', () => host) }),
      (run) => {
        run.cancel('deploy', { drain: true });
      },
    );
    for (const [place, run] of runs.entries()) {
      expectSound(run);
      expectNoStartAfter(run, place + 1);
    }
    expect(runs[1]?.story).toStrictEqual([
      'run-started',
      'step-started outer',
      'step-cancelled outer',
      'run-cancelled',
    ]);
  });

  test('a clean-up or a finaliser doesn’t', () => {
    const log: string[] = [];
    const inner = step('inner', () => log.push('ran'));
    const a = step(
      'a',
      (ctx) => {
        ctx.defer(() => inner);
        return 1;
      },
      { cleanup: () => inner },
    );
    const run = play(workflow('w', { end: step('end', { a }, broken) }));
    expect(log).toStrictEqual([]);
    expectSound(run);
  });
});
