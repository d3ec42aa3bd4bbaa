import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { describe, expect, inject, onTestFinished, test, vi } from 'vitest';
import { runCommand } from '../../lib/command/run-command.ts';
import { hasRedis, TestRedis } from '../bullmq/support/redis.ts';
import { Notes, remote, until } from '../bullmq/support/workers.ts';
import { temporaryFolder } from '../store/support/temporary-folder.ts';
import { captured } from './support/captured.ts';
import { startCommand } from './support/command-process.ts';

const module = inject('workerUrls')['remote'] ?? '';

async function told(...words: readonly string[]) {
  const { terminal, texts } = captured();
  const code = await runCommand(['work', ...words], terminal);
  return { code, text: texts.all };
}

describe('what can’t be done', () => {
  test('without a queue, or a Redis', async () => {
    vi.stubEnv('MILLRACE_CONNECTION', '');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    expect(await told(module)).toMatchObject({
      code: 2,
      text: expect.stringMatching(/--queue <name>/) as unknown,
    });
    expect(await told(module, '--queue', 'q')).toStrictEqual({
      code: 2,
      text: 'millrace: where is Redis? Give --connection redis://host:6379, or set MILLRACE_CONNECTION\n',
    });
    expect(await told('nothing.js', '--queue', 'q', '--connection', 'redis://h')).toMatchObject({
      code: 2,
      text: expect.stringMatching(/there is no module nothing\.js/) as unknown,
    });
    expect(await told(module, '--queue', 'q', '--connection', 'http://h')).toMatchObject({
      code: 2,
      text: expect.stringMatching(/expected connection to be a URL, as in 'redis/) as unknown,
    });
  });

  test('where nobody answers, the address is named without the password', async () => {
    vi.stubEnv('MILLRACE_CONNECTION', 'redis://someone:s3cret@127.0.0.1:1');
    onTestFinished(() => {
      vi.unstubAllEnvs();
    });
    const { code, text } = await told(module, '--queue', 'q', '--slots', '1');
    expect(code).toBe(1);
    expect(text).toContain('redis://127.0.0.1:1');
    expect(text).not.toContain('s3cret');
  });

  test('a module that exposes no tasks', async () => {
    const url = new URL('fixtures/words.ts', import.meta.url);
    expect(await told(url.href, '--queue', 'q', '--connection', 'redis://127.0.0.1:1')).toMatchObject({
      code: 2,
    });
  });
});

test.skipIf(!hasRedis)(
  'does tasks until it is told to end, and finishes what it does',
  { timeout: 60_000 },
  async () => {
    await using redis = await TestRedis.start('s3cret');
    const folder = temporaryFolder();
    const worker = startCommand(
      ['work', fileURLToPath(module), '--queue', 'worked', '--slots', '2', '--blobs', folder, '--json'],
      { cwd: folder, MILLRACE_CONNECTION: redis.url },
    );
    const [said] = (await once(worker.child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    expect(JSON.parse(String(said))).toMatchObject({
      queue: 'worked',
      slots: 2,
      tasks: expect.arrayContaining(['hold']) as unknown,
    });
    const tasks = remote({ connection: redis.url, queue: 'worked' });
    const notes = new Notes();
    const held = firstValueFrom(tasks.run('hold', notes.input));
    await until(() => notes.startedBy.length === 1);
    worker.child.kill('SIGTERM');
    await until(() => tasks.stats().slots === 0);
    notes.letGoOn();
    expect(await held).toStrictEqual({ by: worker.child.pid, attempt: 1 });
    expect(await worker.ended).toMatchObject({ code: 0 });
  },
);
