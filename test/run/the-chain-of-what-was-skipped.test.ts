import { choose, fallback, firstOf, type Step, StepFailedError, StepSkippedError, step } from 'millrace';
import { describe, expect, test } from 'vitest';
import { broken } from './support/broken.ts';
import { ownAndParts } from './support/places.ts';
import { expectSound } from './support/sound.ts';
import { play } from './support/watch.ts';

const no = { when: () => false };

const cases: [string, () => Step<unknown, never>, string[], object][] = [
  [
    'its own when',
    () => step('end', { first: step('first', () => 1) }, () => 1, no),
    ['first', 'end'],
    { because: 'end', reason: 'when' },
  ],
  [
    'the when of what it needs, by its second need',
    () => {
      const gone = step('gone', { root: step('root', () => 1) }, () => 1, no);
      return step('end', { fine: step('fine', () => 1), gone }, () => 1);
    },
    ['root', 'gone', 'end'],
    { because: 'gone', reason: 'when' },
  ],
  [
    'the when of what that needs',
    () => {
      const gone = step('gone', { root: step('root', () => 1) }, () => 1, no);
      const between = step('between', { other: step('other', () => 1), gone }, () => 1);
      return step('end', { fine: step('fine', () => 1), between }, () => 1);
    },
    ['root', 'gone', 'between', 'end'],
    { because: 'gone', reason: 'when' },
  ],
  [
    'a branch that wasn’t taken',
    () => {
      const left = step('left', () => 1);
      const taken = choose('taken', { which: step('which', () => 1) }, () => 'b', {
        a: left,
        b: step('b', () => 1),
      });
      return step('end', { taken, either: firstOf('either', [step('none', () => 1, no)]) }, () => 1);
    },
    ['none', 'either', 'end'],
    { because: 'none', reason: 'when' },
  ],
];

describe.each(ownAndParts)('%s', (_, make, prefix) => {
  test.each(cases)('a step skipped for %s has the path to it in its error', (__, end, chain, cause) => {
    const run = play(make({ end: end() }));
    let error = run.error as StepFailedError;
    while (error.cause instanceof StepFailedError) error = error.cause;
    const whole = chain.map((id) => `${prefix}${id}`);
    expect(error.chain.slice(-whole.length)).toStrictEqual(whole);
    expect(error.cause).toBeInstanceOf(StepSkippedError);
    expect(error.cause).toMatchObject({
      ...cause,
      because: `${prefix}${(cause as { because: string }).because}`,
    });
    expectSound(run);
  });

  test('a failure behind an output that was skipped for it has its own path', () => {
    const bad = step('bad', { root: step('root', () => 1) }, broken);
    const saved = fallback(
      'saved',
      bad,
      step('other', () => 1),
    );
    const end = step('end', { fine: step('fine', () => 1), bad }, () => 1);
    const run = play(make({ end: step('both', { saved, end }, () => 1) }), { onFailure: 'continue' });
    const text = JSON.stringify(run.events);
    expect(text).toContain('bad');
    expect(run.error).toBeDefined();
    expectSound(run);
  });
});
