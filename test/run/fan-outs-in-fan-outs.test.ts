import { forEachStep, StepFailedError, workflow } from 'millrace';
import { describe, expect, test } from 'vitest';
import { broken } from './support/broken.ts';
import { expectSound } from './support/sound.ts';
import { play } from './support/watch.ts';

describe('a fan-out in a fan-out', () => {
  const pairs = forEachStep(
    'rows',
    { items: ['a', 'b'] },
    (row) =>
      forEachStep('cells', { items: [1, 2] }, (cell) => `${row}${String(cell)}`, { key: (cell) => cell }),
    { key: (row) => row },
  );

  test('is what its function returns, and its ids say so', () => {
    const run = play(workflow('w', { pairs }));
    expect(run.result).toStrictEqual({
      pairs: [
        ['a1', 'a2'],
        ['b1', 'b2'],
      ],
    });
    expect(
      run
        .all('step-added')
        .map(({ stepId }) => stepId)
        .sort(),
    ).toStrictEqual([
      'rows[a]',
      'rows[a]/cells',
      'rows[a]/cells[1]',
      'rows[a]/cells[2]',
      'rows[b]',
      'rows[b]/cells',
      'rows[b]/cells[1]',
      'rows[b]/cells[2]',
    ]);
    expectSound(run);
  });

  test('lets the earlier item’s children go before the later one’s', () => {
    const run = play(workflow('w', { pairs }), { concurrency: 1 });
    const cells = run
      .all('step-started')
      .flatMap(({ stepId }) => (stepId.includes('cells[') ? [stepId] : []));
    expect(cells).toStrictEqual([
      'rows[a]/cells[1]',
      'rows[a]/cells[2]',
      'rows[b]/cells[1]',
      'rows[b]/cells[2]',
    ]);
  });

  test('tells the whole chain where it fails', () => {
    const all = forEachStep('all', { items: [1] }, () => forEachStep('inner', { items: [1] }, broken));
    const run = play(workflow('w', { all }));
    let deepest = run.error as StepFailedError;
    while (deepest.cause instanceof StepFailedError) deepest = deepest.cause;
    expect(deepest.chain).toStrictEqual(['all', 'all[0]', 'all[0]/inner', 'all[0]/inner[0]']);
    expectSound(run);
  });

  test('that is tried again cleans up between the attempts', () => {
    const log: string[] = [];
    const all = forEachStep(
      'all',
      { items: ['x'] },
      (item, _, { attempt }) =>
        forEachStep(
          'inner',
          { items: [1, 2] },
          (n) => {
            log.push(`do ${item}${String(n)}`);
            return n === 2 && attempt === 1 ? broken() : n;
          },
          { cleanup: (n) => log.push(`undo ${item}${String(n)}`), concurrency: 1 },
        ),
      { retry: 1 },
    );
    const run = play(workflow('w', { all }));
    expect(run.result).toStrictEqual({ all: [[1, 2]] });
    expect(log).toStrictEqual(['do x1', 'do x2', 'undo x1', 'do x1', 'do x2']);
    expectSound(run);
  });
});
