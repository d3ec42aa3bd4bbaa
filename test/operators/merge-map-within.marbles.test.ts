import { map } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { marbles } from '../support/marbles.ts';
import { mergers } from './support/mergers.ts';

/** Streams in marbles. The letters of the source name the inners: those of small letters are cold, the others hot. */
interface Drawing {
  readonly behaviour: string;
  readonly limit: number;
  readonly source: string;
  readonly sourceSubs: string;
  readonly inners: Readonly<Record<string, string>>;
  readonly innerSubs: Readonly<Record<string, string | readonly string[]>>;
  readonly expected: string;
  readonly unsub?: string;
}

const drawings: readonly Drawing[] = [
  {
    behaviour: 'with a limit of 1 inners run one after the other, in order',
    limit: 1,
    source: '         -a---b--a-|                 ',
    sourceSubs: '     ^---------!                 ',
    inners: { a: '    -x--y--|', b: '-z-|' },
    innerSubs: {
      a: ['           -^------!                 ', '           -----------^------!       '],
      b: '            --------^--!              ',
    },
    expected: '       --x--y---z--x--y--|         ',
  },
  {
    behaviour: 'with a limit of 2 a third waits until one of two has completed',
    limit: 2,
    source: '         -a-a-a-----|                ',
    sourceSubs: '     ^----------!                ',
    inners: { a: '    --x--y-|' },
    innerSubs: {
      a: [
        '           -^------!                 ',
        '           ---^------!               ',
        '           --------^------!          ',
      ],
    },
    expected: '       ---x-xy-y-x--y-|            ',
  },
  {
    behaviour: 'without a limit all run at once',
    limit: Infinity,
    source: '         -a-a-a-----|                ',
    sourceSubs: '     ^----------!                ',
    inners: { a: '    --x--y-|' },
    innerSubs: {
      a: [
        '           -^------!                 ',
        '           ---^------!               ',
        '           -----^------!             ',
      ],
    },
    expected: '       ---x-xyxy-y-|               ',
  },
  {
    behaviour: 'a hot inner that has to wait is heard from its turn on',
    limit: 1,
    source: '         -AB------|                  ',
    sourceSubs: '     ^--------!                  ',
    inners: {
      A: '            x-1--2--|                 ',
      B: '            x-x--x-x-3--4-|           ',
    },
    innerSubs: {
      A: '            -^------!                 ',
      B: '            --------^-----!           ',
    },
    expected: '       --1--2---3--4-|             ',
  },
  {
    behaviour: 'with a limit of 2 two hot inners are heard at a time',
    limit: 2,
    source: '         -ABC-----|                  ',
    sourceSubs: '     ^--------!                  ',
    inners: {
      A: '            x-1--2--|                 ',
      B: '            x--3---4--5---|           ',
      C: '            x-x-x-xx-6--7-----|       ',
    },
    innerSubs: {
      A: '            -^------!                 ',
      B: '            --^-----------!           ',
      C: '            --------^---------!       ',
    },
    expected: '       --13-2-4-65-7-----|         ',
  },
  {
    behaviour: 'the first error of an inner ends it; what runs is unsubscribed and what waits never starts',
    limit: 2,
    source: '         -a-b-c----|                 ',
    sourceSubs: '     ^-----!                     ',
    inners: { a: '    --x--#', b: '----------|', c: '|' },
    innerSubs: { a: ' -^----!', b: '---^--!', c: [] },
    expected: '       ---x--#                     ',
  },
  {
    behaviour: 'an error of the source ends it at once, whatever runs or waits',
    limit: 1,
    source: '         -a-b--#                     ',
    sourceSubs: '     ^-----!                     ',
    inners: { a: '    --x------|', b: '|' },
    innerSubs: { a: ' -^----!', b: [] },
    expected: '       ---x--#                     ',
  },
  {
    behaviour: 'of two errors the first counts',
    limit: 2,
    source: '         -a-b------#                 ',
    sourceSubs: '     ^-----!                     ',
    inners: { a: '    --x--------#', b: '-y-#' },
    innerSubs: { a: ' -^----!', b: '---^--!' },
    expected: '       ---xy-#                     ',
  },
  {
    behaviour: 'unsubscribing unsubscribes from the source and what runs; what waits never starts',
    limit: 1,
    source: '         -a-b-------|                ',
    sourceSubs: '     ^-----!                     ',
    inners: { a: '    --x------|', b: '|' },
    innerSubs: { a: ' -^----!', b: [] },
    unsub: '          ^-----!                     ',
    expected: '       ---x---                     ',
  },
  {
    behaviour: 'unsubscribing after the source has completed ends what runs',
    limit: 2,
    source: '         -ab|                        ',
    sourceSubs: '     ^--!                        ',
    inners: { a: '    --x---y--|', b: '-|' },
    innerSubs: { a: ' -^---!', b: '--^!' },
    unsub: '          ^----!                      ',
    expected: '       ---x--                      ',
  },
  {
    behaviour: 'it completes with the source where that completes last',
    limit: 1,
    source: '         -a--------|                 ',
    sourceSubs: '     ^---------!                 ',
    inners: { a: '    -x|' },
    innerSubs: { a: ' -^-!' },
    expected: '       --x-------|                 ',
  },
  {
    behaviour: 'it completes with the last inner where the source completed before',
    limit: 1,
    source: '         -aa|                        ',
    sourceSubs: '     ^--!                        ',
    inners: { a: '    -x|' },
    innerSubs: { a: ['-^-!', '---^-!'] },
    expected: '       --x-x|                      ',
  },
  {
    behaviour: 'a source that does not end keeps it from completing',
    limit: 2,
    source: '         -a---                       ',
    sourceSubs: '     ^                           ',
    inners: { a: '    -x|' },
    innerSubs: { a: ' -^-!' },
    expected: '       --x--                       ',
  },
  {
    behaviour: 'an inner that does not end keeps its place, so that others wait for ever',
    limit: 1,
    source: '         -a-b|                       ',
    sourceSubs: '     ^---!                       ',
    inners: { a: '    -x-', b: '|' },
    innerSubs: { a: ' -^', b: [] },
    expected: '       --x-                        ',
  },
  {
    behaviour: 'an empty source completes',
    limit: 1,
    source: '         |                           ',
    sourceSubs: '     (^!)                        ',
    inners: {},
    innerSubs: {},
    expected: '       |                           ',
  },
  {
    behaviour: 'a source that never emits never ends',
    limit: 1,
    source: '         -                           ',
    sourceSubs: '     ^                           ',
    inners: {},
    innerSubs: {},
    expected: '       -                           ',
  },
  {
    behaviour: 'a source that errors at once errors',
    limit: 1,
    source: '         #                           ',
    sourceSubs: '     (^!)                        ',
    inners: {},
    innerSubs: {},
    expected: '       #                           ',
  },
  {
    behaviour: 'empty inners give way at once',
    limit: 1,
    source: '         -a-(aab)--|                 ',
    sourceSubs: '     ^---------!                 ',
    inners: { a: '    |', b: '-x|' },
    innerSubs: {
      a: [
        '           -(^!)                     ',
        '           ---(^!)                   ',
        '           ---(^!)                   ',
      ],
      b: '            ---^-!                    ',
    },
    expected: '       ----x-----|                 ',
  },
  {
    behaviour: 'an inner that errors at once ends it at once',
    limit: 1,
    source: '         -a-b-c-|                    ',
    sourceSubs: '     ^--!                        ',
    inners: { a: '    -x|', b: '#', c: '|' },
    innerSubs: { a: ' -^-!', b: '---(^!)', c: [] },
    expected: '       --x#                        ',
  },
  {
    behaviour: 'values that come in one frame start in order, as many as there is room for',
    limit: 2,
    source: '         (abca|)',
    sourceSubs: '     (^!)',
    inners: { a: '    -x--|', b: '--y|', c: '-z|' },
    innerSubs: {
      a: ['           ^---!', '           ----^---!'],
      b: '            ^--!',
      c: '            ---^-!',
    },
    expected: '       -xy-zx--|',
  },
];

describe.each(mergers)('%s', (_name, merge) => {
  test.each(drawings)('$behaviour', (drawing) => {
    marbles((m) => {
      const { limit, source, sourceSubs, inners, innerSubs, unsub, expected } = drawing;
      const outer = m.hot<string>(source);
      const streams = new Map(
        Object.entries(inners).map(([letter, inner]) => [
          letter,
          letter === letter.toLowerCase() ? m.cold<string>(inner) : m.hot<string>(inner),
        ]),
      );
      const inner = (letter: string) => {
        const stream = streams.get(letter);
        if (stream === undefined) throw new Error(`no inner ${letter}`);
        return stream;
      };
      // Neighbours, so that a chain that doesn't hold on unsubscription would show.
      const merged = outer.pipe(
        map((letter) => letter),
        merge(limit, inner),
        map((value) => value),
      );
      m.expect(merged, unsub).toBeObservable(expected);
      m.expect(outer).toHaveSubscriptions(sourceSubs);
      for (const [letter, subs] of Object.entries(innerSubs)) {
        m.expect(inner(letter)).toHaveSubscriptions(typeof subs === 'string' ? subs : [...subs]);
      }
      expect(Object.keys(innerSubs)).toStrictEqual(Object.keys(inners));
    })();
  });
});
