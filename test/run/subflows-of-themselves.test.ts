import {
  InvalidOptionsError,
  input,
  optional,
  RecursionLimitError,
  type Step,
  step,
  subflow,
  type,
  type Workflow,
  workflow,
} from 'millrace';
import { describe, expect, test } from 'vitest';
import { rootCause } from './support/root-cause.ts';
import { expectSound } from './support/sound.ts';
import { play } from './support/watch.ts';

const n = input('n', type<number>());

describe('a subflow of its own workflow', () => {
  interface Count {
    readonly down: number | undefined;
  }

  function countdown(log: number[] = []): Workflow<Count, readonly ['n', number]> {
    const down = step('down', { n }, (inputs) => {
      log.push(inputs.n);
      return inputs.n - 1;
    });
    const again = subflow('again', () => self, { inputs: { n: down }, when: (inputs) => inputs.n > 0 });
    const self: Workflow<Count, readonly ['n', number]> = workflow('countdown', {
      down: step('end', { down, again: optional(again) }, ({ down, again }): number => again?.down ?? down),
    });
    return self;
  }

  test('ends where its when says so', () => {
    const log: number[] = [];
    const run = play(countdown(log) as never, { inputs: { n: 5 } });
    expect(log).toStrictEqual([5, 4, 3, 2, 1]);
    expect(run.result).toStrictEqual({ down: 0 });
    expect(run.of('again/again/again/again/again')).toStrictEqual(['step-added', 'step-skipped']);
    expectSound(run);
  });

  test('ends with an error at the depth of 64', () => {
    const run = play(countdown() as never, { inputs: { n: 1000 } });
    const cause = rootCause(run.error);
    expect(cause).toBeInstanceOf(RecursionLimitError);
    expect(cause).toMatchObject({
      maxDepth: 64,
      stepId: Array.from({ length: 65 }, () => 'again').join('/'),
    });
    expectSound(run);
  });

  test.each([1, 2, 7])('may go as deep as a maxDepth of %i', (maxDepth) => {
    const fits = play(countdown() as never, { inputs: { n: maxDepth + 1 }, maxDepth });
    expect(fits.result).toStrictEqual({ down: 0 });
    const tooDeep = play(countdown() as never, { inputs: { n: maxDepth + 2 }, maxDepth });
    expect(rootCause(tooDeep.error)).toBeInstanceOf(RecursionLimitError);
    expectSound(tooDeep);
  });

  test('may go hundreds of levels deep', () => {
    const run = play(countdown() as never, { inputs: { n: 300 }, maxDepth: 300 });
    expect(run.result).toStrictEqual({ down: 0 });
    expectSound(run);
  });

  test('that goes too deep is told in a sentence', () => {
    const { error } = play(countdown() as never, { inputs: { n: 9 }, maxDepth: 2 });
    expect((error as Error).message).toBe(
      "step 'again' failed: step 'again/again/again' failed " +
        '(down → again → again/down → again/again → again/again/down → again/again/again): ' +
        "RecursionLimitError: step 'again/again/again' brings steps more than 2 levels deep; " +
        "end the recursion, with 'when' for one, or raise the run's maxDepth",
    );
  });

  test('that goes too deep isn’t tried again', () => {
    let calls = 0;
    const again: Step<unknown, never> = step(
      'again',
      () => {
        calls++;
        return again;
      },
      { retry: 3 },
    );
    const run = play(workflow('w', { again }), { maxDepth: 3 });
    expect(rootCause(run.error)).toBeInstanceOf(RecursionLimitError);
    expect(calls).toBe(4);
    expectSound(run);
  });

  test.each([0, -1, 1.5, '3'])('can’t have a maxDepth of %s', (maxDepth) => {
    expect(() => countdown().run({ inputs: { n: 1 }, maxDepth: maxDepth as number })).toThrow(
      InvalidOptionsError,
    );
  });
});
