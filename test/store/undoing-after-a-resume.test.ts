import { forEachStep, step, subflow, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';
import { expectSound } from '../run/support/sound.ts';
import { Calls } from './support/calls.ts';
import { Place } from './support/place.ts';

/** a → b → c, the last of which fails as long as it is said to; the others clean up. */
function chain(calls: Calls, fails: { yes: boolean }) {
  const undo = (id: string) => (output: unknown, outcome: string) => {
    calls.note(`undo ${id} ${String(output)} ${outcome}`, 0);
  };
  const a = step('a', () => calls.note('a', 'A'), { cleanup: undo('a') });
  const b = step('b', { a }, () => calls.note('b', 'B'), { cleanup: undo('b') });
  const c = step('c', { a, b }, () => {
    calls.note('c', 0);
    if (fails.yes) throw new Error('broken');
    return 'C';
  });
  return { a, b, c };
}

describe('clean-ups after a resume', () => {
  test('get what was restored, the last to complete first, after those of this process', () => {
    const calls = new Calls();
    const fails = { yes: true };
    const { c } = chain(calls, fails);
    const steps = workflow('w', { c });
    const place = new Place();
    place.play(steps);
    calls.take();
    for (const [cut, ran] of [
      [place.cutAfterStep('a'), ['b', 'c']],
      [place.cutAfterStep('b'), ['c']],
    ] as const) {
      const run = cut.play(steps);
      expect(run.error).toMatchObject({ name: 'StepFailedError', stepId: 'c' });
      expect(calls.take()).toStrictEqual([...ran, 'undo b B failed', 'undo a A failed']);
      expectSound(run);
    }
  });

  test('leave steps to be done again, and what was made of them', () => {
    const calls = new Calls();
    const fails = { yes: true };
    const { c } = chain(calls, fails);
    const beside = step('beside', () => calls.note('beside', 'beside'));
    const steps = workflow('w', { beside, c });
    const place = new Place();
    place.play(steps);
    calls.take();
    fails.yes = false;
    const run = place.play(steps);
    expect(run.result).toStrictEqual({ beside: 'beside', c: 'C' });
    expect(calls.take()).toStrictEqual(['a', 'b', 'c']);
    expectSound(run);
    // Once it has completed, nothing can be undone any more.
    place.play(steps);
    expect(calls.take()).toStrictEqual([]);
  });

  test('are written down before they are made, so that a crash in the midst of them leaves nothing half-done', () => {
    const calls = new Calls();
    const fails = { yes: true };
    const { c } = chain(calls, fails);
    const steps = workflow('w', { c });
    const place = new Place();
    place.play(steps);
    calls.take();
    fails.yes = false;
    const undone = place.lines.findIndex((line) => line.startsWith('["undone"'));
    expect(place.lines.slice(undone)).toMatchObject(['["undone","b"]', '["undone","a"]', expect.any(String)]);
    // Only one of both was written: that one, and what was made of it, is done again.
    const half = place.cutAfter(undone + 1);
    expect(half.play(steps).result).toStrictEqual({ c: 'C' });
    expect(calls.take()).toStrictEqual(['b', 'c']);
    const whole = place.cutAfter(undone + 2);
    expect(whole.play(steps).result).toStrictEqual({ c: 'C' });
    expect(calls.take()).toStrictEqual(['a', 'b', 'c']);
  });

  test('reach into subflows and fan-outs that had completed', () => {
    const calls = new Calls();
    let fails = true;
    const inner = chain(calls, { yes: false });
    const sub = subflow('sub', workflow('part', { c: inner.c }));
    const all = forEachStep('all', { items: ['x', 'y'] }, (item) => calls.note(item, item), {
      key: (item) => item,
      concurrency: 1,
      cleanup: (output) => calls.note(`undo ${output}`, 0),
    });
    const last = step('last', { sub, all }, () => {
      calls.note('last', 0);
      if (fails) throw new Error('broken');
      return 1;
    });
    const steps = workflow('w', { last });
    const place = new Place();
    place.play(steps);
    const undone = ['undo b B failed', 'undo a A failed', 'undo y', 'undo x'];
    expect(calls.take().filter((call) => call.startsWith('undo'))).toStrictEqual(undone);
    const at = place.lines.indexOf('["failed","last"]');
    const crashed = place.cutAfter(at);
    const run = crashed.play(steps);
    expect(run.error).toMatchObject({ stepId: 'last' });
    const again = calls.take();
    expect([...again].sort()).toStrictEqual(['last', ...undone].sort());
    expect(again.indexOf('undo b B failed')).toBeLessThan(again.indexOf('undo a A failed'));
    expect(again.indexOf('undo y')).toBeLessThan(again.indexOf('undo x'));
    expectSound(run);
    // And then all of it is done again, but for what nobody undid.
    fails = false;
    expect(crashed.play(steps).result).toStrictEqual({ last: 1 });
    expect(calls.take().sort()).toStrictEqual(['a', 'b', 'c', 'last', 'x', 'y']);
    expect(crashed.play(steps).result).toStrictEqual({ last: 1 });
    expect(calls.take()).toStrictEqual([]);
  });

  test('aren’t those of what was found in the cache, as they aren’t without a resume', async () => {
    const calls = new Calls();
    const undo = (id: string) => () => {
      calls.note(`undo ${id}`, 0);
    };
    const a = step('a', () => calls.note('a', 'A'), { cache: { version: 1 }, cleanup: undo('a') });
    const large = step('large', () => calls.note('large', 'x'.repeat(100_000)), {
      cache: { version: 1 },
      cleanup: undo('large'),
    });
    const all = forEachStep('all', { items: ['x', 'y'] }, (item) => calls.note(item, item), {
      key: (item) => item,
      cache: { version: 1 },
      cleanup: (output) => {
        calls.note(`undo ${output}`, 0);
      },
    });
    const b = step('b', { a, large, all }, () => calls.note('b', 'B'), { cleanup: undo('b') });
    let fails = false;
    const last = step('last', { b }, (inputs) => {
      calls.note('last', 0);
      if (fails) throw new Error('broken');
      return inputs.b;
    });
    const steps = workflow('w', { last });
    const place = new Place();
    await place.run(steps, { runId: 'before' });
    calls.take();
    fails = true;
    await place.run(steps);
    expect(calls.take()).toStrictEqual(['b', 'last', 'undo b']);
    const failedAt = place.lines.findIndex((line) => line.startsWith('["failed","last"'));
    const undone = ['undo b'];
    for (let lines = 1; lines <= failedAt; lines++) {
      const run = await place.cutAfter(lines).run(steps);
      expect(run.error).toMatchObject({ stepId: 'last' });
      expect(calls.take().filter((call) => call.startsWith('undo'))).toStrictEqual(undone);
    }
  });

  test('don’t count those of an attempt that was given up, once another one has completed', () => {
    const calls = new Calls();
    let attempts = 0;
    const x = step('x', () => calls.note('x', 'X'), {
      cleanup: () => calls.note('undo x', 0),
      when: () => attempts < 2,
    });
    const work = () => {
      attempts++;
      const y = step('y', () => {
        calls.note('y', 0);
        if (attempts === 1) throw new Error('broken');
        return 'Y';
      });
      return attempts === 1 ? step('both', { x, y }, () => 'both') : y;
    };
    const made = step('made', work, { retry: 1 });
    let fails = true;
    const last = step('last', { made }, (inputs) => {
      calls.note('last', 0);
      if (fails) throw new Error('broken');
      return inputs.made;
    });
    const steps = workflow('w', { last });
    const place = new Place();
    place.play(steps);
    expect(calls.take()).toStrictEqual(['x', 'y', 'undo x', 'y', 'last']);
    fails = false;
    expect(place.play(steps).result).toStrictEqual({ last: 'Y' });
    expect(calls.take()).toStrictEqual(['last']);
  });
});

describe('what a step has opened', () => {
  function opening(calls: Calls, fails: { yes: boolean }) {
    const open = step('open', () => calls.note('open', { path: '/tmp/x' }), {
      release: () => calls.note('release', 0),
    });
    const use = step('use', { open }, (inputs) => {
      calls.note('use', 0);
      return inputs.open.path;
    });
    const last = step('last', { use, open }, (inputs) => {
      calls.note('last', 0);
      if (fails.yes) throw new Error('broken');
      return inputs.use;
    });
    return workflow('w', { last });
  }

  test('was closed, and is opened again where somebody needs it', () => {
    const calls = new Calls();
    const fails = { yes: true };
    const steps = opening(calls, fails);
    const place = new Place();
    place.play(steps);
    expect(calls.take()).toStrictEqual(['open', 'use', 'last', 'release']);
    fails.yes = false;
    expect(place.play(steps).result).toStrictEqual({ last: '/tmp/x' });
    expect(calls.take()).toStrictEqual(['open', 'last', 'release']);
    // Nobody needs it any more.
    expect(place.play(steps).result).toStrictEqual({ last: '/tmp/x' });
    expect(calls.take()).toStrictEqual([]);
  });

  test('and is restored, since its process died, isn’t closed by one that never opened it', () => {
    const calls = new Calls();
    const fails = { yes: false };
    const steps = opening(calls, fails);
    const place = new Place();
    place.play(steps);
    calls.take();
    const run = place.cutAfterStep('use').play(steps);
    expect(run.result).toStrictEqual({ last: '/tmp/x' });
    expect(calls.take()).toStrictEqual(['last']);
  });

  test('by an attempt that was given up leaves what a later one opened', () => {
    const calls = new Calls();
    let failures = 1;
    const open = step('open', () => calls.note('open', 'opened'), {
      release: () => calls.note('release', 0),
    });
    const use = step('use', { open }, () => {
      if (failures-- > 0) throw new Error('broken');
      return 'used';
    });
    const sub = subflow('sub', workflow('part', { use }), { retry: 1 });
    const steps = workflow('w', { sub });
    const place = new Place();
    expect(place.play(steps).result).toStrictEqual({ sub: { use: 'used' } });
    expect(calls.take().sort()).toStrictEqual(['open', 'open', 'release', 'release']);
    for (const cut of place.cuts()) {
      failures = 0;
      expect(cut.play(steps).result).toStrictEqual({ sub: { use: 'used' } });
      calls.take();
    }
  });
});
