import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { onInterrupt } from '../../lib/command/interrupts.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'] as const;

/** What a signal does on a platform: the first, and a second one. */
function heard(platform: NodeJS.Platform, signal: NodeJS.Signals) {
  const before = signals.map((each) => [each, process.listeners(each)] as const);
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => {
    throw new Error('the process has ended');
  });
  const reasons: string[] = [];
  for (const each of signals) process.removeAllListeners(each);
  const interrupts = onInterrupt((reason) => reasons.push(reason), platform);
  onTestFinished(() => {
    for (const [each, listeners] of before) for (const listener of listeners) process.on(each, listener);
    exit.mockRestore();
  });
  process.emit(signal);
  const { code } = interrupts;
  if (code === undefined) process.emit(signal);
  else expect(() => process.emit(signal)).toThrow('the process has ended');
  interrupts.leave();
  expect(signals.map((each) => process.listenerCount(each))).toEqual([0, 0, 0, 0]);
  return { code, reasons, exits: exit.mock.calls.flat() };
}

describe('the first signal stops, and the second ends the process at once', () => {
  test.each([
    ['linux', 'SIGINT', 130, 'interrupted with Ctrl-C'],
    ['linux', 'SIGTERM', 143, 'told to end'],
    ['win32', 'SIGINT', 130, 'interrupted with Ctrl-C'],
    ['win32', 'SIGBREAK', 149, 'interrupted with Ctrl-Break'],
    ['win32', 'SIGHUP', 129, 'told to end, as its console was closed'],
  ] as const)('on %s, %s', (platform, signal, code, reason) => {
    expect(heard(platform, signal)).toEqual({ code, reasons: [reason], exits: [code] });
  });

  test.each([
    ['linux', 'SIGHUP'],
    ['win32', 'SIGTERM'],
  ] as const)('on %s nobody listens to %s', (platform, signal) => {
    expect(heard(platform, signal)).toEqual({ code: undefined, reasons: [], exits: [] });
  });
});
