import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { forEachStep, step, subflow, workflow } from 'millrace';
import { file } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { expectSound } from '../run/support/sound.ts';
import { Calls } from './support/calls.ts';
import { known, Place, warnings } from './support/place.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

describe('an output that isn’t written down', () => {
  test.each([
    ['with checkpoint: false', false, []],
    [
      'since it can’t be stored',
      undefined,
      [
        "the output of step 'open' can't be stored: at '.db.query' is function query; the step runs again where the run is resumed and somebody needs it. 'checkpoint: false' says that this is meant",
      ],
    ],
  ])('%s is made again where somebody needs it, and only there', (_, checkpoint, expected) => {
    const calls = new Calls();
    let fails = true;
    const open = step('open', () => calls.note('open', { db: { query: () => 1 } }), { checkpoint });
    const use = step('use', { open }, (inputs) => calls.note('use', inputs.open.db.query()));
    const last = step('last', { use, open }, (inputs) => {
      if (fails) throw new Error('broken');
      return calls.note('last', inputs.use + inputs.open.db.query());
    });
    const steps = workflow('w', { last });
    const place = new Place();
    const first = place.play(steps);
    expect(warnings(first.events)).toStrictEqual(expected);
    expect(place.lines.join()).not.toContain('query');
    calls.take();
    fails = false;
    const run = place.play(steps);
    expect(run.result).toStrictEqual({ last: 2 });
    expect(known(run.events, 'restored')).toStrictEqual(['use']);
    expect(calls.take()).toStrictEqual(['open', 'last']);
    expectSound(run);
    const again = place.play(steps);
    expect(again.result).toStrictEqual({ last: 2 });
    expect(calls.take()).toStrictEqual([]);
    expect(again.the('step-skipped', 'open')).toMatchObject({ reason: 'not-needed' });
  });

  test('of children of a fan-out is warned of once', () => {
    const all = forEachStep('all', { items: [1, 2, 3] }, (item) => ({ item, close: () => item }), {
      reduce: (sum: number, { item }: { item: number }) => sum + item,
      initial: 0,
    });
    const place = new Place();
    const run = place.play(workflow('w', { all }));
    expect(run.result).toStrictEqual({ all: 6 });
    expect(warnings(run.events)).toHaveLength(1);
    expect(warnings(run.events)[0]).toContain("the output of step 'all[0]' can't be stored: at '.close' is");
  });

  test('is restored where it is a file, as long as there is the same in it', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'out.txt');
    const calls = new Calls();
    let fails = true;
    let text = 'one';
    const write = step('write', () => {
      writeFileSync(path, calls.note('write', text));
      return { made: file(path), name: 'out' };
    });
    const last = step('last', { write }, (inputs) => {
      if (fails) throw new Error('broken');
      return inputs.write.made.path;
    });
    const steps = workflow('w', { last });
    const place = new Place();
    await place.run(steps);
    calls.take();
    fails = false;
    const same = await place.cutAfter(place.lines.length).run(steps);
    expect(same.result).toStrictEqual({ last: path });
    expect(known(same.events, 'restored')).toStrictEqual(['write']);
    expect(calls.take()).toStrictEqual([]);
    writeFileSync(path, 'another');
    text = 'two';
    const other = await place.run(steps);
    expect(other.result).toStrictEqual({ last: path });
    expect(calls.take()).toStrictEqual(['write']);
  });

  test('for want of the file that it names is told of', async () => {
    const path = join(temporaryFolder(), 'none');
    const steps = workflow('w', { made: step('made', () => file(path)) });
    const place = new Place();
    const { result, events } = await place.run(steps);
    expect(result?.made.path).toBe(path);
    expect(warnings(events)).toMatchObject([
      expect.stringContaining("the output of step 'made' isn't kept, as a file that it names can't be read"),
    ]);
  });
});

describe('an output that is given', () => {
  test.each([
    ['a text', 'x'.repeat(40_000)],
    ['bytes', new Uint8Array(40_000).fill(7)],
  ])('and is what was kept in an object of its own makes nothing run again: %s', (_, long) => {
    const calls = new Calls();
    const a = step('a', (): typeof long => calls.note('a', long));
    const b = step('b', { a }, (inputs) => calls.note('b', inputs.a.length));
    const steps = workflow('w', { b });
    const place = new Place();
    place.play(steps);
    expect(calls.take()).toStrictEqual(['a', 'b']);
    expect(place.play(steps, { given: { a: long.slice() } }).result).toStrictEqual({ b: 40_000 });
    expect(calls.take()).toStrictEqual([]);
    const other = new Place();
    other.play(steps);
    calls.take();
    expect(other.play(steps, { given: { a: long.slice(1) } }).result).toStrictEqual({ b: 39_999 });
    expect(calls.take()).toStrictEqual(['b']);
  });

  test('and what was kept can’t be had any more: what depends on it runs again', () => {
    const calls = new Calls();
    const a = step('a', () => calls.note('a', 'x'.repeat(40_000)));
    const b = step('b', { a }, (inputs) => calls.note('b', inputs.a.length));
    const steps = workflow('w', { b });
    for (const damage of ['missing', 'damaged'] as const) {
      const place = new Place();
      place.play(steps);
      calls.take();
      const [object] = place.backend.listObjects('blob').toSorted((left, right) => right.size - left.size);
      if (damage === 'missing') place.backend.removeObject('blob', object?.name ?? '');
      else place.backend.putObject('blob', object?.name ?? '', Uint8Array.of(1));
      place.play(steps, { given: { a: 'x'.repeat(40_000) } });
      expect(calls.take()).toStrictEqual(['b']);
    }
  });

  function chain(calls: Calls, fails: { yes: boolean }) {
    const a = step('a', () => calls.note('a', 1));
    const b = step('b', { a }, (inputs) => calls.note('b', inputs.a * 10));
    const beside = step('beside', () => calls.note('beside', 'beside'));
    const c = step('c', { b }, (inputs) => {
      calls.note('c', 0);
      if (fails.yes) throw new Error('broken');
      return inputs.b + 1;
    });
    return workflow('w', { c, beside });
  }

  test('goes before what was written down, and makes what is downstream run where it is another', () => {
    const calls = new Calls();
    const fails = { yes: true };
    const steps = chain(calls, fails);
    const place = new Place();
    place.play(steps, { onFailure: 'continue' });
    calls.take();
    fails.yes = false;
    const run = place.play(steps, { given: { a: 2 } });
    expect(run.result).toStrictEqual({ c: 21, beside: 'beside' });
    expect(calls.take()).toStrictEqual(['b', 'c']);
    expect(known(run.events, 'given')).toStrictEqual(['a']);
    expect(known(run.events, 'restored')).toStrictEqual(['beside']);
    expectSound(run);
  });

  test('and is equal to what was written down changes nothing', () => {
    const calls = new Calls();
    const fails = { yes: true };
    const steps = chain(calls, fails);
    const place = new Place();
    place.play(steps, { onFailure: 'continue' });
    calls.take();
    fails.yes = false;
    expect(place.play(steps, { given: { a: 1 } }).result).toStrictEqual({ c: 11, beside: 'beside' });
    expect(calls.take()).toStrictEqual(['c']);
  });

  test('the same as before changes nothing; another, or none any more, does', () => {
    const calls = new Calls();
    const steps = chain(calls, { yes: false });
    const place = new Place();
    expect(place.play(steps, { given: { a: 5 } }).result).toMatchObject({ c: 51 });
    expect(calls.take().sort()).toStrictEqual(['b', 'beside', 'c']);
    expect(place.play(steps, { given: { a: 5 } }).result).toMatchObject({ c: 51 });
    expect(calls.take()).toStrictEqual([]);
    expect(place.play(steps, { given: { a: 6 } }).result).toMatchObject({ c: 61 });
    expect(calls.take()).toStrictEqual(['b', 'c']);
    expect(place.play(steps).result).toMatchObject({ c: 11 });
    expect(calls.take()).toStrictEqual(['a', 'b', 'c']);
    expect(place.play(steps).result).toMatchObject({ c: 11 });
    expect(calls.take()).toStrictEqual([]);
  });

  test('within a subflow makes what is around and after it run', () => {
    const calls = new Calls();
    const x = step('x', () => calls.note('x', 1));
    const y = step('y', { x }, (inputs) => calls.note('y', inputs.x * 10));
    const z = step('z', () => calls.note('z', 0));
    const sub = subflow('sub', workflow('part', { y, z }));
    const last = step('last', { sub }, (inputs) => calls.note('last', inputs.sub.y));
    const steps = workflow('w', { last });
    const place = new Place();
    place.play(steps);
    calls.take();
    const run = place.play(steps, { given: { 'sub/x': 2 } });
    expect(run.result).toStrictEqual({ last: 20 });
    expect(calls.take()).toStrictEqual(['y', 'last']);
    expectSound(run);
  });

  test('within a subflow counts also where the process died right after it was said', () => {
    const calls = new Calls();
    const x = step('x', () => calls.note('x', 1));
    const y = step('y', { x }, (inputs) => calls.note('y', inputs.x * 10));
    const z = step('z', { y }, (inputs) => calls.note('z', inputs.y + 1));
    const sub = subflow('sub', workflow('part', { z }));
    const steps = workflow('w', { last: step('last', { sub }, (inputs) => inputs.sub.z) });
    const place = new Place();
    place.play(steps);
    const before = place.lines.length;
    const given = { 'sub/x': 2 };
    place.play(steps, { given });
    for (let lines = before; lines <= place.lines.length; lines++)
      expect(place.cutAfter(lines).play(steps, { given }).result).toStrictEqual({ last: 21 });
    // And none any more.
    const since = place.lines.length;
    place.play(steps);
    for (let lines = since; lines <= place.lines.length; lines++)
      expect(place.cutAfter(lines).play(steps).result).toStrictEqual({ last: 11 });
  });

  test('that can’t be told apart from another makes what is downstream run', () => {
    const calls = new Calls();
    const steps = chain(calls, { yes: false });
    const place = new Place();
    const odd = { valueOf: () => 3 } as unknown;
    place.play(steps, { given: { a: odd } });
    calls.take();
    expect(place.play(steps, { given: { a: odd } }).result).toMatchObject({ c: 31 });
    expect(calls.take()).toStrictEqual(['b', 'c']);
  });
});
