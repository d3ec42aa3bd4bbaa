import { choose, fallback, firstOf, forEachStep, optional, step, subflow, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { bad, failsAfter, skipped, takes } from './support/branches.ts';
import { broken } from './support/broken.ts';
import { testDisturbances } from './support/disturbances.ts';
import { expectSound } from './support/sound.ts';
import { play } from './support/watch.ts';

describe('branches that share steps', () => {
  test('start what is needed both by a join that let go and by a branch chosen later', () => {
    const time = new VirtualTime();
    const shared = step('shared', () => time.after(5, 'shared'));
    const slow = step('slow', { shared }, () => time.after(100, 'slow'));
    const f = firstOf('f', [slow, takes(time, 'near', 1)]);
    const c = choose('c', { f }, () => 'x', { x: step('x', { shared }, (inputs) => inputs.shared) });
    const run = play(workflow('w', { c }), {}, time);
    expect(run.result).toStrictEqual({ c: 'shared' });
    expect(run.of('slow')).toStrictEqual(['step-cancelled']);
    expectSound(run);
  });

  test('stop a step once the last that could need it has chosen another', () => {
    const time = new VirtualTime();
    const shared = takes(time, 'shared', 100);
    const gate = takes(time, 'gate', 10);
    const f = firstOf('f', [shared, takes(time, 'near', 1)]);
    const c = choose('c', { gate }, () => 'x', { x: step('x', () => 'x'), y: shared });
    const run = play(workflow('w', { f, c }), {}, time);
    expect(run.result).toStrictEqual({ f: 'near', c: 'x' });
    expect(run.the('step-cancelled', 'shared')).toMatchObject({ because: 'c', at: 10 });
    expectSound(run);
  });

  test('let two joins wait for one step', () => {
    const time = new VirtualTime();
    const shared = failsAfter(time, 'shared', 5);
    const a = fallback(
      'a',
      shared,
      step('x', () => 'x'),
    );
    const b = fallback(
      'b',
      shared,
      step('y', () => 'y'),
    );
    const run = play(workflow('w', { a, b }), {}, time);
    expect(run.result).toStrictEqual({ a: 'x', b: 'y' });
    expectSound(run);
  });

  test('run a step that one fallback tries first and another second', () => {
    const x = step('x', () => 'x');
    const run = play(workflow('w', { a: fallback('a', x, step('y', broken)), b: fallback('b', bad, x) }));
    expect(run.result).toStrictEqual({ a: 'x', b: 'x' });
    expectSound(run);
  });
});

describe('a run with branches that is stopped', () => {
  const busy = (time: VirtualTime) => {
    const gpu = { resource: 'gpu' } as const;
    const items = forEachStep('items', { items: [3, 6] }, (ms) => time.after(ms, ms), gpu);
    const flaky = step('flaky', ({ attempt }) => (attempt < 2 ? broken() : time.after(4, 'flaky')), {
      ...gpu,
      retry: { attempts: 2, delay: 2 },
    });
    const hedged = firstOf('hedged', [
      items,
      flaky,
      step('slow', (ctx) => {
        ctx.defer(() => time.after(2, 0));
        return time.after(50, 'slow');
      }),
    ]);
    const safe = fallback(
      'safe',
      failsAfter(time, 'fragile', 3),
      step('solid', () => time.after(3, 'solid'), { ...gpu, cleanup: () => time.after(1, 0) }),
    );
    const chosen = choose('chosen', { safe }, () => 'left', {
      left: { hedged, extra: takes(time, 'extra', 2) },
      right: step('right', broken),
    });
    const side = step('side', { chosen, missing: optional(skipped) }, () => time.after(1, 'side'));
    return workflow('w', { side, part: subflow('part', workflow('inner', { hedged, safe })) });
  };

  test('completes where it isn’t', () => {
    const time = new VirtualTime();
    const run = play(busy(time), { limits: { gpu: 1 } }, time);
    expect(run.result).toMatchObject({ side: 'side', part: { safe: 'solid' } });
    expectSound(run);
  });

  testDisturbances(busy, { leastEvents: 40, outputs: { side: 'side' } });

  test.each(Array.from({ length: 20 }, (_, ms) => ms))('is sound after a timeout of %i ms', (ms) => {
    const time = new VirtualTime();
    expectSound(play(busy(time), { limits: { gpu: 1 }, timeout: ms }, time));
  });
});
