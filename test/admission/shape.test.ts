import { expect, test } from 'vitest';
import { Shape } from '../../lib/admission/shape.ts';

const order = { before: (left: number, right: number): boolean => left < right };

function shape(): Shape<number> {
  return new Shape([0, 2], [3, 5], order);
}

function drain(of: Shape<number>): number[] {
  return Array.from({ length: of.size }, () => of.take());
}

test('it tells how much it demands of a class', () => {
  expect([0, 1, 2, 3].map((place) => shape().amountOf(place))).toStrictEqual([3, 0, 5, 0]);
});

test('items come out in order', () => {
  const waiting = shape();
  for (const item of [5, 1, 3]) waiting.add(item, true);
  expect(waiting.peek()).toBe(1);
  expect(drain(waiting)).toStrictEqual([1, 3, 5]);
  expect(waiting.peek()).toBeUndefined();
});

test('an item becomes a barrier with its last overtake, and then goes first', () => {
  const waiting = shape();
  waiting.add(9, true);
  expect(waiting.countOvertake(2)).toBe(0);
  waiting.add(1, true);
  expect(waiting.countOvertake(2)).toBe(1);
  expect(waiting.size).toBe(2);
  expect(drain(waiting)).toStrictEqual([9, 1]);
});

test('overtakes count from the arrival of each item', () => {
  const waiting = shape();
  const made: number[] = [];
  for (let round = 0; round < 6; round++) {
    if (round < 3) waiting.add(round, true);
    made.push(waiting.countOvertake(3));
  }
  expect(made).toStrictEqual([0, 0, 1, 1, 1, 0]);
});

test('items that were not to be counted never become barriers', () => {
  const waiting = shape();
  waiting.add(1, false);
  expect(waiting.countOvertake(1)).toBe(0);
  expect(waiting.barred).toBe(0);
});

test('an item that has gone is not counted any more', () => {
  const waiting = shape();
  waiting.add(1, true);
  waiting.take();
  expect(waiting.countOvertake(1)).toBe(0);
});

test('an item that was a barrier may come again, and become one again', () => {
  const waiting = shape();
  for (const item of [1, 2, 3]) waiting.add(item, true);
  expect(waiting.countOvertake(1)).toBe(3);
  expect(waiting.take()).toBe(1);
  waiting.add(1, true);
  expect(waiting.size).toBe(3);
  expect(waiting.countOvertake(1)).toBe(1);
  expect(waiting.size).toBe(3);
  expect(drain(waiting)).toStrictEqual([1, 2, 3]);
  expect(waiting.peek()).toBeUndefined();
});

test('clearing takes out everything, each item once', () => {
  const waiting = shape();
  for (const item of [1, 2]) waiting.add(item, true);
  waiting.countOvertake(1);
  waiting.take();
  waiting.add(1, true);
  waiting.add(7, true);
  expect(waiting.clear().sort()).toStrictEqual([1, 2, 7]);
  expect(waiting.size).toBe(0);
  waiting.add(4, true);
  expect(waiting.countOvertake(2)).toBe(0);
  expect(drain(waiting)).toStrictEqual([4]);
});
