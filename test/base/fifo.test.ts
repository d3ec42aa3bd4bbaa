import { expect, test } from 'vitest';
import { Fifo } from '../../lib/base/fifo.ts';

test.for([1, 2, 3, 7, 1000])('%i items leave in the order they came', (count) => {
  const fifo = new Fifo<number>();
  for (let item = 0; item < count; item++) fifo.push(item);
  expect(fifo.size).toBe(count);
  for (let item = 0; item < count; item++) expect(fifo.shift()).toBe(item);
  expect(fifo.size).toBe(0);
});

test('items may come while others leave', () => {
  const fifo = new Fifo<number>();
  let next = 0;
  for (let round = 0; round < 500; round++) {
    fifo.push(round * 2);
    fifo.push(round * 2 + 1);
    expect(fifo.shift()).toBe(next++);
  }
  expect(fifo.size).toBe(500);
  while (fifo.size > 0) expect(fifo.shift()).toBe(next++);
  expect(next).toBe(1000);
});

test('an empty one gives nothing, and takes items again', () => {
  const fifo = new Fifo<unknown>();
  expect(fifo.shift()).toBe(undefined);
  fifo.push(undefined);
  expect(fifo.size).toBe(1);
  fifo.clear();
  expect(fifo.size).toBe(0);
  fifo.push(0);
  expect(fifo.shift()).toBe(0);
});
