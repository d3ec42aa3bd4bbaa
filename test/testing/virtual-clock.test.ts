import { step, workflow } from 'millrace';
import { VirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';

describe('time that moves one thing at a time', () => {
  test('lets the first that is planned happen, and nothing else of the same moment', () => {
    const time = new VirtualTime();
    const happened: string[] = [];
    for (const [what, at] of [
      ['later', 7],
      ['first', 5],
      ['second', 5],
    ] as const)
      time.at(at, () => happened.push(what));
    expect([time.step(), time.now, happened]).toEqual([true, 5, ['first']]);
    expect([time.step(), time.now, happened]).toEqual([true, 5, ['first', 'second']]);
    expect([time.step(), time.now, time.planned]).toEqual([true, 7, 0]);
    expect([time.step(), time.now]).toEqual([false, 7]);
  });

  test('shows a run between two bodies that end at one moment', () => {
    const time = new VirtualTime();
    const [a, b] = ['a', 'b'].map((id) => step(id, () => time.after(10, id)));
    const run = workflow('pair', { a: a as NonNullable<typeof a>, b: b as NonNullable<typeof b> }).run({
      scheduler: time.scheduler,
    });
    run.result$.subscribe();
    time.step();
    expect(run.snapshot().counts).toMatchObject({ completed: 1, running: 1 });
    time.step();
    expect(run.snapshot().status).toBe('completed');
  });

  test('throws what that throws, and keeps the rest', () => {
    const time = new VirtualTime();
    time.at(1, () => {
      throw new Error('as planned');
    });
    time.at(2, () => undefined);
    expect(() => time.step()).toThrow('as planned');
    expect([time.now, time.next]).toEqual([1, 2]);
  });
});
