import { describe, expect, test } from 'vitest';
import { cutName, cutText, padText, widthOf, wrapText } from '../../lib/node/terminal-text.ts';

describe('a text is as wide as terminals draw it', () => {
  test.each([
    ['plain', 5],
    ['日本語', 6],
    ['한글', 4],
    ['🚀', 2],
    ['👩‍👩‍👧‍👦', 2],
    ['🇨🇭', 2],
    ['1️⃣', 2],
    ['e\u0301', 1],
    ['a\u200Bb', 2],
    ['★', 1],
    ['ｱ', 1],
    ['\u001B[31mred\u001B[39m', 3],
    ['', 0],
  ])('%s: %i', (text, width) => {
    expect(widthOf(text)).toBe(width);
    expect(widthOf(padText(text, 8))).toBe(8);
  });
});

test.each([
  ['short', 10, 'short'],
  ['no word is broken', 12, 'no word is …'],
  ['no word is broken', 11, 'no word is…'],
  ['no word is broken', 10, 'no word …'],
  // Where that would leave next to nothing, one is.
  ['a verylongwordindeed', 12, 'a verylongw…'],
  ['漢字漢字漢字', 6, '漢字…'],
  ['gone', 0, ''],
  ['gone', 1, '…'],
])('%s in %i columns is cut between words: %s', (text, columns, cut) => {
  expect(cutText(text, columns)).toBe(cut);
  expect(widthOf(cut)).toBeLessThanOrEqual(columns);
});

test.each([
  ['delays-by-airport', 20, 'delays-by-airport'],
  ['delays-by-airport', 11, 'delay…rport'],
  ['日本語日本語', 7, '日…本語'],
  ['delays', 4, 'del…'],
  ['delays', 0, ''],
])('the name %s in %i columns keeps both ends: %s', (name, columns, cut) => {
  expect(cutName(name, columns)).toBe(cut);
  expect(widthOf(cut)).toBeLessThanOrEqual(columns);
});

test('a text is broken between words, and a word only where it must be', () => {
  expect(wrapText('  as it is', 40, '    ')).toEqual(['  as it is']);
  expect(wrapText('  ✗ step: no such table in this file', 20, '    ')).toEqual([
    '  ✗ step: no such',
    '    table in this',
    '    file',
  ]);
  expect(wrapText('at https://example.org/very/long end', 14, '  ')).toEqual([
    'at',
    '  https://exam',
    '  ple.org/very',
    '  /long end',
  ]);
  expect(wrapText('漢字漢字', 3)).toEqual(['漢', '字', '漢', '字']);
  for (const line of wrapText('any text whatever, with🚀 wide 漢字 in it', 9, ' '))
    expect(widthOf(line)).toBeLessThanOrEqual(9);
});
