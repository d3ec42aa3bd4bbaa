import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const program = (name: string): readonly string[] => [
  '--import',
  'tsx',
  '-C',
  'millrace:source',
  fileURLToPath(new URL(`fixtures/${name}.program.ts`, import.meta.url)),
];
const env = { ...process.env, CI: '', TERM: 'xterm-256color' };

/** Sends SIGINT once the program is ready; what it wrote until its end, and what it ended by. */
async function interrupted(
  how: 'heeds' | 'ignores',
): Promise<{ stdout: string; stderr: string; code: unknown; signal: unknown }> {
  const child = spawn(process.execPath, [...program('interrupted'), how], { env });
  const ended = once(child, 'close');
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += String(data);
    if (stdout === 'ready\n') child.kill('SIGINT');
  });
  child.stderr.on('data', (data) => {
    stderr += String(data);
  });
  const [code, signal] = (await ended) as [unknown, unknown];
  return { stdout, stderr, code, signal };
}

describe('a process that shows a run in a terminal', { timeout: 60_000 }, () => {
  test('cleans up on Ctrl-C where it listens to it', async () => {
    const { stdout, stderr, code } = await interrupted('heeds');
    expect([stdout, code]).toStrictEqual(['ready\ncleaned up\nthe end\n', 130]);
    expect(stderr).toContain('waiting');
  });

  test('dies of Ctrl-C where it doesn’t, and leaves the cursor as it was', async () => {
    const { stdout, stderr, signal } = await interrupted('ignores');
    expect([stdout, signal]).toStrictEqual(['ready\n', 'SIGINT']);
    expect(stderr.split('\u001B[?25l')).toHaveLength(stderr.split('\u001B[?25h').length);
  });

  test.skipIf(process.platform === 'win32')('ends well where nobody reads what it writes', async () => {
    const [node, ...args] = [process.execPath, ...program('short')].map((part) => `'${part}'`);
    const script = `set -o pipefail; ${String(node)} ${args.join(' ')} 2>&1 >/dev/null | true`;
    await expect(promisify(execFile)('bash', ['-c', script], { env })).resolves.toMatchObject({ stdout: '' });
  });
});
