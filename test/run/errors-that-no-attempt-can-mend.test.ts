import {
  CancellationToken,
  choose,
  fallback,
  firstOf,
  forEachStep,
  InvalidOptionsError,
  MillraceError,
  NoneSucceededError,
  RecursionLimitError,
  type Step,
  step,
  subflow,
  type Workflow,
  workflow,
} from 'millrace';
import { describe, expect, test } from 'vitest';
import { broken } from './support/broken.ts';
import { expectSound } from './support/sound.ts';
import { play } from './support/watch.ts';

class Permanent extends MillraceError {
  override readonly name = 'Permanent';
  override readonly code = 'PERMANENT';

  override get isPermanent(): boolean {
    return true;
  }
}

const permanent = (): Permanent => new Permanent('for good');
const caused = (): Error => new Error('around it', { cause: new Error('and it', { cause: permanent() }) });

/** What a body throws, and how often it is called with two retries. */
const thrown: [string, () => unknown, number][] = [
  ['an ordinary error', () => new Error('broken'), 3],
  ['a mistake', permanent, 1],
  ['an error that came of one', caused, 1],
  ['bad options', () => new InvalidOptionsError('x', [{ option: 'y', expected: 'z', value: 1 }]), 1],
  ['several, all of them mistakes', () => new AggregateError([permanent(), caused()]), 1],
  ['several, one of them not', () => new AggregateError([permanent(), new Error('broken')]), 3],
  ['several that are none', () => new AggregateError([]), 3],
  ['one that causes itself', () => circular(), 3],
  ['a foreign error with such a field', () => Object.assign(new Error('foreign'), { isPermanent: true }), 3],
  ['undefined', () => undefined, 3],
  ['text', () => 'text', 3],
];

function circular(): Error {
  const error = new Error('circular');
  error.cause = error;
  return error;
}

const levels: [string, (body: () => never) => Workflow<unknown, never>][] = [
  ['a step', (body) => workflow('w', { one: step('one', body, { retry: 2 }) })],
  [
    'a subflow',
    (body) =>
      workflow('w', { sub: subflow('sub', workflow('inner', { one: step('one', body) }), { retry: 2 }) }),
  ],
  [
    'a subflow in a subflow',
    (body) => {
      const inner = subflow('inner', workflow('inner', { one: step('one', body) }));
      return workflow('w', { sub: subflow('sub', workflow('mid', { inner }), { retry: 2 }) });
    },
  ],
  [
    'a subflow that goes on after failures',
    (body) =>
      workflow('w', {
        sub: subflow('sub', workflow('inner', { one: step('one', body), fine: step('fine', () => 1) }), {
          retry: 2,
          onFailure: 'continue',
        }),
      }),
  ],
  ['a child', (body) => workflow('w', { fan: forEachStep('fan', { items: [1] }, body, { retry: 2 }) })],
  [
    'a function that returns a workflow',
    (body) => {
      const inner = workflow('inner', { one: step('one', body) });
      return workflow('w', { sub: step('sub', () => inner, { retry: 2 }) });
    },
  ],
  [
    'a function that returns a step',
    (body) => workflow('w', { sub: step('sub', () => step('one', body), { retry: 2 }) }),
  ],
  [
    'firstOf within a subflow',
    (body) => {
      const race = firstOf('race', [step('one', body)]);
      return workflow('w', { sub: subflow('sub', workflow('inner', { race }), { retry: 2 }) });
    },
  ],
  [
    'fallback within a subflow',
    (body) => {
      const saved = fallback('saved', step('bad', broken), step('one', body));
      return workflow('w', { sub: subflow('sub', workflow('inner', { saved }), { retry: 2 }) });
    },
  ],
];

describe.each(levels)('with retry of %s', (_, make) => {
  test.each(thrown)('%s', (__, error, calls) => {
    let called = 0;
    const run = play(
      make(() => {
        called++;
        throw error();
      }),
    );
    expect(called).toBe(calls);
    expect(run.error).toBeDefined();
    expectSound(run);
  });
});

test('several of which some can be mended are tried again by the subflow around firstOf', () => {
  let called = 0;
  const fails = (id: string, error: () => Error): Step<never, never> =>
    step(id, () => {
      called++;
      throw error();
    });
  const inner = (other: () => Error) =>
    workflow('inner', { race: firstOf('race', [fails('a', permanent), fails('b', other)]) });
  const mended = play(
    workflow('w', {
      sub: subflow(
        'sub',
        inner(() => new Error('x')),
        { retry: 2 },
      ),
    }),
  );
  expect(called).toBe(6);
  expect(mended.error).toMatchObject({ cause: { cause: expect.any(NoneSucceededError) as unknown } });
  called = 0;
  play(workflow('w', { sub: subflow('sub', inner(permanent), { retry: 2 }) }));
  expect(called).toBe(2);
});

describe('is asked once, though the subflow has retry: 3:', () => {
  const played = (inner: Record<string, Step<unknown, never>>) =>
    play(workflow('w', { sub: subflow('sub', workflow('inner', inner), { retry: 3 }) }));

  test('a selector that names no branch', () => {
    let asked = 0;
    const one = choose(
      'one',
      {},
      () => {
        asked++;
        return 'c' as 'a';
      },
      { a: step('a', () => 1), b: step('b', () => 2) },
    );
    const run = played({ one });
    expect(asked).toBe(1);
    expect(run.error).toMatchObject({ cause: { cause: { code: 'UNKNOWN_BRANCH' } } });
  });

  test('a recursion without an end', () => {
    let calls = 0;
    const endless = (): Step<unknown, never> =>
      step('deeper', () => {
        calls++;
        return endless();
      });
    const run = played({ deep: endless() });
    expect(calls).toBe(64);
    let error = run.error as Error;
    while (error.cause instanceof Error) error = error.cause;
    expect(error).toBeInstanceOf(RecursionLimitError);
  });

  test('work whose inputs are wrong', () => {
    let calls = 0;
    const run = played({
      one: step('one', () => {
        calls++;
        return forEachStep('fan', { items: 5 as never }, () => 1);
      }),
    });
    expect(calls).toBe(1);
    expect(run.error).toBeDefined();
  });

  test('what was transferred or marked by hand through a token of its own', () => {
    let calls = 0;
    const run = played({
      one: step('one', () => {
        calls++;
        const token = new CancellationToken();
        token.cancel('mine');
        token.throwIfCancelled();
      }),
    });
    expect(calls).toBe(4);
    expect(run.all('run-failed')).toHaveLength(1);
  });
});

test('two items of one key come of data: a level above may try again', () => {
  let keys = ['a', 'a'];
  let calls = 0;
  const sub = subflow(
    'sub',
    () => {
      calls++;
      const fan = forEachStep('fan', { items: keys }, (item) => item, { key: (item) => item, retry: 5 });
      keys = ['a', 'b'];
      return workflow('inner', { fan });
    },
    { retry: 1 },
  );
  const run = play(workflow('w', { sub }));
  expect(calls).toBe(2);
  expect(run.result).toStrictEqual({ sub: { fan: ['a', 'b'] } });
});
