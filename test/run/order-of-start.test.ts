import 'millrace/testing/vitest';
import { type Step, type StepOptions, step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { play, watch } from './support/watch.ts';

/** The order in which the steps of a definition start, one at a time. */
function sequence(
  make: (add: (id: string, deps?: Record<string, Step>, options?: StepOptions) => Step<string>) => void,
  concurrency = 1,
): string[] {
  const steps: Record<string, Step> = {};
  const time = new VirtualTime();
  make((id, deps = {}, options = {}) => {
    const made = step(id, deps, () => time.after(10, id), options);
    steps[id] = made;
    return made;
  });
  return play(workflow('sequence', steps), { concurrency }, time)
    .all('step-started')
    .map(({ stepId }) => stepId);
}

describe('concurrency: 1 is the sequential executor', () => {
  test('its order is topological, and by definition among equals', () => {
    expect(
      sequence((add) => {
        add('a');
        add('b');
        add('c');
      }),
    ).toStrictEqual(['a', 'b', 'c']);
  });

  test('its order is the same in every run', () => {
    const make = (add: Parameters<Parameters<typeof sequence>[0]>[0]): void => {
      const roots = [0, 1, 2, 3].map((index) => add(`root ${String(index)}`));
      for (let index = 0; index < 20; index++) {
        add(`step ${String(index)}`, {
          left: roots[index % 4] as Step,
          right: roots[(index * 3) % 4] as Step,
        });
      }
    };
    expect(sequence(make)).toStrictEqual(sequence(make));
  });

  test('nothing ever runs together', () => {
    const time = new VirtualTime();
    const a = step('a', () => time.after(10, 1));
    const b = step('b', () => time.after(10, 1));
    const c = step('c', { a }, () => time.after(10, 1));
    const run = play(workflow('sequential', { b, c }), { concurrency: 1 }, time);
    expect(run.recording).toRunBefore('a', 'b');
    expect(run.recording).toRunBefore('a', 'c');
    expect(run.recording).not.toOverlap('b', 'c');
    expect(run.run.metrics()).toMatchObject({ totalMs: 30, parallelism: 1 });
  });
});

describe('among ready steps', () => {
  test('the higher priority goes first, also a negative one', () => {
    expect(
      sequence((add) => {
        add('low', {}, { priority: -1 });
        add('usual');
        add('high', {}, { priority: 2 });
        add('higher', {}, { priority: 2.5 });
      }),
    ).toStrictEqual(['higher', 'high', 'usual', 'low']);
  });

  test('then the longest remaining path to an output', () => {
    expect(
      sequence((add) => {
        add('short');
        const long = add('long');
        add('last', { middle: add('middle', { long }) });
      }),
    ).toStrictEqual(['long', 'middle', 'short', 'last']);
  });

  test('measured by the estimates, where there are any', () => {
    expect(
      sequence((add) => {
        const many = add('many');
        add('many 3', { two: add('many 2', { many }) });
        add('few', {}, { estimate: '1s' });
      }),
    ).toStrictEqual(['few', 'many', 'many 2', 'many 3']);
  });

  test('an estimate of 0 counts as 0', () => {
    expect(
      sequence((add) => {
        add('free', {}, { estimate: 0 });
        add('usual');
      }),
    ).toStrictEqual(['usual', 'free']);
  });

  test('a priority beats a path', () => {
    expect(
      sequence((add) => {
        add('b', { a: add('a') });
        add('urgent', {}, { priority: 1 });
      }),
    ).toStrictEqual(['urgent', 'a', 'b']);
  });

  test('one that fits goes ahead of one that doesn’t', () => {
    const time = new VirtualTime();
    const first = step('first', () => time.after(10, 1), { resource: { gpu: 2 }, priority: 3 });
    const big = step('big', () => time.after(10, 1), { resource: { gpu: 3 }, priority: 2 });
    const small = step('small', () => time.after(10, 1), { resource: 'gpu', priority: 1 });
    const run = watch(workflow('fitting', { first, big, small }), time, { limits: { gpu: 3 } });
    time.flush();
    expect(run.recording).toOverlap('first', 'small');
    expect(run.recording).toRunBefore('small', 'big');
  });
});

test('a step starts after all its dependencies have settled, also when it names one twice', () => {
  const time = new VirtualTime();
  const a = step('a', () => time.after(10, 'a'));
  const b = step('b', () => time.after(20, 'b'));
  const both = step('both', { a, again: a, b }, (inputs) => Object.entries(inputs));
  const run = play(workflow('joined', { both }), {}, time);
  expect(run.recording).toRunBefore('a', 'both');
  expect(run.recording).toRunBefore('b', 'both');
  expect(run.result).toStrictEqual({
    both: [
      ['a', 'a'],
      ['again', 'a'],
      ['b', 'b'],
    ],
  });
});

test('independent steps run together: the run takes as long as its longest path', () => {
  const time = new VirtualTime();
  const parts = Array.from({ length: 5 }, (_, index) =>
    step(`part ${String(index)}`, () => time.after(100, index), { resource: 'light-io' }),
  );
  const run = play(workflow('parallel', Object.fromEntries(parts.map((part) => [part.id, part]))), {}, time);
  expect(run.recording).toOverlap('part 0', 'part 4');
  expect(run.run.metrics()).toMatchObject({ totalMs: 100, parallelism: 5 });
});

test('only what the outputs reach runs', () => {
  const ran: string[] = [];
  const unused = step('unused', () => ran.push('unused'));
  const used = step('used', () => ran.push('used'));
  play(workflow('reached', { used }));
  expect([ran, unused.id]).toStrictEqual([['used'], 'unused']);
});
