import { forEachStep, InvalidOptionsError, step, subflow, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import { expectSound } from './support/sound.ts';
import { play, watch } from './support/watch.ts';

describe('onResult', () => {
  test('is told of each result as it comes, with the child’s key; the output stays in the order of the items', () => {
    const time = new VirtualTime();
    const told: unknown[] = [];
    const each = forEachStep('each', { items: [30, 10, 20] }, (ms) => time.after(ms, ms * 2), {
      key: (ms) => `of ${String(ms)}`,
      onResult: (result, key) => told.push([time.now, key, result]),
    });
    const run = play(workflow('w', { each }), {}, time);
    expect(told).toStrictEqual([
      [10, 'of 10', 20],
      [20, 'of 20', 40],
      [30, 'of 30', 60],
    ]);
    expect(run.result).toStrictEqual({ each: [60, 20, 40] });
    expectSound(run);
  });

  test('is told beside a fold, which goes by the items', () => {
    const time = new VirtualTime();
    const told: number[] = [];
    const each = forEachStep('each', { items: [30, 10, 20] }, (ms) => time.after(ms, ms), {
      reduce: (sum: number[], ms) => [...sum, ms],
      initial: [],
      onResult: (ms) => told.push(ms),
    });
    expect(play(workflow('w', { each }), {}, time).result).toStrictEqual({ each: [30, 10, 20] });
    expect(told).toStrictEqual([10, 20, 30]);
  });

  test('is told of the last attempt alone, and of children whose work steps of their own do', () => {
    const told: unknown[] = [];
    const each = forEachStep(
      'each',
      { items: [1, 2] },
      (item, _, { attempt }) => {
        if (attempt === 1) throw new Error('again');
        return step('within', () => item * 10);
      },
      { retry: 1, onResult: (result) => told.push(result) },
    );
    const run = play(workflow('w', { each }));
    expect(told).toStrictEqual([10, 20]);
    expectSound(run);
  });

  test('is told of failures where these are results, else not', () => {
    const told: unknown[] = [];
    const odd = (item: number): number => {
      if (item === 2) throw new Error('two');
      return item;
    };
    const settled = forEachStep('each', { items: [1, 2, 3] }, odd, {
      settle: true,
      onResult: (result, key) =>
        told.push([
          key,
          result.status === 'fulfilled' ? result.value : String((result.reason as Error).cause),
        ]),
    });
    play(workflow('w', { settled }));
    expect(told).toStrictEqual([
      ['0', 1],
      ['1', 'Error: two'],
      ['2', 3],
    ]);
    told.length = 0;
    const each = forEachStep('each', { items: [1, 2, 3] }, odd, { onResult: (result) => told.push(result) });
    play(workflow('w', { each }), { onFailure: 'continue' });
    expect(told).toStrictEqual([1, 3]);
  });

  test('fails the fan-out with what it throws', () => {
    const time = new VirtualTime();
    const told: number[] = [];
    const each = forEachStep('each', { items: [10, 20, 30] }, (ms) => time.after(ms, ms), {
      retry: 2,
      onResult: (ms) => {
        told.push(ms);
        if (ms === 20) throw new RangeError('full');
      },
    });
    const run = play(workflow('w', { each }), {}, time);
    expect(run.error).toMatchObject({ stepId: 'each', cause: { message: 'full' } });
    expect(told).toStrictEqual([10, 20]);
    expectSound(run);
  });

  test('is told nothing more once it has cancelled the run', () => {
    const time = new VirtualTime();
    const told: number[] = [];
    const each = forEachStep('each', { items: [10, 10, 20] }, (ms) => time.after(ms, ms), {
      onResult: (ms) => {
        told.push(ms);
        run.run.cancel('enough');
      },
    });
    const run = watch(workflow('w', { each }), time);
    time.flush();
    expect(told).toStrictEqual([10]);
    expect(run.error).toMatchObject({ name: 'CancelledError', reason: 'enough' });
    expectSound(run);
  });

  test('is told anew where the fan-out is tried again as a part of something else', () => {
    const told: unknown[] = [];
    let tries = 0;
    const each = forEachStep('each', { items: [1, 2] }, (item) => item, {
      onResult: (item) => told.push(item),
    });
    const check = step('check', { each }, () => {
      if (++tries === 1) throw new Error('again');
      return 'good';
    });
    const part = subflow('part', workflow('inner', { check }), { retry: 1 });
    expect(play(workflow('w', { part })).result).toStrictEqual({ part: { check: 'good' } });
    expect(told).toStrictEqual([1, 2, 1, 2]);
  });

  test('may be absent, and is a function', () => {
    expect(
      play(
        workflow('w', { each: forEachStep('each', { items: [1] }, (item) => item, { onResult: undefined }) }),
      ).result,
    ).toStrictEqual({ each: [1] });
    expect(() => forEachStep('each', { items: [1] }, (item) => item, { onResult: 5 as never })).toThrow(
      InvalidOptionsError,
    );
  });
});
