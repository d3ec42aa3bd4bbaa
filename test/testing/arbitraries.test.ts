import fc from 'fast-check';
import { InvalidOptionsError } from 'millrace';
import { cancelAt, dag, durations, expectLawful, failures, resources, scenario } from 'millrace/testing';
import { describe, expect, test } from 'vitest';

describe('a scenario', () => {
  test('shrinks to a small graph, and prints as code and as Mermaid', () => {
    const found = fc.check(
      fc.property(scenario({ maxSteps: 12 }), ({ workflow }) =>
        [...workflow.steps].every(({ dependsOn }) => dependsOn.length < 2),
      ),
      { seed: 1, numRuns: 1000 },
    );
    const smallest = String(found.counterexample?.[0]);
    expect(smallest).toBe(
      [
        "const flow = defineWorkflow('scenario', [",
        "  { id: 'a', run: () => 'a' },",
        "  { id: 'b', run: () => 'b' },",
        "  { id: 'c', dependsOn: ['b', 'a'], run: () => 'c' },",
        ']);',
        'await expectLawful(flow, {',
        '  durations: { a: 0, b: 0, c: 0 },',
        '});',
        '',
        'flowchart LR',
        '  a["a 0 ms"]',
        '  b["b 0 ms"]',
        '  c["c 0 ms"]',
        '  b --> c',
        '  a --> c',
      ].join('\n'),
    );
    expect(fc.stringify(found.counterexample?.[0])).toContain('flowchart LR');
  });

  test('prints everything that it says', () => {
    const texts = fc
      .sample(scenario({ minSteps: 4 }), { numRuns: 200, seed: 3 })
      .map(String)
      .join('\n');
    for (const part of [
      'failures: { ',
      'limits: {',
      'concurrency: ',
      'maxOvertakes: ',
      '(run) => run.cancel()',
      'cleanup:',
      'retry: {',
      'resource: {',
    ])
      expect(texts).toContain(part);
  });

  test('leaves out what it is told to', () => {
    const plain = scenario({ failures: false, resources: false, cancels: false });
    for (const { options } of fc.sample(plain, { numRuns: 50, seed: 5 })) {
      expect(options).toMatchObject({ limits: {}, concurrency: undefined });
      expect(options.at).toBeUndefined();
      expect(Object.values(options.failures ?? {}).every((count) => count === 0)).toBe(true);
    }
  });

  test('catches a run that differs from the naive model', async () => {
    const [drawn] = fc.sample(scenario({ failures: false, cancels: false }), { numRuns: 1, seed: 7 });
    const { workflow, options } = drawn ?? expect.fail('nothing was drawn');
    const first = [...workflow.steps].at(-1)?.id ?? '';
    await expect(expectLawful(workflow, { ...options, outputs: { [first]: 'odd' } })).rejects.toThrow(
      'equal to the naive model: the outputs are',
    );
    await expect(expectLawful(workflow, { ...options, failures: { [first]: 9 } })).rejects.toThrow(
      'the run failed, but no step fails for good',
    );
  });
});

test('durations, failures and cancels stay within their bounds', () => {
  fc.assert(
    fc.property(
      durations(['a', 'b'], { min: 2, max: 5 }),
      failures(['a'], { most: 1 }),
      cancelAt({ max: 3 }),
      (lengths, counts, cancelMs) => {
        expect(Object.keys(lengths)).toStrictEqual(['a', 'b']);
        expect(Object.values(lengths).every((ms) => ms >= 2 && ms <= 5)).toBe(true);
        expect(counts['a']).toBeLessThanOrEqual(1);
        if (cancelMs !== undefined) expect(cancelMs).toBeLessThanOrEqual(3);
      },
    ),
  );
});

test.each<[make: () => unknown, message: string]>([
  [() => dag({ minSteps: 5, maxSteps: 2 }), 'minSteps to be at most maxSteps (2)'],
  [() => dag({ density: 2 }), 'density'],
  [() => dag({ shape: 'star' as never }), 'shape'],
  [() => dag({ maxStep: 2 } as never), "did you mean 'maxSteps'?"],
  [() => dag(null as never), 'constraints'],
  [() => scenario({ minSteps: 0 }), 'minSteps'],
  [() => scenario({ failures: 1 as never }), 'failures'],
  [() => scenario({ cancel: true } as never), "did you mean 'cancels'?"],
  [() => scenario(5 as never), 'constraints'],
  [() => durations([]), 'at least one'],
  [() => durations(['a'], { min: 5, max: 2 }), 'min'],
  [() => durations(['a'], { min: Number.NaN }), 'min'],
  [() => failures(['a'], { most: -1 }), 'most'],
  [() => resources(['a'], { classes: [] }), 'classes'],
  [() => cancelAt({ max: 0.5 }), 'max'],
])('%s is refused', (make, message) => {
  expect(make).toThrow(InvalidOptionsError);
  expect(make).toThrow(message);
});
