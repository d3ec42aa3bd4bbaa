import { choose, fallback, firstOf, optional, step, stream, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { expectSound } from '../run/support/sound.ts';
import { watch } from '../run/support/watch.ts';
import { Calls } from './support/calls.ts';
import { known, Place, runId } from './support/place.ts';

describe('what was decided is decided:', () => {
  test('`when` isn’t asked again, whatever it said', () => {
    for (const said of [true, false]) {
      const calls = new Calls();
      let says = said;
      let fails = true;
      const gated = step(
        'gated',
        () => {
          calls.note('gated', 0);
          if (fails) throw new Error('broken');
          return 'gated';
        },
        { when: () => calls.note('when', says) },
      );
      const after = step('after', { gated: optional(gated) }, (inputs) => {
        if (fails) throw new Error('broken');
        return inputs.gated ?? 'none';
      });
      const steps = workflow('w', { after });
      const place = new Place();
      place.play(steps);
      calls.take();
      fails = false;
      says = !said;
      const run = place.play(steps);
      expect(run.result).toStrictEqual({ after: said ? 'gated' : 'none' });
      expect(calls.take()).toStrictEqual(said ? ['gated'] : []);
      expectSound(run);
    }
  });

  test('a choice stands, and the other branch doesn’t run', () => {
    const calls = new Calls();
    let chosen: 'left' | 'right' = 'left';
    let fails = true;
    const which = step('which', () => calls.note('which', 0), { checkpoint: false });
    const left = step('left', () => {
      calls.note('left', 0);
      if (fails) throw new Error('broken');
      return 'left';
    });
    const right = step('right', () => calls.note('right', 'right'));
    const choice = choose('choice', { which }, () => calls.note('selector', chosen), { left, right });
    const steps = workflow('w', { choice });
    const place = new Place();
    place.play(steps);
    expect(calls.take()).toStrictEqual(['which', 'selector', 'left']);
    chosen = 'right';
    fails = false;
    const run = place.play(steps);
    expect(run.result).toStrictEqual({ choice: 'left' });
    // What it was chosen by isn't needed any more.
    expect(calls.take()).toStrictEqual(['left']);
    expect(run.the('step-skipped', 'right')).toMatchObject({ because: 'choice' });
    expect(run.of('which')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('the first of several stays the first, and the others don’t run', () => {
    const calls = new Calls();
    const time = new VirtualTime();
    let fails = true;
    const slow = step('slow', () => calls.note('slow', time.after(50, 'slow')));
    const quick = step('quick', () => calls.note('quick', time.after(10, 'quick')), { checkpoint: false });
    const first = firstOf('first', [slow, quick]);
    const after = step('after', { first }, (inputs) => {
      if (fails) throw new Error('broken');
      return inputs.first;
    });
    const steps = workflow('w', { after });
    const place = new Place();
    watch(steps, time, { store: place.store, runId });
    time.flush();
    expect(calls.take()).toStrictEqual(['slow', 'quick']);
    fails = false;
    // It was decided, but what it gave isn't known.
    const at = place.lines.findIndex((line) => line.startsWith('["choice","first"'));
    const run = watch(steps, time, { store: place.cutAfter(at + 1).store, runId });
    time.flush();
    expect(run.result).toStrictEqual({ after: 'quick' });
    expect(calls.take()).toStrictEqual(['quick']);
    expectSound(run);
  });

  test('a fallback was taken, and what it stands in for isn’t tried again', () => {
    const calls = new Calls();
    let fails = true;
    const best = step('best', () => {
      calls.note('best', 0);
      throw new Error('broken');
    });
    const other = step('other', () => {
      calls.note('other', 0);
      if (fails) throw new Error('broken');
      return 'other';
    });
    const steps = workflow('w', { either: fallback('either', best, other) });
    const place = new Place();
    place.play(steps);
    expect(calls.take()).toStrictEqual(['best', 'other']);
    fails = false;
    const run = place.play(steps);
    expect(run.result).toStrictEqual({ either: 'other' });
    expect(calls.take()).toStrictEqual(['other']);
    expectSound(run);
  });

  test('a fallback wasn’t needed, and still isn’t', () => {
    const calls = new Calls();
    let fails = true;
    const best = step('best', () => calls.note('best', 'best'));
    const other = step('other', () => calls.note('other', 'other'));
    const either = fallback('either', best, other);
    const after = step('after', { either }, (inputs) => {
      if (fails) throw new Error('broken');
      return inputs.either;
    });
    const steps = workflow('w', { after });
    const place = new Place();
    place.play(steps);
    calls.take();
    fails = false;
    expect(place.play(steps).result).toStrictEqual({ after: 'best' });
    expect(calls.take()).toStrictEqual([]);
  });
});

test('a fallback that wasn’t needed is, where what it stands in for runs again and fails', () => {
  const calls = new Calls();
  let fails = false;
  const best = step(
    'best',
    () => {
      calls.note('best', 0);
      if (fails) throw new Error('broken');
      return 'best';
    },
    { checkpoint: false },
  );
  const upstream = step('upstream', () => calls.note('upstream', 'other'));
  const other = step('other', { upstream }, (inputs) => calls.note('other', inputs.upstream));
  const steps = workflow('w', { either: fallback('either', best, other) });
  const place = new Place();
  place.play(steps);
  expect(calls.take()).toStrictEqual(['best']);
  // It was decided, but what it gave isn't known.
  const at = place.lines.findIndex((line) => line.startsWith('["choice","either"'));
  fails = true;
  const run = place.cutAfter(at + 1).play(steps);
  expect(run.result).toStrictEqual({ either: 'other' });
  expect(calls.take()).toStrictEqual(['best', 'upstream', 'other']);
  expectSound(run);
  fails = false;
  const again = place.cutAfter(at + 1).play(steps);
  expect(again.result).toStrictEqual({ either: 'best' });
  expect(calls.take()).toStrictEqual(['best']);
  expectSound(again);
});

describe('under `continue`', () => {
  test('a step that failed runs again, and so does all that went on without it', () => {
    const calls = new Calls();
    let fails = true;
    const flaky = step('flaky', () => {
      calls.note('flaky', 0);
      if (fails) throw new Error('broken');
      return 'there';
    });
    const beside = step('beside', () => calls.note('beside', 'beside'));
    const without = step('without', { flaky: optional(flaky), beside }, (inputs) =>
      calls.note('without', `${inputs.beside} ${inputs.flaky ?? 'none'}`),
    );
    const after = step('after', { without }, (inputs) => calls.note('after', inputs.without));
    const steps = workflow('w', { after });
    const place = new Place();
    const first = place.play(steps, { onFailure: 'continue' });
    expect(first.error).toMatchObject({ outputs: { after: 'beside none' } });
    calls.take();
    fails = false;
    const run = place.play(steps, { onFailure: 'continue' });
    expect(run.result).toStrictEqual({ after: 'beside there' });
    expect(calls.take()).toStrictEqual(['flaky', 'without', 'after']);
    expectSound(run);
  });
});

describe('steps that a stream connects', () => {
  async function* letters(): AsyncGenerator<string> {
    await Promise.resolve();
    yield* ['a', 'b', 'c'];
  }

  test('run together where one of them hadn’t completed, and are restored together where all had', async () => {
    const calls = new Calls();
    let fails = true;
    const source = step('source', () => calls.note('source', letters()));
    const reader = step('reader', { source: stream(source) }, async (inputs) => {
      calls.note('reader', 0);
      let text = '';
      for await (const letter of inputs.source) text += letter;
      return text;
    });
    const last = step('last', { source, reader }, (inputs) => {
      if (fails) throw new Error('broken');
      return `${inputs.reader}${inputs.source}`;
    });
    const steps = workflow('w', { last });
    const place = new Place();
    await place.run(steps);
    expect(calls.take().sort()).toStrictEqual(['reader', 'source']);
    fails = false;
    const [half] = ['source', 'reader']
      .map((id) => place.cutAfterStep(id))
      .sort((left, right) => left.lines.length - right.lines.length);
    const together = await half?.run(steps);
    expect(together?.result).toStrictEqual({ last: 'abcc' });
    expect(calls.take().sort()).toStrictEqual(['reader', 'source']);
    const restored = await place.run(steps);
    expect(restored.result).toStrictEqual({ last: 'abcc' });
    expect(known(restored.events, 'restored').sort()).toStrictEqual(['reader', 'source']);
    expect(calls.take()).toStrictEqual([]);
  });
});
