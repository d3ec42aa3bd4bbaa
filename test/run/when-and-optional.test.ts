import {
  InvalidOptionsError,
  input,
  optional,
  type Step,
  StepSkippedError,
  step,
  type,
  type Workflow,
  workflow,
} from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { bad, never, no, skipped, takes } from './support/branches.ts';
import { broken } from './support/broken.ts';
import { expectSound } from './support/sound.ts';
import { play, watch } from './support/watch.ts';

describe('when', () => {
  test('that says yes lets the step run, and is asked once with its inputs', () => {
    const seen: unknown[] = [];
    const a = step('a', () => 1);
    const b = step('b', { a }, ({ a }, { attempt }) => (attempt < 3 ? broken() : a), {
      when: (inputs) => seen.push(inputs) > 0,
      retry: 2,
    });
    const run = play(workflow('w', { b }));
    expect(run.result).toStrictEqual({ b: 1 });
    expect(seen).toStrictEqual([{ a: 1 }]);
    expectSound(run);
  });

  test('that says no skips the step and those that need it, and says because of whom', () => {
    const b = step('b', { skipped }, broken);
    const c = step('c', { b }, broken);
    const run = play(workflow('w', { c: optional(c) }));
    expect(run.result).toStrictEqual({ c: undefined });
    expect(
      run.all('step-skipped').map(({ stepId, because, reason }) => [stepId, because, reason]),
    ).toStrictEqual([
      ['skipped', 'skipped', 'when'],
      ['b', 'skipped', 'when'],
      ['c', 'skipped', 'when'],
    ]);
    expectSound(run);
  });

  test('of a long chain needs no deep stack', () => {
    let last: Step<number, never> = skipped;
    for (let place = 0; place < 20_000; place++) {
      const before = last;
      last = step(`s${String(place)}`, { before }, (inputs) => inputs.before);
    }
    const run = play(workflow('w', { end: step('end', { last: optional(last) }, (inputs) => inputs.last) }));
    expect(run.all('step-skipped')).toHaveLength(20_001);
    expect(run.result).toStrictEqual({ end: undefined });
    expect(run.isOver).toBe(true);
  });

  test.each<[string, () => boolean, string]>([
    ['throws', broken, 'broken'],
    ['gives no boolean', () => 'yes' as never, 'yes'],
    ['gives a Promise', () => Promise.resolve(false) as never, 'true or false'],
  ])('that %s fails the step', (_, when, message) => {
    const run = play(workflow('w', { a: step('a', broken, { when, retry: 3 }), never }));
    expect(run.error).toMatchObject({ stepId: 'a', attempts: 0 });
    expect(((run.error as Error).cause as Error).message).toContain(message);
    expect(run.of('a')).toStrictEqual(['step-failed']);
    expectSound(run);
  });

  test('that throws fails the run also where nothing else runs and all goes on', () => {
    const run = play(workflow('w', { a: step('a', broken, { when: broken }) }), { onFailure: 'continue' });
    expect(run.error).toMatchObject({ code: 'WORKFLOW_FAILED', errors: [{ stepId: 'a' }] });
    expectSound(run);
  });

  test('decides of an output, and says so where it may not be missing', () => {
    const run = play(workflow('w', { skipped, never }));
    expect(run.error).toMatchObject({ code: 'STEP_FAILED', stepId: 'skipped' });
    const { cause } = run.error as Error;
    expect(cause).toBeInstanceOf(StepSkippedError);
    expect(cause).toMatchObject({ stepId: 'skipped', because: 'skipped', reason: 'when' });
    expect(run.of('skipped')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('decides of an output under onFailure: continue as well, after the others', () => {
    const time = new VirtualTime();
    const run = play(
      workflow('w', { skipped, slow: takes(time, 'slow', 10) }),
      { onFailure: 'continue' },
      time,
    );
    expect(run.error).toMatchObject({ code: 'WORKFLOW_FAILED', outputs: { slow: 'slow' } });
    expectSound(run);
  });

  test('keeps the outputs that are there', () => {
    const a = step('a', () => 1);
    const run = play(workflow('w', { a, b: optional(skipped) }));
    expect(run.result).toStrictEqual({ a: 1, b: undefined });
    expectSound(run);
  });

  test('makes output$ error with why', () => {
    const run = workflow('w', { a: optional(skipped) }).run();
    const errors: unknown[] = [];
    run.output$('skipped').subscribe({ error: (error: unknown) => errors.push(error) });
    run.result$.subscribe();
    expect(errors).toMatchObject([{ code: 'STEP_SKIPPED', stepId: 'skipped', reason: 'when' }]);
  });

  test.each<[string, () => boolean]>([
    ['says yes', () => true],
    ['says no', () => false],
    ['throws', broken],
  ])('that cancels the run and %s is the last that is asked', (_, answer) => {
    const time = new VirtualTime();
    const gate = takes(time, 'gate', 5);
    const first = step('first', { gate }, broken, {
      when: () => {
        run.run.cancel('enough');
        return answer();
      },
    });
    const second = step('second', { gate }, broken, { when: broken });
    const run = watch(workflow('w', { first, second }), time);
    time.flush();
    expect(run.error).toMatchObject({ code: 'CANCELLED', reason: 'enough' });
    expectSound(run);
  });
});

describe('optional', () => {
  test('gives undefined where the step is skipped, and its output where it isn’t', () => {
    const there = step('there', () => 1);
    const both = step('both', { there: optional(there), missing: optional(skipped) }, (inputs) => {
      expectTypeOf(inputs).toEqualTypeOf<{
        readonly there: number | undefined;
        readonly missing: number | undefined;
      }>();
      return inputs;
    });
    const run = play(workflow('w', { both }));
    expect(run.result).toStrictEqual({ both: { there: 1, missing: undefined } });
    expectSound(run);
  });

  test('waits until the step is settled', () => {
    const time = new VirtualTime();
    const slow = takes(time, 'slow', 10);
    const late = step('late', { slow }, () => 1, no);
    const end = step('end', { late: optional(late) }, () => time.now);
    const run = play(workflow('w', { end }), {}, time);
    expect(run.result).toStrictEqual({ end: 10 });
    expectSound(run);
  });

  test('doesn’t help where the step fails', () => {
    const run = play(workflow('w', { end: step('end', { bad: optional(bad) }, () => 1), never }));
    expect(run.error).toMatchObject({ stepId: 'bad' });
    expect(run.of('end')).toStrictEqual(['step-cancelled']);
    expectSound(run);
  });

  test('gives undefined where the step fails and the run goes on', () => {
    const end = step('end', { bad: optional(bad) }, (inputs) => [inputs.bad]);
    const run = play(workflow('w', { end }), { onFailure: 'continue' });
    expect(run.error).toMatchObject({
      code: 'WORKFLOW_FAILED',
      errors: [{ stepId: 'bad' }],
      outputs: { end: [undefined] },
    });
    expectSound(run);
  });

  test('of one step and the same step itself is skipped with it', () => {
    const end = step('end', { a: optional(skipped), b: skipped }, broken);
    const run = play(workflow('w', { end: optional(end) }));
    expect(run.of('end')).toStrictEqual(['step-skipped']);
    expectSound(run);
  });

  test('makes an output of the workflow one that may be missing', () => {
    const w = workflow('w', { a: optional(step('a', () => 'text')), b: step('b', () => 1) });
    expectTypeOf(w).toEqualTypeOf<Workflow<{ readonly a: string | undefined; readonly b: number }, never>>();
  });

  test('is of steps alone', () => {
    expect(() => optional(input('n', type<number>()) as never)).toThrow(InvalidOptionsError);
    expect(() => optional(optional(skipped) as never)).toThrow(InvalidOptionsError);
  });
});
