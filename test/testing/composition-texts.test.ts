import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { composition } from '../../lib/testing/composition.ts';

const texts = fc.sample(composition({ maxDepth: 3 }), { numRuns: 400, seed: 1 }).map(String);

describe('a counterexample says what it is made of', () => {
  test.for([
    ['steps', /leaf\((at once|\d+ ms)/],
    ['failures', /fails (first|always)\(/],
    ['those that never end', /hangs/],
    ['those that ignore their stop', /ignores its stop/],
    ['demands', /db \d/],
    ['priorities', /priority -?\d/],
    ['clean-ups', /clean-up/],
    ['retries', /\d retries after \d+ ms/],
    ['steps that are used again', /again\(\d+\)/],
    ['records', /all\(/],
    ['races', /first-of\(/],
    ['choices', /choose \d of \(/],
    ['conditions', /when (true|false)\(/],
    ['optional parts', /optional\(/],
    ['fallbacks', /fallback\(.+, .+\)/],
    ['fan-outs', /for-each\(\d+ × .+, (list|step|iterable|async|observable), concurrency \d/],
    ['fan-outs that settle', /, settles/],
    ['nested workflows', /subflow\(/],
    ['nested workflows that go on', /subflow\(.+, goes on/],
    ['nested workflows with a timeout', /subflow\(.+, timeout \d+ ms/],
    ['steps that return steps', /returned\(/],
    ['streams', /stream\(\d+ values, \d+ ms each\)/],
    ['runs that go on', /goes on\)?.*\)$/],
    ['limits', /\((db \d)/],
    ['what runs at once', /concurrency \d/],
    ['overtaking', /maxOvertakes \d/],
    ['cancels', /cancelled at \d+ ms\)$/],
  ] as const)('%s', ([, pattern]) => {
    expect(texts.some((text) => pattern.test(text))).toBe(true);
  });

  test('in brackets that close', () => {
    for (const text of texts) {
      let depth = 0;
      for (const character of text) {
        if (character === '(') depth++;
        if (character === ')') depth--;
        expect(depth).toBeGreaterThanOrEqual(0);
      }
      expect(depth).toBe(0);
    }
  });
});
