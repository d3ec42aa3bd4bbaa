import { forEachStep, input, step, subflow, type, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';
import { expectSound } from '../run/support/sound.ts';
import { Calls } from './support/calls.ts';
import { known, Place } from './support/place.ts';

describe('a subflow that goes on', () => {
  test('restores by path what completed within it', () => {
    const calls = new Calls();
    let fails = true;
    const n = input('n', type<number>());
    const x = step('x', { n }, (inputs) => calls.note('x', inputs.n));
    const y = step('y', { x }, (inputs) => {
      calls.note('y', 0);
      if (fails) throw new Error('broken');
      return inputs.x * 10;
    });
    const part = workflow('part', { y });
    const first = subflow('first', part, { inputs: { n: step('one', () => 1) } });
    const second = subflow('second', part, { inputs: { n: step('two', () => 2) } });
    const steps = workflow('w', { first, second });
    const place = new Place();
    place.play(steps, { onFailure: 'continue' });
    expect(calls.take().sort()).toStrictEqual(['x', 'x', 'y', 'y']);
    fails = false;
    const run = place.play(steps);
    expect(run.result).toStrictEqual({ first: { y: 10 }, second: { y: 20 } });
    expect(calls.take()).toStrictEqual(['y', 'y']);
    expect(known(run.events, 'restored')).toEqual(expect.arrayContaining(['first/x', 'second/x']));
    expectSound(run);
  });

  test('is one step once it has completed', () => {
    const calls = new Calls();
    const part = workflow('part', { x: step('x', () => calls.note('x', 1)) });
    const sub = subflow('sub', part);
    const steps = workflow('w', { last: step('last', { sub }, (inputs) => inputs.sub.x) });
    const place = new Place();
    place.play(steps);
    calls.take();
    const run = place.cutAfterStep('sub').play(steps);
    expect(run.result).toStrictEqual({ last: 1 });
    expect(run.all('step-added')).toStrictEqual([]);
    expect(calls.take()).toStrictEqual([]);
  });

  test('has nothing of an attempt that was given up', () => {
    const calls = new Calls();
    let failures = 1;
    const x = step('x', () => calls.note('x', 1));
    const y = step('y', { x }, (inputs) => {
      calls.note('y', 0);
      if (failures-- > 0) throw new Error('broken');
      return inputs.x;
    });
    const sub = subflow('sub', workflow('part', { y }), { retry: 1 });
    const steps = workflow('w', { sub });
    const place = new Place();
    place.play(steps);
    expect(calls.take()).toStrictEqual(['x', 'y', 'x', 'y']);
    // After the second attempt had begun, and before its first step had ended.
    const again = place.lines.indexOf('["again-within","sub"]');
    expect(place.cutAfter(again + 1).play(steps).result).toStrictEqual({ sub: { y: 1 } });
    expect(calls.take()).toStrictEqual(['x', 'y']);
    // And before: the failure had not been dealt with.
    expect(place.cutAfter(again).play(steps).result).toStrictEqual({ sub: { y: 1 } });
    expect(calls.take()).toStrictEqual(['y']);
  });

  test('within a subflow within a fan-out is known by its path', () => {
    const calls = new Calls();
    const inner = workflow('inner', { z: step('z', ({ stepId }) => calls.note(stepId, stepId)) });
    const outer = workflow('outer', { inner: subflow('inner', inner) });
    const all = forEachStep('all', { items: ['a', 'b'] }, () => subflow('outer', outer), {
      key: (item) => item,
    });
    const steps = workflow('w', { all });
    const place = new Place();
    const { result } = place.play(steps);
    calls.take();
    const path = 'all[a]/outer/inner/z';
    const cut = place.cutAfterStep(path);
    expect(cut.play(steps).result).toStrictEqual(result);
    expect(calls.take()).toStrictEqual(['all[b]/outer/inner/z']);
  });

  test('that has changed is told of as a difference of its step', () => {
    const make = (version: number) =>
      workflow('w', { sub: subflow('sub', workflow('part', { x: step('x', () => 1, { version }) })) });
    const place = new Place();
    place.play(make(1));
    expect(place.play(make(2)).error).toMatchObject({
      name: 'ResumeMismatchError',
      differences: [{ subject: "step 'sub'", what: 'brings other steps' }],
    });
  });
});

describe('steps whose ids look like paths', () => {
  test('are done again with all that is within them, and with nothing else', () => {
    const calls = new Calls();
    const make = (version: number) => {
      const x = step('x', () => calls.note('x', 1));
      const sub = subflow('a/b', workflow('part', { x }), { version });
      const all = forEachStep('all[', { items: ['i'] }, (item) => calls.note(item, item), { version });
      const other = step('all', () => calls.note('other', 'other'), { version });
      const alike = step('all[x]', () => calls.note('alike', 'alike'));
      const a = step('a', () => calls.note('a', 'a'), { version });
      return workflow('w', { sub, all, other, alike, a });
    };
    const place = new Place();
    place.play(make(1));
    calls.take();
    const run = place.play(make(2), { resume: 'compatible' });
    expect(run.result).toMatchObject({ sub: { x: 1 }, all: ['i'], other: 'other', alike: 'alike', a: 'a' });
    expect(calls.take().sort()).toStrictEqual(['a', 'i', 'other', 'x']);
    expect(known(run.events, 'restored')).toStrictEqual(['all[x]']);
  });
});

describe('a function that returned steps and goes on', () => {
  const calls = new Calls();
  const make = (ids: readonly string[], broken?: string) =>
    workflow('w', {
      made: step('made', () => {
        calls.note('made', 0);
        const parts = ids.map((id) =>
          step(id, () => {
            if (id === broken) throw new Error('broken');
            return calls.note(id, id);
          }),
        );
        return step('all', Object.fromEntries(parts.map((part, at) => [String(at), part])), (inputs) =>
          Object.values(inputs).join(''),
        );
      }),
    });

  test('is called again, and does what is left of what it returns', () => {
    const place = new Place();
    place.play(make(['x', 'y'], 'y'));
    expect(calls.take()).toStrictEqual(['made', 'x']);
    expect(place.play(make(['x', 'y'])).result).toStrictEqual({ made: 'xy' });
    expect(calls.take()).toStrictEqual(['made', 'y']);
  });

  test('does it all where it returns other steps than before', () => {
    const place = new Place();
    place.play(make(['x', 'y'], 'y'));
    calls.take();
    expect(place.play(make(['x', 'y', 'z'])).result).toStrictEqual({ made: 'xyz' });
    expect(calls.take()).toStrictEqual(['made', 'x', 'y', 'z']);
    // From now on these are what it had returned.
    expect(place.play(make(['x'])).result).toStrictEqual({ made: 'xyz' });
    expect(calls.take()).toStrictEqual([]);
  });

  test('isn’t called where all that it returned had been done', () => {
    const last = (fails: boolean) => {
      expect(make(['x']).steps.size).toBe(1);
      const one = step('made', () => {
        calls.note('made', 0);
        return step('x', () => calls.note('x', 'x'));
      });
      return workflow('w', {
        last: step('last', { one }, (inputs) => {
          if (fails) throw new Error('broken');
          return inputs.one;
        }),
      });
    };
    const place = new Place();
    place.play(last(true));
    calls.take();
    expect(place.play(last(false)).result).toStrictEqual({ last: 'x' });
    expect(calls.take()).toStrictEqual([]);
  });
});
