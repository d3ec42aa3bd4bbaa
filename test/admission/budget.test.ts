import { expect, test } from 'vitest';
import { openBudget } from '../../lib/admission/budget.ts';

// What makes a budget unusable, and what its users see of it: test/operators/merge-map-within.budget.test.ts.

test('a number is one resource, of which each value takes 1, first come first served', () => {
  const { queue, ticket } = openBudget<string>('test', 2);
  for (const [index, value] of ['a', 'b', 'c'].entries()) queue.enqueue(ticket(value, index));
  const first = queue.admit();
  expect([first?.value, queue.admit()?.value, queue.admit()]).toStrictEqual(['a', 'b', undefined]);
  expect(queue.waiting).toBe(1);
  if (first !== undefined) queue.release(first);
  expect(queue.admit()?.value).toBe('c');
});

test('equal demands share a shape, however they are written', () => {
  const { ticket } = openBudget<Record<string, number>>('test', {
    limits: { cpu: 4, gpu: 1 },
    demand: (demand) => demand,
  });
  const { shape } = ticket({ cpu: 2 }, 0);
  expect(ticket({ gpu: 0, cpu: 2 }, 1).shape).toBe(shape);
  expect(ticket({ cpu: 2, gpu: 1 }, 2).shape).not.toBe(shape);
  expect(shape.classes).toStrictEqual([0]);
  expect(shape.amounts).toStrictEqual([2]);
});

test('the owner is named in errors', () => {
  expect(() => openBudget('someone', 0)).toThrow(/^someone: /);
  expect(() => openBudget('someone', { limits: { cpu: 1 } }).ticket(0, 0)).not.toThrow();
  const { ticket } = openBudget<number>('someone', { limits: { cpu: 1 }, demand: (cpu) => ({ cpu }) });
  expect(() => ticket(2, 0)).toThrow(/^someone: /);
});

test('thousands of demands that wait are all remembered, those that are done are not', () => {
  const { queue, ticket } = openBudget<number>('test', {
    limits: { bytes: 9000 },
    demand: (bytes) => ({ bytes }),
  });
  const first = ticket(1, 0).shape;
  queue.enqueue(ticket(5000, 1));
  const waiting = ticket(5000, 2).shape;
  for (let bytes = 2; bytes < 4000; bytes++) ticket(bytes, bytes);
  expect(ticket(1, 4001).shape).not.toBe(first);
  expect(ticket(5000, 4002).shape).toBe(waiting);
});
