import { input, step, type, type WorkflowOptions, workflow } from 'millrace';
import { ResumeMismatchError } from 'millrace/store';
import { describe, expect, test } from 'vitest';
import { expectSound } from '../run/support/sound.ts';
import { Calls } from './support/calls.ts';
import { known, Place, runId } from './support/place.ts';

/** a → b → c, and d beside; `left` is what `b` has changed to. */
function make(
  calls: Calls,
  { version, options, name = 'w' }: { version?: number; options?: WorkflowOptions; name?: string } = {},
) {
  const n = input('n', type<unknown>());
  const a = step('a', { n }, () => calls.note('a', 1));
  const b = step('b', { a }, (inputs) => calls.note('b', inputs.a + 1), { version });
  const c = step('c', { b }, (inputs) => calls.note('c', inputs.b + 1));
  const d = step('d', () => calls.note('d', 'd'));
  return workflow(name, { c, d }, options);
}

const inputs = { n: 1 };
const remedy =
  "With resume: 'compatible' what has changed, and what depends on it, is done again; with another runId everything is";

describe('a run of an id that is known', () => {
  test('with other inputs is refused, by name', () => {
    const place = new Place();
    const calls = new Calls();
    place.play(make(calls), { inputs });
    calls.take();
    for (const resume of ['same', 'compatible'] as const) {
      const { error, events } = place.play(make(calls), { inputs: { n: 2 }, resume });
      expect(error).toBeInstanceOf(ResumeMismatchError);
      expect(error).toMatchObject({
        code: 'RESUME_MISMATCH',
        runId,
        differences: [{ subject: 'inputs.n', what: 'is another value than before' }],
      });
      expect((error as Error).message).toContain('A runId stands for one workflow with its inputs');
      expect(events.map(({ type: kind }) => kind)).toContain('run-failed');
    }
    expect(calls.take()).toStrictEqual([]);
    // It is nobody's after that.
    expect(place.play(make(calls), { inputs }).result).toStrictEqual({ c: 3, d: 'd' });
  });

  test('with equal inputs goes on, however they are made', () => {
    const place = new Place();
    const calls = new Calls();
    const n = (): unknown => ({ b: new Map([['x', new Date(5)]]), a: [1n, undefined, new Set([1, 2])] });
    place.play(make(calls), { inputs: { n: n() } });
    calls.take();
    const { a, b } = n() as { a: unknown; b: unknown };
    expect(place.play(make(calls), { inputs: { n: { a, b } } }).error).toBeUndefined();
    expect(calls.take()).toStrictEqual([]);
  });

  test('of another workflow is refused', () => {
    const place = new Place();
    const calls = new Calls();
    place.play(make(calls), { inputs });
    expect(place.play(make(calls, { name: 'other' }), { inputs }).error).toMatchObject({
      differences: [{ subject: 'workflow', what: "was 'w' and is 'other'" }],
    });
  });

  test('of a changed graph is refused with what has changed, step by step', () => {
    const calls = new Calls();
    const place = new Place();
    place.play(make(calls), { inputs });
    const n = input('n', type<unknown>());
    const a = step('a', { n }, () => 1, { version: 'two' });
    const e = step('e', () => 0);
    const c = step('c', { a, e }, () => 1);
    const d = step('d', () => 'd');
    const changed = workflow('w', { c, d }, { version: 7 });
    const { error } = place.play(changed, { inputs });
    expect((error as ResumeMismatchError).differences).toStrictEqual([
      { subject: 'workflow', what: 'had version none and has 7' },
      { subject: "step 'a'", what: 'had version none and has "two"' },
      { subject: "step 'e'", what: 'is new' },
      { subject: "step 'c'", what: "no longer needs b: step 'b'" },
      { subject: "step 'c'", what: "needs a: step 'a', e: step 'e' as well" },
      { subject: "step 'b'", what: 'is gone' },
    ]);
    expect((error as Error).message).toContain('step \'a\' had version none and has "two"');
    expect((error as Error).message).toContain(remedy);
  });

  test('goes on with `compatible`: what has changed is done again, and what depends on it', () => {
    const calls = new Calls();
    const place = new Place();
    place.play(make(calls, { version: 1 }), { inputs });
    calls.take();
    const run = place.play(make(calls, { version: 2 }), { inputs, resume: 'compatible' });
    expect(run.result).toStrictEqual({ c: 3, d: 'd' });
    expect(calls.take()).toStrictEqual(['b', 'c']);
    expect(known(run.events, 'restored').sort()).toStrictEqual(['a', 'd']);
    expectSound(run);
    // From now on that is what it is.
    expect(place.play(make(calls, { version: 2 }), { inputs }).result).toStrictEqual({ c: 3, d: 'd' });
    expect(calls.take()).toStrictEqual([]);
    expect(place.play(make(calls, { version: 1 }), { inputs }).error).toBeInstanceOf(ResumeMismatchError);
  });

  test('that died while it went on so does again what it hadn’t yet', () => {
    const calls = new Calls();
    const place = new Place();
    place.play(make(calls, { version: 1 }), { inputs });
    const before = place.lines.length;
    place.play(make(calls, { version: 2 }), { inputs, resume: 'compatible' });
    calls.take();
    for (let lines = before; lines <= place.lines.length; lines++) {
      const cut = place.cutAfter(lines);
      const since = cut.lines.slice(before);
      const isSaid = since.some((line) => line.startsWith('["run"'));
      const left = ['b', 'c'].filter((id) => !since.some((line) => line.startsWith(`["done","${id}"`)));
      const again = make(calls, { version: 2 });
      // Before that is said, it is still the one that it was.
      if (!isSaid) expect(cut.play(again, { inputs }).error).toBeInstanceOf(ResumeMismatchError);
      const run = cut.play(again, { inputs, resume: isSaid ? 'same' : 'compatible' });
      expect(run.result, since.join('\n')).toStrictEqual({ c: 3, d: 'd' });
      expect(calls.take(), since.join('\n')).toStrictEqual(left);
    }
  });

  test('of another version of the workflow does all of it again', () => {
    const calls = new Calls();
    const place = new Place();
    place.play(make(calls, { options: { version: 1 } }), { inputs });
    calls.take();
    const run = place.play(make(calls, { options: { version: 2 } }), { inputs, resume: 'compatible' });
    expect(run.result).toStrictEqual({ c: 3, d: 'd' });
    expect(calls.take().sort()).toStrictEqual(['a', 'b', 'c', 'd']);
  });

  test('goes on from some steps: these are done again, and what depends on them', () => {
    const calls = new Calls();
    const place = new Place();
    place.play(make(calls), { inputs });
    calls.take();
    const run = place.play(make(calls), { inputs, resume: { from: ['b'] } });
    expect(run.result).toStrictEqual({ c: 3, d: 'd' });
    expect(calls.take()).toStrictEqual(['b', 'c']);
    place.play(make(calls), { inputs, resume: { from: ['c', 'd'] } });
    expect(calls.take().sort()).toStrictEqual(['c', 'd']);
    expectSound(run);
  });

  test('goes on whatever its functions have become', () => {
    const place = new Place();
    const before = workflow('w', { a: step('a', () => 1), b: step('b', () => 2) });
    const after = workflow('w', { a: step('a', () => 'other'), b: step('b', () => 'other') });
    place.play(before);
    expect(place.cutAfterStep('a').play(after).result).toStrictEqual({ a: 1, b: 'other' });
  });

  test('whose former graph is no longer known is refused, or done again', () => {
    const calls = new Calls();
    const place = new Place();
    place.play(make(calls, { version: 1 }), { inputs });
    calls.take();
    for (const { name } of place.backend.listObjects('blob')) place.backend.removeObject('blob', name);
    const other = make(calls, { version: 2 });
    expect(place.play(other, { inputs }).error).toMatchObject({
      differences: [{ subject: 'workflow', what: 'has changed, and what it was is no longer known' }],
    });
    expect(place.play(other, { inputs, resume: 'compatible' }).result).toStrictEqual({ c: 3, d: 'd' });
    expect(calls.take().sort()).toStrictEqual(['a', 'b', 'c', 'd']);
  });
});
