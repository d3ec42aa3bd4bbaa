import { describe, expect, test } from 'vitest';
import { type GcTerms, planGc, type StoreContents } from '../../lib/store/gc-plan.ts';

const run = (runId: string, age: number, more: Partial<StoreContents['runs'][number]> = {}) => ({
  runId,
  isHeld: false,
  changedAt: 1000 - age,
  size: 10,
  blobs: [] as string[],
  ...more,
});
const result = (name: string, age: number, blobs: readonly string[] = []) => ({
  name,
  size: 10,
  usedAt: 1000 - age,
  blobs,
});
const blob = (name: string, age: number) => ({ name, size: 100, usedAt: 1000 - age });

function gone(contents: Partial<StoreContents>, terms: Partial<GcTerms>): readonly string[] {
  const plan = planGc(
    { runs: [], cached: [], blobs: [], ...contents },
    { now: 1000, olderThan: Infinity, maxBytes: Infinity, keep: 0, grace: 10, ...terms },
  );
  return [
    ...plan.runs.map(({ runId }) => runId),
    ...plan.cached.map(({ name }) => name),
    ...plan.blobs.map(({ name }) => name),
  ];
}

describe('what goes of a store', () => {
  test('is what nothing names, and no more, where nothing is asked for', () => {
    const runs = [run('old', 900, { blobs: ['named'] })];
    const cached = [result('result', 900, ['cached'])];
    const blobs = [blob('named', 900), blob('cached', 900), blob('lost', 900), blob('young', 9)];
    expect(gone({ runs, cached, blobs }, {})).toStrictEqual(['lost']);
  });

  test('is what is too old, with the blobs that only it has named', () => {
    const runs = [run('old', 900, { blobs: ['shared', 'alone'] }), run('new', 5, { blobs: ['shared'] })];
    const cached = [result('stale', 900, ['its']), result('fresh', 5)];
    const blobs = [blob('shared', 900), blob('alone', 900), blob('its', 900)];
    expect(gone({ runs, cached, blobs }, { olderThan: 100 })).toStrictEqual(['old', 'stale', 'alone', 'its']);
  });

  test('is never held, nor among the latest that are to be kept', () => {
    const runs = [run('held', 900, { isHeld: true }), run('older', 800), run('old', 700), run('last', 600)];
    expect(gone({ runs }, { olderThan: 100, keep: 2 })).toStrictEqual(['older']);
    expect(gone({ runs }, { maxBytes: 0, keep: 1 })).toStrictEqual(['older', 'old']);
  });

  test('is the oldest until the rest fits: runs, then results', () => {
    const runs = [run('a', 900, { blobs: ['big'] }), run('b', 800), run('c', 700)];
    const cached = [result('x', 900), result('y', 800)];
    const blobs = [blob('big', 900)];
    expect(gone({ runs, cached, blobs }, { maxBytes: 150 })).toStrictEqual([]);
    expect(gone({ runs, cached, blobs }, { maxBytes: 149 })).toStrictEqual(['a', 'big']);
    expect(gone({ runs, cached, blobs }, { maxBytes: 20 })).toStrictEqual(['a', 'b', 'c', 'big']);
    expect(gone({ runs, cached, blobs }, { maxBytes: 10 })).toStrictEqual(['a', 'b', 'c', 'x', 'big']);
  });

  test('is nothing that was used within the grace', () => {
    const contents = { cached: [result('young', 9, ['its'])], blobs: [blob('its', 900), blob('new', 9)] };
    expect(gone(contents, { olderThan: 0, maxBytes: 0 })).toStrictEqual([]);
  });
});
