import {
  CancelledError,
  choose,
  fallback,
  firstOf,
  forEachStep,
  InvalidOptionsError,
  optional,
  step,
  subflow,
  workflow,
} from 'millrace';
import { describe, expect, test } from 'vitest';
import { bad, never, skipped } from './support/branches.ts';
import { broken } from './support/broken.ts';
import { expectSound } from './support/sound.ts';
import { play } from './support/watch.ts';

describe('fallback', () => {
  test('gives the first output where there is one, and never starts the other', () => {
    const other = step('other', { before: step('before', broken) }, broken);
    const run = play(
      workflow('w', {
        f: fallback(
          'f',
          step('first', () => 1),
          other,
        ),
      }),
    );
    expect(run.result).toStrictEqual({ f: 1 });
    expect(run.the('step-skipped', 'other')).toMatchObject({ because: 'f', reason: 'branch' });
    expect(run.of('before')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('gives the other output where the first fails for good', () => {
    const before = step('before', () => 1);
    const other = step('other', { before }, (inputs) => inputs.before);
    const first = step('first', broken, { retry: 1 });
    const run = play(workflow('w', { f: fallback('f', first, other) }));
    expect(run.result).toStrictEqual({ f: 1 });
    expect(run.story).toStrictEqual([
      'run-started',
      'step-started first',
      'step-retrying first',
      'step-started first',
      'step-failed first',
      'step-started before',
      'step-completed before',
      'step-started other',
      'step-completed other',
      'step-started f',
      'step-completed f',
      'run-completed',
    ]);
    expectSound(run);
  });

  test('heeds what failed before the first', () => {
    const first = step('first', { bad }, broken);
    const run = play(
      workflow('w', {
        f: fallback(
          'f',
          first,
          step('other', () => 'other'),
        ),
      }),
    );
    expect(run.result).toStrictEqual({ f: 'other' });
    expect(run.the('step-skipped', 'first')).toMatchObject({ because: 'bad', reason: 'failed' });
    expectSound(run);
  });

  test('fails with the other', () => {
    const run = play(workflow('w', { f: fallback('f', bad, step('worse', broken)), never }));
    expect(run.error).toMatchObject({ stepId: 'worse' });
    expect(run.of('f')).toStrictEqual(['step-cancelled']);
    expectSound(run);
  });

  test('fails nothing else, also under onFailure: continue', () => {
    const run = play(
      workflow('w', {
        f: fallback(
          'f',
          bad,
          step('other', () => 1),
        ),
      }),
      { onFailure: 'continue' },
    );
    expect(run.result).toStrictEqual({ f: 1 });
    expectSound(run);
  });

  test('doesn’t help others that need the first', () => {
    const f = fallback(
      'f',
      bad,
      step('other', () => 1),
    );
    const run = play(workflow('w', { f, user: step('user', { bad }, () => 1) }));
    expect(run.error).toMatchObject({ stepId: 'bad' });
    expectSound(run);
  });

  test('gives what it can to those that need the first, where the run goes on', () => {
    const f = fallback(
      'f',
      bad,
      step('other', () => 1),
    );
    const run = play(workflow('w', { f, user: step('user', { bad }, () => 1) }), { onFailure: 'continue' });
    expect(run.error).toMatchObject({
      code: 'WORKFLOW_FAILED',
      errors: [{ stepId: 'bad' }],
      outputs: { f: 1 },
    });
    expect(run.of('user')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('is skipped where the first is', () => {
    const run = play(workflow('w', { f: optional(fallback('f', skipped, step('other', broken))) }));
    expect(run.result).toStrictEqual({ f: undefined });
    expect(run.of('other')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('is skipped where the first fails and the other is skipped', () => {
    const run = play(workflow('w', { f: optional(fallback('f', bad, skipped)) }));
    expect(run.result).toStrictEqual({ f: undefined });
    expect(run.the('step-skipped', 'f')).toMatchObject({ because: 'skipped', reason: 'when' });
    expectSound(run);
  });

  test('of a fallback goes from one to the next', () => {
    const second = fallback(
      'second',
      step('worse', broken),
      step('good', () => 'good'),
    );
    const run = play(
      workflow('w', { f: fallback('f', fallback('first', bad, step('worst', broken)), second) }),
    );
    expect(run.result).toStrictEqual({ f: 'good' });
    expectSound(run);
  });

  test('helps where a firstOf, a choose, a fan-out or a subflow fails', () => {
    const other = (id: string) => step(`other-${id}`, () => 'other');
    const first = firstOf('first', [step('x', broken), step('y', broken)]);
    const chosen = choose('chosen', {}, broken, { z: step('z', broken) });
    const items = forEachStep('items', { items: [1, 2] }, broken);
    const part = subflow('part', workflow('inner', { x: step('x', broken) }));
    const run = play(
      workflow('w', {
        a: fallback('a', first, other('a')),
        b: fallback('b', chosen, other('b')),
        c: fallback('c', items, other('c')),
        d: fallback('d', part, other('d')),
      }),
    );
    expect(run.result).toStrictEqual({ a: 'other', b: 'other', c: 'other', d: 'other' });
    expectSound(run);
  });

  test('doesn’t step in where the first cancels itself', () => {
    const first = step('first', (): number => {
      throw new CancelledError('enough');
    });
    const run = play(workflow('w', { f: fallback('f', first, step('other', broken)) }));
    expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'enough' });
    expect(run.of('other')).toStrictEqual(['step-cancelled']);
    expectSound(run);
  });

  test('is refused for what is no step, and for one step twice', () => {
    expect(() => fallback('f', 5 as never, bad)).toThrow(InvalidOptionsError);
    expect(() => fallback('f', bad, bad)).toThrow(InvalidOptionsError);
  });
});
