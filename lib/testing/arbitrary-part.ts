import fc, { type Arbitrary } from 'fast-check';
import type { Part, Trying } from './part.ts';

/** What may be in a part. */
interface PartLimits {
  readonly maxDepth: number;
  readonly failures: boolean;
  /** Whether bodies may ignore their stop. */
  readonly stubborn: boolean;
  /** Whether workflows within may go on after failures. */
  readonly goingOn: boolean;
  /** Times of which no two sums are alike, so that nothing is left to the order within a moment. */
  readonly withoutTies: boolean;
}

/** Parts, nested so deep. They shrink to few, and to leaves. */
export function arbitraryPart({
  maxDepth,
  failures,
  stubborn,
  goingOn,
  withoutTies,
}: PartLimits): Arbitrary<Part> {
  const seldom = fc.nat(4).map((dice) => dice === 4);
  const never = fc.constant(false);
  const trying: { [Name in keyof Trying]: Arbitrary<Trying[Name]> } = {
    retries: failures
      ? fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 2 }))
      : fc.constant(0),
    delay: fc.nat(4),
  };
  const { part } = fc.letrec<{ part: Part }>((tie) => {
    const part = tie('part');
    const several = fc.array(part, { minLength: 1, maxLength: 3, size: 'max' });
    const kind = <const Kind extends string>(name: Kind) => fc.constant(name);
    return {
      part: fc.oneof(
        { maxDepth, depthSize: 'max', withCrossShrink: true },
        {
          weight: 7,
          arbitrary: fc.record({
            kind: kind('leaf'),
            ms: fc.nat(5),
            fails: failures
              ? fc.oneof(
                  { weight: 4, arbitrary: kind('never') },
                  fc.constantFrom('always', 'first', 'first outside'),
                )
              : kind('never'),
            hangs: seldom,
            ignoresStop: stubborn ? seldom : never,
            form: withoutTies
              ? fc.constantFrom('observable', 'promise', 'iterable')
              : fc.constantFrom('value', 'observable', 'promise', 'iterable'),
            demand: fc.nat(1),
            priority: fc.nat(2),
            cleansUp: seldom,
            ...trying,
          }),
        },
        { weight: 2, arbitrary: fc.record({ kind: kind('again'), place: fc.nat(9) }) },
        { weight: 3, arbitrary: fc.record({ kind: kind('all'), parts: several }) },
        { weight: 1, arbitrary: fc.record({ kind: kind('gate'), part, runs: fc.boolean() }) },
        { weight: 1, arbitrary: fc.record({ kind: kind('optional'), part }) },
        {
          weight: 1,
          arbitrary: several.chain((given) =>
            fc.record({
              kind: kind('choose'),
              parts: fc.constant(given),
              chosen: fc.nat(given.length - 1),
            }),
          ),
        },
        { weight: 1, arbitrary: fc.record({ kind: kind('first-of'), parts: several }) },
        { weight: 1, arbitrary: fc.record({ kind: kind('fallback'), part, other: part }) },
        {
          weight: 2,
          arbitrary: fc.record({
            kind: kind('for-each'),
            part,
            count: fc.nat(3),
            concurrency: fc.integer({ min: 1, max: 3 }),
            items: fc.constantFrom('list', 'step', 'iterable', 'async', 'observable'),
            settles: failures ? seldom : never,
            ...trying,
          }),
        },
        {
          weight: 2,
          arbitrary: fc.record({
            kind: kind('subflow'),
            part,
            goesOn: goingOn ? seldom : never,
            timeout: failures ? fc.option(fc.nat(20), { nil: undefined, freq: 4 }) : fc.constant(undefined),
            ...trying,
          }),
        },
        { weight: 2, arbitrary: fc.record({ kind: kind('returned'), part, ...trying }) },
        { weight: 1, arbitrary: fc.record({ kind: kind('stream'), count: fc.nat(4), ms: fc.nat(3) }) },
      ),
    };
  });
  const plan = fc
    .array(part, { minLength: 1, maxLength: 5, size: 'max' })
    .map((parts): Part => (parts.length === 1 ? (parts[0] as Part) : { kind: 'all', parts }))
    .map(withStreamsOfTheirOwn);
  return withoutTies ? plan.map((tied) => untied(tied, new Offsets())) : plan;
}

/**
 * The same part, without branches that may share a stream: a workflow in which such a branch could only be chosen by the end of
 * that stream is refused. Those that would ask for a step again read a stream of their own.
 */
function withStreamsOfTheirOwn(block: Part): Part {
  const hasStreams = someOfBlock(block, ({ kind }) => kind === 'stream');
  const without = (part: Part, isBranch: boolean): Part => {
    const same = (one: Part): Part => without(one, isBranch);
    const branch = (one: Part): Part => without(one, true);
    switch (part.kind) {
      case 'leaf':
      case 'stream':
        return part;
      case 'again':
        return isBranch && hasStreams ? { kind: 'stream', count: part.place % 4, ms: 1 } : part;
      case 'all':
      case 'first-of':
        return { ...part, parts: part.parts.map(same) };
      case 'choose':
        return { ...part, parts: part.parts.map(branch) };
      case 'fallback':
        return { ...part, part: same(part.part), other: branch(part.other) };
      case 'gate':
      case 'optional':
        return { ...part, part: same(part.part) };
      default:
        return { ...part, part: withStreamsOfTheirOwn(part.part) };
    }
  };
  return without(block, false);
}

/** Whether one of the parts of a workflow is so, those within the workflows in it apart. */
function someOfBlock(part: Part, isSo: (part: Part) => boolean): boolean {
  if (isSo(part)) return true;
  switch (part.kind) {
    case 'all':
    case 'first-of':
    case 'choose':
      return part.parts.some((each) => someOfBlock(each, isSo));
    case 'fallback':
      return someOfBlock(part.part, isSo) || someOfBlock(part.other, isSo);
    case 'gate':
    case 'optional':
      return someOfBlock(part.part, isSo);
    default:
      return false;
  }
}

/** Numbers of which no two sums are alike: powers of e. */
class Offsets {
  #given = 0;

  next(): number {
    return 0.1 * Math.exp(-this.#given++ / 64);
  }
}

/** The same part, with a bit more of each time, no two of them alike. */
function untied(part: Part, offsets: Offsets): Part {
  const more = <Plan extends object>(plan: Plan): Plan =>
    Object.fromEntries(
      Object.entries(plan).map(([name, value]) => [
        name,
        timeNames.has(name) && typeof value === 'number' ? value + offsets.next() : value,
      ]),
    ) as Plan;
  const within = (one: Part): Part => untied(one, offsets);
  const own = more(part);
  switch (own.kind) {
    case 'leaf':
    case 'again':
    case 'stream':
      return own;
    case 'all':
    case 'first-of':
    case 'choose':
      return { ...own, parts: own.parts.map(within) };
    case 'fallback':
      return { ...own, part: within(own.part), other: within(own.other) };
    default:
      return { ...own, part: within(own.part) };
  }
}

const timeNames = new Set(['ms', 'delay', 'timeout']);
