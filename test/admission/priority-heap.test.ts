import { expect, test } from 'vitest';
import { PriorityHeap } from '../../lib/admission/priority-heap.ts';

const ascending = { before: (left: number, right: number): boolean => left < right };

function heapOf(...items: number[]): PriorityHeap<number> {
  const heap = new PriorityHeap<number>(ascending);
  for (const item of items) heap.push(item);
  return heap;
}

function drain(heap: PriorityHeap<number>): (number | undefined)[] {
  return Array.from({ length: heap.size }, () => heap.pop());
}

test('items come out in order', () => {
  expect(drain(heapOf(3, 1, 4, 1, 5, 9, 2, 6))).toStrictEqual([1, 1, 2, 3, 4, 5, 6, 9]);
});

test('an empty one has nothing to give', () => {
  const heap = heapOf();
  expect([heap.size, heap.peek(), heap.pop()]).toStrictEqual([0, undefined, undefined]);
  expect(heap.clear()).toStrictEqual([]);
});

test('peek leaves the item where it is', () => {
  const heap = heapOf(2, 1);
  expect([heap.peek(), heap.peek(), heap.size]).toStrictEqual([1, 1, 2]);
});

test.each([1, 2, 3, 4, 5, 6, 7])('%i can be taken out from wherever it is', (item) => {
  const heap = heapOf(4, 7, 1, 6, 2, 5, 3);
  heap.remove(item);
  expect(drain(heap)).toStrictEqual([1, 2, 3, 4, 5, 6, 7].filter((other) => other !== item));
});

test('an item that takes the place of a removed one may have to rise', () => {
  const heap = heapOf(1, 10, 2, 20, 21, 3, 30, 40, 41, 42, 43, 4);
  heap.remove(20);
  expect(drain(heap)).toStrictEqual([1, 2, 3, 4, 10, 21, 30, 40, 41, 42, 43]);
});

test('clearing gives everything', () => {
  const heap = heapOf(3, 1, 2);
  expect(heap.clear().sort()).toStrictEqual([1, 2, 3]);
  expect(heap.size).toBe(0);
});
