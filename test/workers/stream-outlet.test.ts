import { describe, expect, test, vi } from 'vitest';
import type { Overflow } from '../../lib/base/overflow.ts';
import { StreamOutlet } from '../../lib/task/stream-outlet.ts';
import { transfer } from '../../lib/wire/transfer.ts';

/** An outlet, and what came out of it. */
function outlet(capacity: number, overflow?: Overflow) {
  const posted: (readonly unknown[])[] = [];
  const told: string[] = [];
  const received = vi.fn<() => void>();
  const stream = new StreamOutlet([capacity, overflow], {
    post(values, list) {
      structuredClone(values, { transfer: [...list] as ArrayBuffer[] });
      posted.push(values);
    },
    receive: received,
    refused: (value) => told.push(`refused ${typeof value}`),
    overflowed: () => told.push('overflowed'),
  });
  return { stream, posted, told, received, sent: () => posted.flat() };
}

describe('values leave a thread', () => {
  test.for([1, 2, 3, 7])('in order, no more of them than there is credit for: %i', async (capacity) => {
    const { stream, sent } = outlet(capacity);
    const taken: number[] = [];
    for (let value = 0; value < 20; value++) {
      const wait = stream.ready();
      if (wait !== undefined) {
        expect(sent()).toHaveLength(value);
        stream.grant(capacity);
        await wait;
      }
      stream.send(value);
      taken.push(value);
    }
    await vi.waitFor(() => {
      expect(sent()).toStrictEqual(taken);
    });
  });

  test('together where they come fast', async () => {
    const { stream, posted, sent } = outlet(100);
    for (let value = 0; value < 40; value++) stream.send(value);
    await vi.waitFor(() => {
      expect(sent()).toHaveLength(40);
    });
    expect(posted.length).toBeLessThan(40);
  });

  test('all of them before the end', () => {
    const { stream, sent } = outlet(2, 'error');
    const ended = vi.fn<() => void>();
    for (const value of ['a', 'b', 'c']) stream.push(value);
    stream.end(ended);
    expect(ended).not.toHaveBeenCalled();
    stream.grant(1);
    expect(ended).toHaveBeenCalledOnce();
    expect(sent()).toStrictEqual(['a', 'b', 'c']);
    stream.grant(1);
    expect(ended).toHaveBeenCalledOnce();
  });

  test('at once to the end where nothing waits', () => {
    const { stream } = outlet(1);
    const ended = vi.fn<() => void>();
    stream.end(ended);
    expect(ended).toHaveBeenCalledOnce();
  });

  test('what was moved leaves with its value', () => {
    const { stream, sent } = outlet(1);
    const buffer = new ArrayBuffer(8);
    stream.send(transfer(buffer, [buffer]));
    expect(sent()).toStrictEqual([buffer]);
    expect(buffer.byteLength).toBe(0);
  });
});

describe('values that nobody reads yet', () => {
  test('wait where there is room, and credit that has arrived is looked for', () => {
    const { stream, sent, told, received } = outlet(1, 'error');
    stream.push('a');
    stream.push('b');
    expect(received).toHaveBeenCalledOnce();
    expect([sent(), told]).toStrictEqual([['a'], []]);
    stream.grant(1);
    expect(sent()).toStrictEqual(['a', 'b']);
  });

  test('are one too many where the policy is to say so: nothing is sent any more', () => {
    const { stream, sent, told } = outlet(1, 'error');
    for (const value of ['a', 'b', 'c', 'd']) stream.push(value);
    stream.grant(5);
    expect([sent(), told]).toStrictEqual([['a'], ['overflowed']]);
  });

  test.for([
    ['drop-oldest', ['a', 'c']],
    ['drop-newest', ['a', 'b']],
    ['latest', ['a', 'c']],
  ] as const)('are let go of as %s says', ([overflow, left]) => {
    const { stream, sent, told } = outlet(1, overflow);
    for (const value of ['a', 'b', 'c']) stream.push(value);
    stream.grant(5);
    expect([sent(), told]).toStrictEqual([left, []]);
  });
});

describe('what ends an outlet early', () => {
  test('a value that cannot be sent: those before it are', () => {
    const { stream, sent, told } = outlet(4, undefined);
    const ended = vi.fn<() => void>();
    for (const value of ['a', () => 'b', 'c']) stream.send(value);
    stream.end(ended);
    expect([sent(), told]).toStrictEqual([['a'], ['refused function']]);
    expect(ended).not.toHaveBeenCalled();
    stream.send('d');
    stream.push('e');
    expect(sent()).toStrictEqual(['a']);
  });

  test('a close: who waits to send hears of it, and what waits is let go of', async () => {
    const { stream, sent } = outlet(1, 'error');
    stream.push('a');
    stream.push('b');
    const wait = stream.ready();
    stream.close();
    await wait;
    stream.grant(5);
    expect(sent()).toStrictEqual(['a']);
    expect(stream.ready()).toBeUndefined();
  });
});
