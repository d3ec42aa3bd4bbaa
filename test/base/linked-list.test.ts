import { describe, expect, test } from 'vitest';
import { LinkedList, ListNode } from '../../lib/base/linked-list.ts';

class Named extends ListNode {
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }
}

const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => new Named(name)) as [Named, Named, Named, Named];

function namesIn(list: LinkedList<Named>): string {
  const names: string[] = [];
  for (let node = list.first; node !== undefined; node = node.next as Named | undefined)
    names.push(node.name);
  const back: string[] = [];
  for (let node = list.last; node !== undefined; node = node.previous as Named | undefined)
    back.push(node.name);
  expect(back.toReversed()).toStrictEqual(names);
  expect(list.size).toBe(names.length);
  return names.join('');
}

describe('a linked list', () => {
  test('is entered at either end and before any node, and left from anywhere', () => {
    const list = new LinkedList<Named>();
    expect(namesIn(list)).toBe('');
    list.push(b);
    list.unshift(a);
    list.push(d);
    list.insertBefore(c, d);
    expect(namesIn(list)).toBe('abcd');
    list.remove(a);
    list.remove(c);
    expect(namesIn(list)).toBe('bd');
    list.insertBefore(a, b);
    expect(namesIn(list)).toBe('abd');
    list.remove(d);
    expect(namesIn(list)).toBe('ab');
    expect([a, b, c, d].map(({ isListed }) => isListed)).toStrictEqual([true, true, false, false]);
    list.remove(b);
    list.remove(a);
    expect(namesIn(list)).toBe('');
  });
});
