import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { temporaryFolder } from '../store/support/temporary-folder.ts';
import { command, commandArgs, fixture, startCommand } from './support/command-process.ts';

const gated = fixture('gated.flow.ts');

/** Settles once a call was noted. */
async function watchFor(cwd: string, call: string): Promise<void> {
  for await (const _ of watch(cwd)) if (callsIn(cwd).includes(call)) return;
}

function callsIn(cwd: string): readonly string[] {
  return readFileSync(join(cwd, 'calls.txt'), 'utf8').trimEnd().split('\n');
}

describe('a run in a process of its own', { timeout: 60_000 }, () => {
  test('goes on where kill -9 has stopped it, and is told of', async () => {
    const cwd = temporaryFolder();
    const words = ['run', gated, '--run-id', 'nightly'];
    const killed = startCommand(words, { cwd });
    await killed.says('waiting');
    // What is told of a run may be lost when its process dies; this is not to be.
    await vi.waitFor(() => {
      expect(readFileSync(join(cwd, '.millrace/runs/nightly/events.1.log'), 'utf8')).toContain('"waiting"');
    });
    killed.child.kill('SIGKILL');
    expect(await killed.ended).toMatchObject({ signal: 'SIGKILL', stdout: '' });
    expect(callsIn(cwd)).toStrictEqual(['first', 'second']);

    const interrupted = await command(['runs', '--json'], { cwd });
    expect(JSON.parse(interrupted.stdout)).toMatchObject([{ runId: 'nightly', status: 'interrupted' }]);

    const resumed = await command(words, { cwd, GATE: 'open' });
    expect(resumed).toMatchObject({ code: 0, stdout: 'third: 20\n' });
    expect(callsIn(cwd)).toStrictEqual(['first', 'second', 'second', 'third']);

    const shown = JSON.parse((await command(['show', 'nightly', '--json'], { cwd })).stdout) as object;
    expect(shown).toMatchObject({
      status: 'completed',
      goes: 2,
      steps: [
        { stepId: 'first', status: 'completed', origin: 'restored', attempts: 1 },
        { stepId: 'second', status: 'completed', attempts: 2 },
        { stepId: 'third', status: 'completed', attempts: 1 },
      ],
    });
    const why = await command(['why', 'nightly', 'second'], { cwd });
    expect(why.stdout).toBe("step 'second' of run 'nightly' ran:\n- it was under way when the run stopped\n");
  });

  test('is cancelled with its clean-ups by Ctrl-C, and can go on', async () => {
    const cwd = temporaryFolder();
    const run = startCommand(['run', gated, '--json'], { cwd });
    await run.says('waiting');
    run.child.kill('SIGINT');
    const { code, stdout } = await run.ended;
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({
      workflow: 'gated',
      status: 'cancelled',
      error: { reason: 'interrupted with Ctrl-C' },
    });
    expect(callsIn(cwd)).toStrictEqual(['first', 'second', 'first undone']);

    expect(await command(['run', gated, '--resume', '--quiet'], { cwd, GATE: 'open' })).toMatchObject({
      code: 0,
      stdout: 'third: 20\n',
      stderr: '',
    });
  });

  test('is ended at once by a second Ctrl-C', async () => {
    const cwd = temporaryFolder();
    const run = startCommand(['run', gated], { cwd, GATE: 'stuck' });
    await run.says('waiting');
    const undone = watchFor(cwd, 'first undone');
    run.child.kill('SIGINT');
    await undone;
    run.child.kill('SIGINT');
    const { code, stderr } = await run.ended;
    expect(code).toBe(130);
    expect(stderr).not.toContain('was cancelled');
  });

  test('ends with 13 where nothing can end it', async () => {
    const { code, stderr } = await command(['run', gated], { cwd: temporaryFolder(), GATE: 'never' });
    expect(code).toBe(13);
    expect(stderr).toContain("running: 'second'");
  });

  test('ends with 1 where it fails, and says how to go on', async () => {
    const cwd = temporaryFolder();
    const { code, stdout, stderr } = await command(['run', gated, '--run-id', 'x', '-q'], {
      cwd,
      GATE: 'broken',
    });
    expect([code, stdout]).toStrictEqual([1, '']);
    expect(stderr).toContain('the gate is broken');
    expect(stderr).toContain('the same with --run-id x goes on where it stopped');
  });

  test('is refused with 3 where another process is at it, and cancelled from there', async () => {
    const cwd = temporaryFolder();
    const run = startCommand(['run', gated, '--run-id', 'x'], { cwd });
    await run.says('waiting');
    const refused = await command(['run', gated, '--run-id', 'x'], { cwd });
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain("run 'x' in fileStore('.millrace') is held by");
    expect(refused.stderr).not.toContain('\n    at ');

    expect(await command(['cancel', 'x'], { cwd })).toMatchObject({
      code: 0,
      stdout: "run 'x' was asked to cancel\n",
    });
    expect(await run.ended).toMatchObject({ code: 1 });
  });

  test('serves the live page while it runs, and the store until Ctrl-C', async () => {
    const cwd = temporaryFolder();
    const run = await command(['run', gated, '--run-id', 'x', '--dashboard', '0', '-q'], {
      cwd,
      GATE: 'open',
    });
    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(/^dashboard: http:\/\/127\.0\.0\.1:\d+\/#token=/);

    const served = startCommand(['serve'], { cwd });
    served.child.stdout?.once('data', () => served.child.kill('SIGINT'));
    const { code, stdout } = await served.ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=\S+\n$/);
  });

  test.skipIf(process.platform === 'win32')('is completed by bash', async () => {
    const cwd = temporaryFolder();
    await command(['run', gated, '--run-id', 'nightly', '-q'], { cwd, GATE: 'open' });
    const millrace = [process.execPath, ...commandArgs].map((word) => `'${word}'`).join(' ');
    const script = `
      millrace() { ${millrace} "$@"; }
      eval "$(millrace completion bash)"
      COMP_WORDS=(millrace show ni) COMP_CWORD=2
      _millrace
      echo "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd });
    expect(stdout).toBe('nightly\n');
  });
});
