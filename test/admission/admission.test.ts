import { describe, expect, test, vi } from 'vitest';
import { Desk } from './support/items.ts';

describe('what fits goes', () => {
  test('items go in order as long as their whole demand fits', () => {
    const desk = new Desk([3]).enqueue('a', [2]).enqueue('b', [2]).enqueue('c', [1]);
    expect(desk.admit()).toStrictEqual(['a', 'c']);
    expect(desk.admission.taken).toStrictEqual([3]);
    expect(desk.admission.waiting).toBe(1);
    expect(desk.release('a')).toStrictEqual(['b']);
  });

  test('what lacks one class of several takes nothing of the others', () => {
    const desk = new Desk([1, 1]).enqueue('a', [1, 0]).enqueue('b', [1, 1]).enqueue('c', [0, 1]);
    expect(desk.admit()).toStrictEqual(['a', 'c']);
    expect(desk.admission.taken).toStrictEqual([1, 1]);
  });

  test('the order is that of the rules, not that of arrival', () => {
    const desk = new Desk([1]).enqueue('late', [1], 9).enqueue('early', [1], 1).enqueue('middle', [1], 5);
    expect([desk.admit(), desk.release('early'), desk.release('middle')]).toStrictEqual([
      ['early'],
      ['middle'],
      ['late'],
    ]);
  });

  test('an unlimited class never runs out', () => {
    const desk = new Desk([Infinity]);
    for (let index = 0; index < 100; index++) desk.enqueue(String(index), [2 ** 40]);
    expect(desk.admit()).toHaveLength(100);
  });

  test('a demand of nothing goes at once', () => {
    const desk = new Desk([1]).enqueue('a', [1]).enqueue('b', [1]).enqueue('nothing', [0]);
    expect(desk.admit()).toStrictEqual(['a', 'nothing']);
    expect(desk.release('nothing')).toStrictEqual([]);
  });

  test('an empty admission gives nothing', () => {
    const desk = new Desk([1]);
    expect(desk.admit()).toStrictEqual([]);
    expect(desk.admission.clear()).toStrictEqual([]);
    expect(desk.removeHopeless()).toStrictEqual([]);
  });

  test('an item may come again after its release', () => {
    const desk = new Desk([1]).enqueue('a', [1]);
    desk.admit();
    desk.admission.release(desk.item('a'));
    desk.admission.enqueue(desk.item('a'));
    expect(desk.admit()).toStrictEqual(['a']);
  });

  test('more distinct demands than are kept in mind all get their turn', () => {
    const desk = new Desk([200]);
    for (let amount = 1; amount <= 200; amount++) desk.enqueue(String(amount), [amount]);
    const started = desk.admit();
    for (let next = 0; next < started.length; next++) started.push(...desk.release(started[next] ?? ''));
    expect(new Set(started).size).toBe(200);
    expect(desk.admission.taken).toStrictEqual([0]);
    desk.enqueue('one more', [7]);
    expect(desk.admit()).toStrictEqual(['one more']);
  });
});

describe('what is taken', () => {
  test('a release gives back everything, and the peaks stay', () => {
    const desk = new Desk([5, 5]).enqueue('a', [2, 1]).enqueue('b', [3, 0]);
    desk.admit();
    desk.release('a');
    desk.release('b');
    expect(desk.admission.taken).toStrictEqual([0, 0]);
    expect(desk.admission.peaks).toStrictEqual([5, 1]);
  });

  test('giving back twice breaks an invariant', () => {
    const desk = new Desk([1]).enqueue('a', [1]);
    desk.admit();
    desk.release('a');
    expect(() => desk.release('a')).toThrow('a demand was given back twice');
  });

  test('fractions add up to a whole, and to no more', () => {
    const desk = new Desk([1]);
    for (let index = 0; index < 11; index++) desk.enqueue(String(index), [0.1]);
    expect(desk.admit()).toHaveLength(10);
  });

  test('rounding does not add up while the demand changes hands a million times', () => {
    const desk = new Desk([1]).enqueue('a', [0.1]).enqueue('b', [0.2]).enqueue('c', [0.7]);
    expect(desk.admit()).toStrictEqual(['a', 'b', 'c']);
    // There is always a holder, so that no moment of rest sets the sum right.
    const items = ['a', 'b', 'c'].map((name) => desk.item(name));
    for (let turn = 0; turn < 1_000_000; turn++) {
      const item = items[turn % 3];
      if (item === undefined) break;
      desk.admission.release(item);
      desk.admission.enqueue(item);
      if (desk.admission.admit() !== item) throw new Error(`it no longer fits after ${String(turn)} turns`);
    }
    desk.enqueue('d', [0.001]);
    expect(desk.admit()).toStrictEqual([]);
  });

  test('whole numbers are kept to the last unit, however large', () => {
    const limit = 2 ** 40;
    const desk = new Desk([limit]).enqueue('a', [limit / 2]).enqueue('b', [limit / 2 + 1]);
    expect(desk.admit()).toStrictEqual(['a']);
    desk.enqueue('c', [limit / 2]);
    expect(desk.admit()).toStrictEqual(['c']);
  });
});

describe('one that does not fit', () => {
  test.each([
    [0, []],
    [1, ['s1']],
    [2, ['s1', 's2']],
    [7, ['s1', 's2', 's3', 's4', 's5', 's6', 's7']],
  ])('is overtaken %i times at the most', (maxOvertakes, overtakers) => {
    const desk = new Desk([2], maxOvertakes).enqueue('running', [1]).enqueue('big', [2], 1);
    const started = desk.admit();
    for (let index = 1; index <= 9; index++) {
      const name = `s${String(index)}`;
      started.push(...desk.enqueue(name, [1], 10 + index).admit());
      if (started.includes(name)) started.push(...desk.release(name));
    }
    expect(started).toStrictEqual(['running', ...overtakers]);
    expect(desk.release('running')).toStrictEqual(['big']);
  });

  test('is not overtaken by those who take nothing that it lacks', () => {
    const desk = new Desk([1, 3], 1).enqueue('a', [1, 0]).enqueue('waits', [1, 1]);
    for (const name of ['b', 'c', 'd']) desk.enqueue(name, [0, 1]);
    expect(desk.admit()).toStrictEqual(['a', 'b', 'c', 'd']);
  });

  test('as a barrier it keeps others from what it lacks alone', () => {
    const desk = new Desk([2, 2], 1).enqueue('a', [1, 0]).enqueue('big', [2, 0]).enqueue('b', [1, 0]);
    expect(desk.admit()).toStrictEqual(['a', 'b']);
    expect(desk.release('b')).toStrictEqual([]);
    desk.enqueue('barred', [1, 0]).enqueue('free', [0, 2]);
    expect(desk.admit()).toStrictEqual(['free']);
    expect(desk.release('a')).toStrictEqual(['big']);
    expect(desk.release('big')).toStrictEqual(['barred']);
  });

  test('barriers go before all others and in order among themselves', () => {
    const desk = new Desk([3], 1)
      .enqueue('a', [2], 0)
      .enqueue('second', [3], 2)
      .enqueue('first', [2], 1)
      .enqueue('small', [1], 3);
    expect(desk.admit()).toStrictEqual(['a', 'small']);
    desk.enqueue('urgent', [1], -1);
    expect(desk.release('small')).toStrictEqual([]);
    expect(desk.release('a')).toStrictEqual(['first']);
    expect(desk.release('first')).toStrictEqual(['second']);
    expect(desk.release('second')).toStrictEqual(['urgent']);
  });

  test('a barrier of which an earlier one lacks nothing goes ahead of it', () => {
    const desk = new Desk([2, 2], 1)
      .enqueue('a', [1, 1], 0)
      .enqueue('early', [2, 0], 1)
      .enqueue('late', [0, 2], 2)
      .enqueue('b', [1, 1], 3);
    expect(desk.admit()).toStrictEqual(['a', 'b']);
    desk.enqueue('holds the first', [1, 0], -1);
    expect(desk.release('b')).toStrictEqual([]);
    expect(desk.release('a')).toStrictEqual(['early', 'late']);
  });

  test('without a bound it is overtaken as long as others fit', () => {
    const desk = new Desk([2], Infinity).enqueue('a', [1]).enqueue('big', [2]);
    desk.admit();
    for (let index = 0; index < 1000; index++) {
      const name = String(index);
      expect(desk.enqueue(name, [1]).admit()).toStrictEqual([name]);
      expect(desk.release(name)).toStrictEqual([]);
    }
    expect(desk.release('a')).toStrictEqual(['big']);
  });
});

describe('pausing', () => {
  test('nothing goes until each pause was resumed; then those who draw are told', () => {
    const desk = new Desk([1]).enqueue('a', [1]);
    const onRoom = vi.fn();
    desk.admission.onRoom = onRoom;
    desk.admission.pause();
    desk.admission.pause();
    expect(desk.admit()).toStrictEqual([]);
    desk.admission.resume();
    expect(desk.admit()).toStrictEqual([]);
    expect(onRoom).not.toHaveBeenCalled();
    desk.admission.resume();
    expect(onRoom).toHaveBeenCalledTimes(1);
    expect(desk.admit()).toStrictEqual(['a']);
  });

  test('nobody is told where nothing waits', () => {
    const desk = new Desk([1]);
    const onRoom = vi.fn();
    desk.admission.onRoom = onRoom;
    desk.admission.pause();
    desk.admission.resume();
    expect(onRoom).not.toHaveBeenCalled();
  });
});

describe('clearing', () => {
  test('takes out everything that waits, in order, barriers included', () => {
    const desk = new Desk([2], 1).enqueue('a', [1]).enqueue('big', [2]).enqueue('b', [1]);
    desk.admit();
    desk.enqueue('late', [1], 9).enqueue('early', [1], -1);
    expect(desk.admission.clear().map(({ name }) => name)).toStrictEqual(['early', 'big', 'late']);
    expect(desk.admission.waiting).toBe(0);
    expect(desk.release('a')).toStrictEqual([]);
    expect(desk.enqueue('next', [1]).admit()).toStrictEqual(['next']);
  });
});

describe('a demand that does not come back', () => {
  test('stays taken', () => {
    const desk = new Desk([3]).enqueue('lost', [2]).enqueue('b', [2]);
    desk.admit();
    desk.admission.forfeit(desk.item('lost').shape);
    expect(desk.admit()).toStrictEqual([]);
    expect(desk.admission.taken).toStrictEqual([2]);
    expect(desk.admission.lostOf(0)).toBe(2);
  });

  test('makes those hopeless who could only fit with it; they can be taken out', () => {
    const desk = new Desk([3, 3])
      .enqueue('lost', [2, 0])
      .enqueue('big', [2, 1])
      .enqueue('bigger', [3, 1])
      .enqueue('small', [1, 3]);
    desk.admit();
    expect(desk.admission.neverFits(desk.item('big'))).toBeUndefined();
    desk.admission.forfeit(desk.item('lost').shape);
    expect(desk.admission.neverFits(desk.item('big'))).toBe(0);
    expect(desk.admission.neverFits(desk.item('small'))).toBeUndefined();
    const removed = desk.removeHopeless().map(({ name }) => name);
    expect(removed.sort()).toStrictEqual(['big', 'bigger']);
    expect(desk.removeHopeless()).toStrictEqual([]);
    expect(desk.admission.waiting).toBe(0);
  });

  test('a barrier that has become hopeless bars no one once it is taken out', () => {
    const desk = new Desk([2], 1).enqueue('lost', [1]).enqueue('big', [2]).enqueue('a', [1]);
    desk.admit();
    desk.admission.release(desk.item('a'));
    expect(desk.enqueue('b', [1]).admit()).toStrictEqual([]);
    desk.admission.forfeit(desk.item('lost').shape);
    expect(desk.removeHopeless()).toStrictEqual([desk.item('big')]);
    expect(desk.admit()).toStrictEqual(['b']);
  });

  test('can come back after all, and then those who draw are told', () => {
    const desk = new Desk([1]).enqueue('lost', [1]).enqueue('b', [1]);
    desk.admit();
    desk.admission.forfeit(desk.item('lost').shape);
    const onRoom = vi.fn();
    desk.admission.onRoom = onRoom;
    desk.admission.recover(desk.item('lost').shape);
    expect(onRoom).toHaveBeenCalledTimes(1);
    expect(desk.admission.lostOf(0)).toBe(0);
    expect(desk.admit()).toStrictEqual(['b']);
  });

  test('comes back whole, without a rest of rounding', () => {
    const desk = new Desk([1]).enqueue('a', [0.1]).enqueue('b', [0.2]).enqueue('c', [0.3]);
    desk.admit();
    for (const name of ['a', 'b', 'c']) desk.admission.forfeit(desk.item(name).shape);
    for (const name of ['a', 'b', 'c']) desk.admission.recover(desk.item(name).shape);
    expect(desk.admission.lostOf(0)).toBe(0);
    expect(desk.admission.taken).toStrictEqual([0]);
  });

  test('comes back whole of one class while items of another are lost', () => {
    const desk = new Desk([1, 1])
      .enqueue('a', [2 / 3, 0])
      .enqueue('b', [1 / 3, 0])
      .enqueue('c', [0, 1]);
    desk.admit();
    for (const name of ['a', 'b', 'c']) desk.admission.forfeit(desk.item(name).shape);
    for (const name of ['b', 'a']) desk.admission.recover(desk.item(name).shape);
    expect(desk.admission.lostOf(0)).toBe(0);
  });

  test('of a class that there is not, nothing is lost', () => {
    expect(new Desk([1]).admission.lostOf(5)).toBe(0);
  });
});
