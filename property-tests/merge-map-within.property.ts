import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import {
  type Action,
  type Marbles,
  type MergeScenario,
  playMerge,
  type Reaction,
} from '../test/operators/support/merge-scenario.ts';
import { ours, oursWithOneResource, Trampoline, theirs } from '../test/operators/support/mergers.ts';
import { cases } from './support/effort.ts';

const letters = ['a', 'b', 'c', 'd'];
const end = fc.constantFrom('|', '|', '|', '#', '');

/** Events frame by frame, as in `-x(yz)-|`. */
const frames = (value: fc.Arbitrary<string>): fc.Arbitrary<Marbles> =>
  fc
    .tuple(
      fc.array(
        fc.oneof(
          { weight: 3, arbitrary: fc.constant('-') },
          { weight: 3, arbitrary: value },
          {
            weight: 1,
            arbitrary: fc.array(value, { minLength: 2, maxLength: 3 }).map((group) => `(${group.join('')})`),
          },
        ),
        { maxLength: 8 },
      ),
      end,
    )
    .map(([events, last]) => `${events.join('')}${last}`);

/** Events that all come during `subscribe`, and then perhaps more. */
const synchronous = (value: fc.Arbitrary<string>): fc.Arbitrary<Marbles> =>
  fc
    .tuple(
      fc.array(value, { maxLength: 4 }),
      fc.oneof(
        end,
        frames(value).map((later) => `^${later}`),
      ),
    )
    .map(([events, last]) => `${events.join('')}${last}`);

const asynchronous = (value: fc.Arbitrary<string>): fc.Arbitrary<Marbles> =>
  frames(value).map((later) => `^-${later}`);

const letter = fc.constantFrom(...letters);
const value = fc.constantFrom('x', 'y', 'z');
const source = fc.oneof(asynchronous(letter), synchronous(letter));
const limit = fc.constantFrom(1, 2, 3, 7, Infinity);
const unsubscribeAt = fc.option(fc.nat(20), { nil: undefined });
const throwsAt = fc.option(fc.nat(5), { nil: undefined, freq: 5 });
const innersOf = (inner: fc.Arbitrary<Marbles>): fc.Arbitrary<Record<string, Marbles>> =>
  fc.record({ a: inner, b: inner, c: inner, d: inner });

const feed: fc.Arbitrary<Action> = letter.map((fed) => ({ feed: fed }));
const reactionsOf = (
  on: readonly Reaction['on'][],
  does: fc.Arbitrary<readonly Action[]>,
): fc.Arbitrary<Reaction[]> =>
  fc.uniqueArray(fc.record({ on: fc.constantFrom(...on), nth: fc.nat(7), does }), {
    selector: ({ on: occasion, nth }) => `${occasion} ${String(nth)}`,
    minLength: 1,
    maxLength: 4,
  });

const still: fc.Arbitrary<MergeScenario> = fc.record({
  limit,
  source,
  inners: innersOf(fc.oneof(asynchronous(value), synchronous(value))),
  unsubscribeAt,
  throwsAt,
});

/** Values are fed back, but only inners that emit later start by it: nothing that nests can be seen. */
const fedBack: fc.Arbitrary<MergeScenario> = fc.record({
  limit,
  source: fc.oneof(asynchronous(letter), synchronous(letter)),
  inners: innersOf(asynchronous(value)),
  unsubscribeAt,
  throwsAt,
  reactions: reactionsOf(
    ['value'],
    fc.oneof(
      fc.array(feed, { minLength: 1, maxLength: 3 }),
      fc.constantFrom<readonly Action[]>(['complete the source'], ['fail the source'], ['unsubscribe']),
    ),
  ),
});

const anything: fc.Arbitrary<MergeScenario> = fc.record({
  limit,
  source,
  inners: innersOf(fc.oneof(asynchronous(value), synchronous(value))),
  unsubscribeAt,
  throwsAt,
  reactions: reactionsOf(
    ['value', 'value', 'project', 'subscribe', 'teardown'],
    fc.array(
      fc.oneof(
        { weight: 5, arbitrary: feed },
        {
          weight: 1,
          arbitrary: fc.constantFrom<Action>('complete the source', 'fail the source', 'unsubscribe'),
        },
      ),
      { minLength: 1, maxLength: 3 },
    ),
  ),
});

const runs = { numRuns: cases(1500) };

test.prop([still], runs)(
  'with a number or one resource mergeMapWithin does what mergeMap does',
  (scenario) => {
    const expected = outside(scenario, theirs);
    expect(outside(scenario, ours)).toStrictEqual(expected);
    expect(outside(scenario, oursWithOneResource)).toStrictEqual(expected);
  },
);

test.prop([fedBack], runs)('so it does where values are fed back into the source', (scenario) => {
  expect(outside(scenario, ours)).toStrictEqual(outside(scenario, theirs));
});

test.prop([anything], runs)('in any re-entrance it differs by not nesting alone', (scenario) => {
  const trampoline = new Trampoline();
  expect(playMerge(scenario, ours)).toStrictEqual(playMerge(scenario, trampoline.operator, trampoline));
});

/** What can be seen from outside: all but the order among different streams within a frame. */
function outside(scenario: MergeScenario, operator: typeof ours): object {
  const { emitted, projected, subscriptions } = playMerge(scenario, operator);
  return { emitted, projected, subscriptions };
}
