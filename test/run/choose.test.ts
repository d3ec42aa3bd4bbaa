import {
  choose,
  forEachStep,
  InvalidOptionsError,
  input,
  optional,
  type Step,
  step,
  subflow,
  type,
  UnknownBranchError,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { bad, never, skipped, takes } from './support/branches.ts';
import { broken } from './support/broken.ts';
import { expectSound } from './support/sound.ts';
import { thrownBy } from './support/thrown-by.ts';
import { play, watch } from './support/watch.ts';

describe('choose', () => {
  const size = input('size', type<number>());
  const sized = (inputs: { readonly size: number }): 'large' | 'small' =>
    inputs.size > 5 ? 'large' : 'small';

  test.each([
    [9, 'large'],
    [1, 'small'],
  ])('with %i runs one branch alone, with what only it needs', (given, name) => {
    const large = step('large', { a: step('prepare-large', () => 1) }, () => 'large');
    const small = step('small', { a: step('prepare-small', () => 1) }, () => 'small');
    const file = choose('file', { size }, sized, { large, small });
    const run = play(workflow('w', { file }) as never, { inputs: { size: given } });
    const other = name === 'large' ? 'small' : 'large';
    expect(run.result).toStrictEqual({ file: name });
    expect(run.of(`prepare-${name}`)).toContain('step-completed');
    expect(run.the('step-skipped', other)).toMatchObject({ because: 'file', reason: 'branch' });
    expect(run.the('step-skipped', `prepare-${other}`)).toMatchObject({ because: 'file', reason: 'branch' });
    expectSound(run);
  });

  test('starts nothing before the selector has said which', () => {
    const time = new VirtualTime();
    const slow = takes(time, 'slow', 10);
    const c = choose('c', { slow }, () => 'x', { x: step('x', () => time.now) });
    const run = play(workflow('w', { c }), {}, time);
    expect(run.result).toStrictEqual({ c: 10 });
    expectSound(run);
  });

  test('gives the outputs of a record of steps', () => {
    const c = choose('c', {}, () => 'both', {
      both: { a: step('a', () => 1), b: step('b', () => 'b') },
      one: step('one', () => true),
    });
    expectTypeOf(c).toExtend<Step<{ readonly a: number; readonly b: string } | boolean, never>>();
    const run = play(workflow('w', { c }));
    expect(run.result).toStrictEqual({ c: { a: 1, b: 'b' } });
    expectSound(run);
  });

  test('asks its selector once, with the dependencies and nothing else', () => {
    const seen: unknown[] = [];
    const c = choose(
      'c',
      { 1: step('one', () => 'one'), b: optional(skipped) },
      (inputs) => {
        seen.push(inputs);
        return 'x';
      },
      { x: step('x', () => 1), y: step('y', () => 2) },
    );
    play(workflow('w', { c }));
    expect(seen).toStrictEqual([{ 1: 'one', b: undefined }]);
  });

  test.each<[string, () => unknown]>([
    ['no branch', () => 'smal'],
    ['what objects have by themselves', () => 'toString'],
    ['nothing', () => undefined],
  ])('whose selector names %s fails', (_, selector) => {
    const c = choose('c', {}, selector as () => 'small', {
      small: step('small', broken),
      large: step('large', broken),
    });
    const run = play(workflow('w', { c }));
    expect((run.error as Error).cause).toBeInstanceOf(UnknownBranchError);
    expect(run.error).toMatchObject({
      stepId: 'c',
      attempts: 0,
      cause: { stepId: 'c', selected: selector(), branches: ['small', 'large'] },
    });
    expectSound(run);
  });

  test('whose selector throws fails, and its branches never run', () => {
    const time = new VirtualTime();
    const c = choose('c', {}, broken, { x: step('x', broken) });
    const run = play(workflow('w', { c, other: takes(time, 'other', 5) }), { onFailure: 'continue' }, time);
    expect(run.error).toMatchObject({
      code: 'WORKFLOW_FAILED',
      errors: [{ stepId: 'c', cause: { message: 'broken' } }],
      outputs: { other: 'other' },
    });
    expect(run.of('x')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test.each<[string, () => 'x']>([
    ['names a branch', () => 'x'],
    ['names none', () => 'y' as 'x'],
    ['throws', broken],
  ])('whose selector cancels the run and %s starts nothing', (_, answer) => {
    const time = new VirtualTime();
    const c = choose(
      'c',
      { gate: takes(time, 'gate', 5) },
      () => {
        run.run.cancel('enough');
        return answer();
      },
      { x: step('x', broken), z: step('z', broken) },
    );
    const run = watch(workflow('w', { c, never }), time);
    time.flush();
    expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'enough' });
    expectSound(run);
  });

  test('runs a step of another branch where something else needs it too', () => {
    const shared = step('shared', () => 'shared');
    const x = step('x', { shared }, () => 'x');
    const y = step('y', { shared }, () => 'y');
    const c = choose('c', {}, () => 'x', { x, y });
    const user = step('user', { y: optional(y) }, (inputs) => inputs.y);
    const run = play(workflow('w', { c, user }));
    expect(run.result).toStrictEqual({ c: 'x', user: 'y' });
    expectSound(run);
  });

  test('runs what two branches share once, whichever is chosen', () => {
    const shared = step('shared', () => 'shared');
    const c = choose('c', {}, () => 'y', {
      x: step('x', { shared }, () => 'x'),
      y: step('y', { shared }, () => 'y'),
    });
    const run = play(workflow('w', { c }));
    expect(run.result).toStrictEqual({ c: 'y' });
    expect(run.of('shared')).toStrictEqual(['step-started', 'step-completed']);
    expectSound(run);
  });

  test('may have one step in two branches', () => {
    const same = step('same', () => 1);
    const c = choose('c', {}, () => 'b', { a: { same, other: step('other', broken) }, b: same });
    const run = play(workflow('w', { c }));
    expect(run.result).toStrictEqual({ c: 1 });
    expect(run.of('other')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('may have one step as a dependency and a branch', () => {
    const same = step('same', () => 1);
    const run = play(
      workflow('w', { c: choose('c', { same }, () => 'b', { b: same, d: step('d', broken) }) }),
    );
    expect(run.result).toStrictEqual({ c: 1 });
    expectSound(run);
  });

  test('may be a branch of another, however deep', () => {
    let c: Step<unknown, never> = step('leaf', () => 'leaf');
    for (let depth = 0; depth < 5000; depth++)
      c = choose(`c${String(depth)}`, {}, () => 'on', { on: c, off: step(`off${String(depth)}`, broken) });
    const run = play(workflow('w', { c }));
    expect(run.result).toStrictEqual({ c: 'leaf' });
    expect(run.all('step-skipped')).toHaveLength(5000);
    expectSound(run);
  });

  test('that is not chosen itself never asks its selector', () => {
    const inner = choose('inner', {}, broken, { x: step('x', broken) });
    const run = play(
      workflow('w', { c: choose('c', {}, () => 'good', { good: step('good', () => 1), inner }) }),
    );
    expect(run.result).toStrictEqual({ c: 1 });
    expect(run.of('x')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('is skipped with the branch it has chosen, and with what it needs', () => {
    const chosen = choose('chosen', {}, () => 'skipped', { skipped });
    const needs = choose('needs', { skipped }, broken, { x: step('x', broken) });
    const run = play(workflow('w', { chosen: optional(chosen), needs: optional(needs) }));
    expect(run.result).toStrictEqual({ chosen: undefined, needs: undefined });
    expect(run.all('step-skipped').map(({ stepId, because }) => [stepId, because])).toStrictEqual(
      expect.arrayContaining([
        ['chosen', 'skipped'],
        ['needs', 'skipped'],
        ['x', 'skipped'],
      ]),
    );
    expectSound(run);
  });

  test('fails with its branch', () => {
    const c = choose('c', {}, () => 'bad', { bad, good: step('good', broken) });
    const run = play(workflow('w', { c }), { onFailure: 'continue' });
    expect(run.error).toMatchObject({ code: 'WORKFLOW_FAILED', errors: [{ stepId: 'bad' }] });
    expect(run.the('step-skipped', 'c')).toMatchObject({ because: 'bad', reason: 'failed' });
    expectSound(run);
  });

  test('may choose a fan-out or a subflow', () => {
    const items = forEachStep('items', { items: [1, 2] }, (n) => n);
    const part = subflow('part', workflow('inner', { x: step('x', broken) }));
    const run = play(workflow('w', { c: choose('c', {}, () => 'items', { items, part }) }));
    expect(run.result).toStrictEqual({ c: [1, 2] });
    expectSound(run);
  });

  test('undoes what it has where the run fails later', () => {
    const log: unknown[] = [];
    const cleanup = (output: unknown): void => {
      log.push(output);
    };
    const c = choose(
      'c',
      {},
      () => 'x',
      { x: step('x', () => 'x', { cleanup }), y: step('y', () => 'y', { cleanup }) },
      { cleanup: (output) => log.push(`c ${output}`) },
    );
    play(workflow('w', { end: step('end', { c }, broken) }));
    expect(log).toStrictEqual(['c x', 'x']);
  });

  test.each<[string, () => unknown]>([
    ['no branches', () => choose('c', {}, () => 'x' as never, {})],
    ['a branch that is no step', () => choose('c', {}, () => 'x', { x: 5 as never })],
    ['a record with what is no step', () => choose('c', {}, () => 'x', { x: { y: 5 } as never })],
    ['no selector', () => choose('c', {}, 'x' as never, { x: skipped })],
    ['an option it has no use for', () => choose('c', {}, () => 'x', { x: skipped }, { retry: 1 } as never)],
  ])('with %s is refused at once', (_, make) => {
    expect(thrownBy(make)).toBeInstanceOf(InvalidOptionsError);
  });
});
