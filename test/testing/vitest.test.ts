import { step, workflow } from 'millrace';
import { runInVirtualTime } from 'millrace/testing';
import { describe, expect, test } from 'vitest';
import 'millrace/testing/vitest';

const a = step('a', () => 1, { resource: 'heavy-cpu', estimate: 5 });
const b = step('b', () => 1, { resource: 'heavy-cpu', estimate: 5 });
const c = step('c', { a, b }, () => 1, { resource: 'heavy-cpu', estimate: 5 });
const flow = workflow('flow', { c });
const options = { bodies: 'replace', limits: { 'heavy-cpu': 2 } } as const;
const recorded = () => runInVirtualTime(flow, options);

describe('the matchers', () => {
  test('toRunBefore', async () => {
    const recording = await recorded();
    expect(recording).toRunBefore('a', 'c');
    expect(recording).not.toRunBefore('a', 'b');
    expect(() => {
      expect(recording).toRunBefore('c', 'a');
    }).toThrow("expected 'c' to run before 'a'\n  'c': 5 ms: step-started");
  });

  test('toOverlap', async () => {
    const recording = await recorded();
    expect(recording).toOverlap('a', 'b');
    expect(recording).not.toOverlap('a', 'c');
    expect(() => {
      expect(recording).not.toOverlap('a', 'b');
    }).toThrow("expected not 'a' and 'b' to run at the same time");
  });

  test('toNeverExceed', async () => {
    const recording = await recorded();
    expect(recording).toNeverExceed('heavy-cpu', 2);
    expect(recording).not.toNeverExceed('heavy-cpu', 1);
    expect(() => {
      expect(recording).toNeverExceed('heavy-cpu', 1);
    }).toThrow("expected 'heavy-cpu' never to exceed 1; at 0 ms a, b held 2");
  });

  test('toBeCancelledWithin', async () => {
    const cancelled = await runInVirtualTime(flow, {
      ...options,
      at: {
        2: (run) => {
          run.cancel();
        },
      },
    });
    expect(cancelled).toBeCancelledWithin('10ms');
    expect(cancelled).toBeCancelledWithin(0);
    const recording = await recorded();
    expect(recording).not.toBeCancelledWithin('10ms');
    expect(() => {
      expect(recording).toBeCancelledWithin(1);
    }).toThrow('it ended with run-completed');
  });

  test('refuse what they do not know', async () => {
    const recording = await recorded();
    expect(() => {
      expect(recording).toRunBefore('a', 'cc');
    }).toThrow("did you mean 'c'?");
    expect(() => {
      expect(recording).toNeverExceed('heavy_cpu', 1);
    }).toThrow("did you mean 'heavy-cpu'?");
    expect(() => {
      expect(recording).toBeCancelledWithin('soon' as never);
    }).toThrow('a duration');
    expect(() => {
      expect([]).toOverlap('a', 'b');
    }).toThrow('a recording, as runInVirtualTime gives');
  });
});
