import {
  choose,
  firstOf,
  forEachStep,
  InvalidOptionsError,
  NoneSucceededError,
  optional,
  type Step,
  step,
  subflow,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { NEVER, type Observable } from 'rxjs';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { failsAfter, no, skipped, takes } from './support/branches.ts';
import { broken } from './support/broken.ts';
import { expectSound } from './support/sound.ts';
import { thrownBy } from './support/thrown-by.ts';
import { play } from './support/watch.ts';

describe('firstOf', () => {
  test('gives the first output, and stops the others and what only they need', () => {
    const time = new VirtualTime();
    const prepare = takes(time, 'prepare', 50);
    const far = step('far', { prepare }, broken);
    const stopped: unknown[] = [];
    const slow = step('slow', (ctx) => {
      ctx.token.onCancel(() => stopped.push(ctx.token.reason));
      return time.after(20, 'slow');
    });
    const run = play(workflow('w', { f: firstOf('f', [slow, far, takes(time, 'near', 10)]) }), {}, time);
    expect(run.result).toStrictEqual({ f: 'near' });
    expect(
      run.all('step-cancelled').map(({ stepId, because, attempt }) => [stepId, because, attempt]),
    ).toStrictEqual(
      expect.arrayContaining([
        ['slow', 'f', 1],
        ['far', 'f', 0],
        ['prepare', 'f', 1],
      ]),
    );
    expect(stopped).toHaveLength(1);
    expect(time.now).toBe(10);
    expectSound(run);
  });

  test('lets what another step needs go on', () => {
    const time = new VirtualTime();
    const slow = takes(time, 'slow', 20);
    const f = firstOf('f', [slow, takes(time, 'near', 10)]);
    const run = play(workflow('w', { f, user: step('user', { slow }, (inputs) => inputs.slow) }), {}, time);
    expect(run.result).toStrictEqual({ f: 'near', user: 'slow' });
    expectSound(run);
  });

  test('takes the earlier one in its list of those that are there at once', () => {
    const time = new VirtualTime();
    const a = takes(time, 'a', 10);
    const b = takes(time, 'b', 5);
    const gate = step('gate', { a, b }, () => 1);
    const f = firstOf('f', [a, b]);
    const late = choose('late', { gate }, () => 'f', { f });
    expect(play(workflow('w', { late }), {}, time).result).toStrictEqual({ late: 'a' });
  });

  test('lets those that fail drop out', () => {
    const time = new VirtualTime();
    const f = firstOf('f', [failsAfter(time, 'x', 5), takes(time, 'y', 10)]);
    const run = play(workflow('w', { f }), {}, time);
    expect(run.result).toStrictEqual({ f: 'y' });
    expect(run.of('x')).toStrictEqual(['step-started', 'step-failed']);
    expect(run.all('run-completed')).toHaveLength(1);
    expectSound(run);
  });

  test('fails where all do, with what each failed with', () => {
    const time = new VirtualTime();
    const deep = step('deep', { x: failsAfter(time, 'x', 5) }, broken);
    const f = firstOf('f', [deep, failsAfter(time, 'y', 10), skipped]);
    const run = play(workflow('w', { f }), {}, time);
    const { cause } = run.error as Error;
    expect(cause).toBeInstanceOf(NoneSucceededError);
    expect(cause).toMatchObject({ stepId: 'f', errors: [{ stepId: 'x' }, { stepId: 'y' }] });
    expect(run.of('deep')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('is skipped where all are', () => {
    const run = play(workflow('w', { f: optional(firstOf('f', [skipped, step('also', () => 1, no)])) }));
    expect(run.result).toStrictEqual({ f: undefined });
    expect(run.the('step-skipped', 'f')).toMatchObject({ reason: 'when' });
    expectSound(run);
  });

  test('of one that waits for resources or for its next attempt lets go of it', () => {
    const time = new VirtualTime();
    const retrying = step('retrying', broken, { retry: { attempts: 9, delay: 100 } });
    const waiting = step('waiting', broken, { resource: 'gpu', priority: -1 });
    const near = step('near', () => time.after(10, 'near'), { resource: 'gpu' });
    const run = play(
      workflow('w', { f: firstOf('f', [retrying, waiting, near]) }),
      { limits: { gpu: 1 } },
      time,
    );
    expect(run.result).toStrictEqual({ f: 'near' });
    expect(run.of('waiting')).toStrictEqual(['step-cancelled']);
    expect(run.of('retrying').at(-1)).toBe('step-cancelled');
    expect(time.now).toBe(10);
    expectSound(run);
  });

  test('of a fan-out and a subflow lets go of all of their steps', () => {
    const time = new VirtualTime();
    const log: string[] = [];
    const children = forEachStep('children', { items: [1, 2, 3] }, () => time.after(100, 1), {
      resource: 'gpu',
    });
    const done = step('done', () => 1, { cleanup: (_, outcome) => log.push(outcome) });
    const part = subflow(
      'part',
      workflow('inner', { x: step('x', { done }, () => NEVER as Observable<number>) }),
    );
    const run = play(
      workflow('w', { f: firstOf('f', [children, part, takes(time, 'near', 10)]) }),
      { limits: { gpu: 1 } },
      time,
    );
    expect(run.result).toStrictEqual({ f: 'near' });
    expect(run.of('children[2]').at(-1)).toBe('step-cancelled');
    expect(log).toStrictEqual(['cancelled']);
    expectSound(run);
  });

  test('waits for one that is slow to stop, and gives it up in the end', () => {
    const time = new VirtualTime();
    const deaf = step('deaf', () => new Promise<string>(() => undefined));
    const run = play(
      workflow('w', { f: firstOf('f', [deaf, takes(time, 'near', 10)]) }),
      { gracePeriod: 100 },
      time,
    );
    expect(run.result).toStrictEqual({ f: 'near' });
    expect(run.the('warning')).toMatchObject({ topic: 'abandoned', stepId: 'deaf' });
    expect(time.now).toBe(110);
  });

  test('of those that finish at once stops the later ones before they start', () => {
    const f = firstOf('f', [step('a', () => 'a'), step('b', () => 'b')]);
    const run = play(workflow('w', { f }), { concurrency: 1 });
    expect(run.result).toStrictEqual({ f: 'a' });
    expect(run.of('b')).toStrictEqual(['step-cancelled']);
    expectSound(run);
  });

  test('in a firstOf stops all that is left', () => {
    const time = new VirtualTime();
    const inner = firstOf('inner', [takes(time, 'a', 30), takes(time, 'b', 40)]);
    const run = play(workflow('w', { f: firstOf('f', [inner, takes(time, 'near', 10)]) }), {}, time);
    expect(run.result).toStrictEqual({ f: 'near' });
    expect(
      run
        .all('step-cancelled')
        .map(({ stepId }) => stepId)
        .sort(),
    ).toStrictEqual(['a', 'b', 'inner']);
    expect(time.now).toBe(10);
    expectSound(run);
  });

  test('may have one step twice', () => {
    const a = step('a', () => 1);
    const run = play(workflow('w', { f: firstOf('f', [a, a]) }));
    expect(run.result).toStrictEqual({ f: 1 });
    expectSound(run);
  });

  test('is typed by its candidates', () => {
    expectTypeOf(firstOf('f', [step('a', () => 1), step('b', () => 'b')])).toEqualTypeOf<
      Step<number | string, never>
    >();
  });

  test.each<[string, () => unknown]>([
    ['no candidates', () => firstOf('f', [])],
    ['no list', () => firstOf('f', skipped as never)],
    ['what is no step', () => firstOf('f', [5 as never])],
    ['an empty id', () => firstOf('', [skipped])],
  ])('with %s is refused at once', (_, make) => {
    expect(thrownBy(make)).toBeInstanceOf(InvalidOptionsError);
  });
});
