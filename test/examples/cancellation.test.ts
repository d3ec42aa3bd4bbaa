import { describe, expect, test } from 'vitest';
import { runExample } from './support/example.ts';

describe('the cancellation example', { timeout: 30_000 }, () => {
  test('stops its runs in every way', async () => {
    const { code, stdout, stderr } = await runExample('cancellation');
    expect(stderr).toBe('');
    const ways = stdout.split(/^(?=\S)/m);
    expect(ways.map((way) => way.split('\n')[0])).toEqual([
      'a timeout of the whole run',
      'an AbortSignal from outside',
      'cancelled at once',
      'cancelled, what runs may finish',
      'unsubscribed',
      'switchMap: each search cancels the one before',
      'a polite task in a thread',
      'a stubborn task in a thread',
    ]);
    const [timeout, signal, atOnce, drained, unsubscribed, search, polite, stubborn] = ways;
    expect(timeout).toContain('WorkflowTimeoutError');
    expect(signal).toMatch(/CancelledError: .*aborted due to timeout/);
    expect(atOnce).toContain('was stopped');
    expect(drained).not.toContain('was stopped');
    expect(drained).toContain('CancelledError');
    expect(unsubscribed).toContain('step 2 was stopped');
    expect(search).toContain('found mill\n');
    expect(polite).toContain('had to be ended: 0');
    expect(stubborn).toContain('had to be ended: 1');
    expect(code).toBe(0);
  });

  // Windows has no signals that a process could send to another.
  test.skipIf(process.platform === 'win32')('waits after the first Ctrl-C, stops at the second', async () => {
    let sent = 0;
    const { code, stdout, stderr } = await runExample('cancellation', ['--forever'], (stdout, kill) => {
      const due = stdout.includes('Ctrl-C: waiting') ? 2 : stdout.includes('until Ctrl-C') ? 1 : 0;
      if (due <= sent) return;
      sent = due;
      kill('SIGINT');
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      /^until Ctrl-C\nCtrl-C: waiting .*\nCtrl-C again: .*\n {2}CancelledError: .*"Ctrl-C"; completed: 0/,
    );
    expect(code).toBe(130);
  });
});
