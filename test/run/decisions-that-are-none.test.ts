import {
  choose,
  forEachStep,
  InvalidOptionsError,
  type Step,
  step,
  subflow,
  type Workflow,
  workflow,
} from 'millrace';
import { describe, expect, onTestFinished, test } from 'vitest';
import { broken } from './support/broken.ts';
import { settlePromises } from './support/settle-promises.ts';
import { expectSound } from './support/sound.ts';
import { play } from './support/watch.ts';

/** Rejections that nobody handles, from now to the end of the test. */
function unhandledRejections(): unknown[] {
  const reasons: unknown[] = [];
  const note = (reason: unknown): void => {
    reasons.push(reason);
  };
  process.on('unhandledRejection', note);
  onTestFinished(() => {
    process.off('unhandledRejection', note);
  });
  return reasons;
}

const first = step('first', () => 1);

/** What is asked to decide something, and what the error calls it. */
const askers: [string, (answer: () => never) => Step<unknown, never>, string][] = [
  ['when', (answer) => step('one', { first }, () => 1, { when: answer, retry: 3 }), 'when'],
  ['when of a fan-out', (answer) => forEachStep('one', { items: [1] }, () => 1, { when: answer }), 'when'],
  [
    'a selector',
    (answer) => choose('one', { first }, answer, { a: step('a', () => 1), b: step('b', () => 2) }),
    'selector',
  ],
  ['key', (answer) => forEachStep('one', { items: [1, 2] }, () => 1, { key: answer, retry: 3 }), 'key'],
  [
    'reduce',
    (answer) => forEachStep('one', { items: [1, 2] }, () => 1, { reduce: answer, initial: 0, retry: 3 }),
    'reduce',
  ],
  [
    'onResult',
    (answer) => forEachStep('one', { items: [1, 2] }, () => 1, { onResult: answer, retry: 3 }),
    'onResult',
  ],
  ['resource', (answer) => forEachStep('one', { items: [1, 2] }, () => 1, { resource: answer }), 'resource'],
  [
    'the function of a subflow',
    (answer) => subflow('one', answer as () => Workflow<unknown, never>),
    'the function',
  ],
];

describe.each(['in a run', 'in a subflow'])('%s', (where) => {
  const played = (one: Step<unknown, never>) =>
    where === 'in a run'
      ? play(workflow('w', { one }))
      : play(workflow('w', { sub: subflow('sub', workflow('inner', { one }), { retry: 3 }) }) as never);

  test.each(
    askers.flatMap(([name, make, option]) => [
      [`a Promise of ${name}`, make, option, () => Promise.resolve(true)] as const,
      [`a rejected Promise of ${name}`, make, option, () => Promise.reject(new Error('unheard'))] as const,
      [
        `a thenable of ${name}`,
        make,
        option,
        () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(new Error('unheard')) }),
      ] as const,
    ]),
  )('%s is a typed error, once, and nothing is left unhandled', async (_, make, option, answer) => {
    const unhandled = unhandledRejections();
    let asked = 0;
    const run = played(
      make((() => {
        asked++;
        return answer();
      }) as () => never),
    );
    for (let turn = 0; turn < 5; turn++) await settlePromises();
    let error = run.error as Error;
    while (error.cause instanceof Error && !(error instanceof InvalidOptionsError)) error = error.cause;
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(error.message).toContain(option);
    expect(error.message).toContain('no Promise');
    expect(unhandled).toStrictEqual([]);
    expect(asked).toBeLessThanOrEqual(2);
    expect(run.all('step-retrying')).toStrictEqual([]);
    expectSound(run);
  });

  test.each([undefined, 0, 1, '', 'yes', null, {}])('%j is no answer of when', (answer) => {
    const run = played(step('one', { first }, () => 1, { when: (() => answer) as never }));
    expect(String(run.error)).toContain('true or false');
    expectSound(run);
  });
});

test('a Promise of random is no chance', async () => {
  const unhandled = unhandledRejections();
  const failing = step('failing', broken, { retry: { attempts: 3, delay: 10, jitter: 0.5 } });
  const run = play(workflow('w', { failing }), {
    random: (() => Promise.reject(new Error('unheard'))) as never,
  });
  await settlePromises();
  expect(String(run.error)).toContain(
    'expected what random gives to be a number from 0 to 1, at once and no Promise',
  );
  expect(unhandled).toStrictEqual([]);
});
