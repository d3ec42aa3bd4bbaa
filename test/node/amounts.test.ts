import { expect, test } from 'vitest';
import { bytes, number, roughText } from '../../lib/node/amounts.ts';

test.each([
  [0, '1 s'],
  [59_400, '59 s'],
  [59_600, '1 min'],
  [3_540_000, '59 min'],
  [3_600_000, '1 h'],
  [5_400_000, '1 h 30 min'],
  [1_500 * 3_600_000, '1,500 h'],
])('%i ms left are %s', (ms, text) => {
  expect(roughText(ms)).toBe(text);
});

test('numbers and amounts of memory are short', () => {
  expect([number(1_234_567), number(0.125), number(Infinity)]).toStrictEqual(['1,234,567', '0.13', '∞']);
  expect([bytes(0), bytes(1_536), bytes(3 * 2 ** 40), bytes(Infinity)]).toStrictEqual([
    '0 B',
    '1.5 KiB',
    '3 TiB',
    '∞',
  ]);
});
