import { describe, expect, test } from 'vitest';
import { amountTicks, byteTicks, timeTicks } from '../../lib/report/ticks.ts';

const texts = (from: number, to: number, most = 8): string[] =>
  timeTicks(from, to, most).map(({ text }) => text);

describe('marks on an axis of time', () => {
  test.each<[number, number, string[]]>([
    [0, 500, ['0', '100 ms', '200 ms', '300 ms', '400 ms', '500 ms']],
    [0, 0.8, ['0', '0.1 ms', '0.2 ms', '0.3 ms', '0.4 ms', '0.5 ms', '0.6 ms', '0.7 ms', '0.8 ms']],
    [0, 4_000, ['0', '0.5 s', '1.0 s', '1.5 s', '2.0 s', '2.5 s', '3.0 s', '3.5 s', '4.0 s']],
    [0, 40_000, ['0 s', '5 s', '10 s', '15 s', '20 s', '25 s', '30 s', '35 s', '40 s']],
    [0, 300_000, ['0:00', '1:00', '2:00', '3:00', '4:00', '5:00']],
    [7_200_000, 9_000_000, ['2:00:00', '2:05:00', '2:10:00', '2:15:00', '2:20:00', '2:25:00', '2:30:00']],
    [
      62_000,
      62_001.5,
      [
        '1:02.0000',
        '1:02.0002',
        '1:02.0004',
        '1:02.0006',
        '1:02.0008',
        '1:02.0010',
        '1:02.0012',
        '1:02.0014',
      ],
    ],
  ])('%d to %d ms', (from, to, expected) => {
    expect(texts(from, to)).toEqual(expected);
  });

  test('no two are written alike, however far one zooms in, wherever', () => {
    for (const start of [0, 1_137.3, 59_999, 3_599_000, 86_400_000])
      for (let length = 0.01; length < 1e8; length *= 3) {
        const found = texts(start, start + length);
        expect(new Set(found).size, `${String(start)} + ${String(length)}: ${found.join(' ')}`).toBe(
          found.length,
        );
        expect(found.length).toBeLessThanOrEqual(10);
      }
  });
});

test('marks of amounts are whole where amounts are', () => {
  expect(amountTicks(5, 4, true)).toEqual([0, 2, 4]);
  expect(amountTicks(1.1, 4, true)).toEqual([0, 1]);
  expect(amountTicks(1.1, 2, false)).toEqual([0, 1]);
  expect(amountTicks(0, 4, true)).toEqual([0]);
});

test('marks of memory are round in binary', () => {
  expect(byteTicks(10 * 2 ** 30, 3)).toEqual([0, 4 * 2 ** 30, 8 * 2 ** 30]);
});
