import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isFolderOfNames, nameOfPieces, piecesOfName } from '../../lib/store/safe-name.ts';
import { oddNames } from '../../lib/testing/odd-names.ts';

const anyName = fc.oneof(
  fc.constantFrom(...oddNames),
  // Also halves of surrogate pairs.
  fc.array(fc.nat(0xff_ff), { minLength: 1, maxLength: 200 }).map((units) => String.fromCharCode(...units)),
  fc.string({ unit: fc.constantFrom('a', 'A', '%', '-', '.', 'u', '2'), minLength: 1, maxLength: 200 }),
);

describe('any name', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        expect(nameOfPieces(piecesOfName(name))).toBe(name);
      }),
    );
  });

  test('becomes parts that every file system takes', () => {
    fc.assert(
      fc.property(anyName, (name) => {
        const pieces = piecesOfName(name);
        for (const [index, piece] of pieces.entries()) {
          expect(piece).toMatch(/^[\da-z_%-]{1,240}$/);
          expect(piece).not.toMatch(/^(?:con|prn|aux|nul|com\d|lpt\d)$/);
          expect(isFolderOfNames(piece)).toBe(index < pieces.length - 1);
        }
      }),
    );
  });
});

test.each([
  ['3f9a0c', '3f9a0c'],
  ['nightly_2026-11', 'nightly_2026-11'],
  ['Nightly', '%4eightly'],
  ['v1.2', 'v1%2e2'],
  ['con', '%63on'],
  ['lpt1', '%6cpt1'],
  ['con.txt', 'con%2etxt'],
  ['..', '%2e%2e'],
  ['ä😀', '%e4%ud83d%ude00'],
  ['%-', '%25-'],
  ['x'.repeat(200), 'x'.repeat(200)],
  ['x'.repeat(201), `${'x'.repeat(200)}%-/x`],
  ['A'.repeat(100), `${'%41'.repeat(66)}%4%-/1${'%41'.repeat(33)}`],
])('%j is written as %s', (name, expected) => {
  expect(piecesOfName(name).join('/')).toBe(expected);
});

test.each([['Nightly'], ['a.b'], ['%4E'], ['%zz'], ['%61'], [''], ['con'], ['%u0061']])(
  'a file called %j is nobody’s',
  (piece) => {
    expect(nameOfPieces([piece])).toBeUndefined();
  },
);
