import { describe, expect, test } from 'vitest';
import { runExample } from './support/example.ts';

describe.skipIf(process.platform === 'win32')('the example of processes', { timeout: 60_000 }, () => {
  test('ends them with all that they have started', async () => {
    // What is left of them would hold its output open.
    const { code, stdout, stderr } = await runExample('processes');
    expect(stdout).toBe(
      'version has ended\nserver was stopped, and all that it had started\ncancelled: enough\n',
    );
    expect([code, stderr]).toStrictEqual([0, '']);
  });

  test('does so on Ctrl-C too', async () => {
    const { code, stdout } = await runExample('processes', [], (seen, kill) => {
      if (seen === 'version has ended\n') kill('SIGINT');
    });
    expect(stdout).toContain('server was stopped, and all that it had started\ncancelled: Ctrl-C\n');
    expect(code).toBe(130);
  });
});
