import { expect, test } from 'vitest';
import { CallQueue, QueueEntry } from '../../lib/pool/call-queue.ts';

class Entry extends QueueEntry {
  readonly name: string;

  constructor(name: string, group?: object) {
    super(group);
    this.name = name;
  }
}

function queueOf(names: string): { readonly queue: CallQueue<Entry>; readonly entries: readonly Entry[] } {
  const queue = new CallQueue<Entry>();
  const entries = Array.from(names, (name) => new Entry(name));
  for (const entry of entries) queue.push(entry);
  return { queue, entries };
}

test('entries leave in the order they came', () => {
  const { queue } = queueOf('abc');
  expect(queue.size).toBe(3);
  expect(
    [queue.shift(), queue.shift(), queue.shift(), queue.shift()].map((entry) => entry?.name),
  ).toStrictEqual(['a', 'b', 'c', undefined]);
  expect(queue.size).toBe(0);
});

test('unshift puts an entry before all others, also in an empty queue', () => {
  const queue = new CallQueue<Entry>();
  for (const name of 'ba') queue.unshift(new Entry(name));
  queue.push(new Entry('c'));
  expect(queue.drain().map(({ name }) => name)).toStrictEqual(['a', 'b', 'c']);
});

test.for([
  [0, 'bc'],
  [1, 'ac'],
  [2, 'ab'],
] as const)('entry %i leaves from where it is, once', ([index, left]) => {
  const { queue, entries } = queueOf('abc');
  const entry = entries[index];
  if (entry === undefined) throw new Error('no such entry');
  queue.remove(entry);
  queue.remove(entry);
  expect(queue.size).toBe(2);
  const rest = queue.drain().map(({ name }) => name);
  expect(rest.join('')).toBe(left);
  queue.push(entry);
  expect(queue.shift()).toBe(entry);
});

test('groups are served in turn, each in the order its entries came, and one that is put back comes first', () => {
  const queue = new CallQueue<Entry>();
  const [a, b] = [{}, {}];
  for (const name of ['a1', 'a2', 'a3']) queue.push(new Entry(name, a));
  for (const name of ['b1', 'b2']) queue.push(new Entry(name, b));
  queue.push(new Entry('none'));
  const first = queue.shift();
  if (first === undefined) throw new Error('no entry');
  expect(queue.first?.name).toBe('b1');
  queue.unshift(first);
  expect(queue.drain().map(({ name }) => name)).toStrictEqual(['a1', 'b1', 'none', 'a2', 'b2', 'a3']);
  expect(queue.size).toBe(0);
  expect(queue.first).toBeUndefined();
});
