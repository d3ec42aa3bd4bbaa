import {
  forEachStep,
  InvalidOptionsError,
  input,
  optional,
  StepFailedError,
  step,
  stream,
  subflow,
  type,
  type Workflow,
  workflow,
} from 'millrace';
import { EMPTY, Observable, of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { settlePromises } from './support/settle-promises.ts';
import { expectSound } from './support/sound.ts';
import { play } from './support/watch.ts';

const other = step('other', () => 1);
const numbers = step('numbers', () => of(1, 2));

/** What isn't work, and what the error says to return. */
const refused: [string, () => unknown, string][] = [
  ['optional(step)', () => optional(other), 'the step itself'],
  ['stream(step)', () => stream(numbers), 'the step itself, or what it would emit'],
  ['an input', () => input('path', type<string>()), 'among the step'],
  ['a list of steps', () => [other, numbers], 'a workflow that has them as outputs'],
  ['a list of optional steps', () => [optional(other)], 'a workflow that has them as outputs'],
];

/** How it may be returned. */
const ways: [string, (value: unknown) => unknown][] = [
  ['returned', (value) => value],
  ['in a Promise', (value) => Promise.resolve(value)],
  ['in a Promise of a Promise', async (value) => Promise.resolve(await Promise.resolve(value))],
  ['in a thenable', (value) => ({ then: (settle: (value: unknown) => void) => settle(value) })],
  ['in an Observable', (value) => of(0, value)],
  [
    'in an Observable that ends later',
    (value) =>
      new Observable((subscriber) => {
        setImmediate(() => {
          subscriber.next(value);
          subscriber.complete();
        });
      }),
  ],
  [
    'in an AsyncIterable',
    async function* (value) {
      yield 0;
      yield value;
    },
  ],
  ['in a Promise of an Observable', (value) => Promise.resolve(of(value))],
];

async function played(body: () => unknown, where: string) {
  const first = step('first', body, { retry: 2 });
  const work: Workflow<unknown, never> =
    where === 'in a run'
      ? workflow('w', { first })
      : where === 'in a subflow'
        ? workflow('w', { sub: subflow('sub', workflow('inner', { first })) })
        : workflow('w', { fan: forEachStep('fan', { items: [1] }, body, { retry: 2 }) });
  const run = play(work);
  for (let turn = 0; turn < 4; turn++) await settlePromises();
  run.time.flush();
  return run;
}

function rootOf(error: unknown): Error {
  let root = error as Error;
  while (root instanceof StepFailedError) root = root.cause as Error;
  return root;
}

describe.each(['in a run', 'in a subflow', 'in a fan-out'])('%s', (where) => {
  describe.each(ways)('%s', (_, wrap) => {
    test.each(refused)('%s is an error that says what to return', async (__, make, remedy) => {
      const run = await played(() => wrap(make()), where);
      const error = rootOf(run.error);
      expect(error).toBeInstanceOf(InvalidOptionsError);
      expect(error.message).toContain(remedy);
      expectSound(run);
    });
  });

  test.each(ways.slice(4, 7))(
    'a step that comes %s is the last value of a stream, which runs nothing',
    async (_, wrap) => {
      const run = await played(() => wrap(other), where);
      const error = rootOf(run.error);
      expect(error).toBeInstanceOf(InvalidOptionsError);
      expect(error.message).toContain('return the step');
    },
  );

  test.each(ways.slice(0, 4))('a step that is %s is work', async (_, wrap) => {
    const run = await played(() => wrap(other), where);
    expect(run.error).toBeUndefined();
    expect(JSON.stringify(run.result)).toContain('1');
  });

  test.each([
    ['a list of values', [1, other]],
    ['a record with a step', { other }],
    ['an empty list', []],
  ])('%s is a value', async (_, value) => {
    const run = await played(() => value, where);
    expect(run.error).toBeUndefined();
  });

  test('it is never tried again', async () => {
    let calls = 0;
    await played(() => {
      calls++;
      return optional(other);
    }, where);
    expect(calls).toBe(1);
  });

  test('a stream without a value is empty, as ever', async () => {
    const run = await played(() => EMPTY, where);
    expect(rootOf(run.error)).toMatchObject({ code: 'EMPTY_STEP' });
  });
});
