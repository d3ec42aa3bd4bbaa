import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, inject, test } from 'vitest';

/** What a program does of the fixture's. */
async function outcomeOf(scenario: string): Promise<{ stdout: string; stderr: string; code: unknown }> {
  const child = spawn(process.execPath, [
    fileURLToPath(inject('workerUrls')['unfinished.program'] ?? ''),
    scenario,
  ]);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += String(data);
  });
  child.stderr.on('data', (data) => {
    stderr += String(data);
  });
  const [code] = (await once(child, 'close')) as [unknown];
  return { stdout, stderr, code };
}

const because = 'what it waits for will never come, such as a Promise that nobody settles.\n';
const oneRun = `millrace: nothing is left to do, but a run hasn't ended: ${because}`;

describe('a process that ends by itself', { timeout: 60_000 }, () => {
  test.each([
    ['with a run that has completed', 'ended', 'done\n'],
    ['with a run that has failed', 'failed', ''],
    ['with a run that was cancelled, its body being abandoned', 'cancelled', ''],
    ['with a run that was never started', 'never started', ''],
    ['with runs in other time than the host’s', 'virtual time', ''],
    ['by process.exit()', 'exit', ''],
  ])('%s says nothing of it', async (_, scenario, stdout) => {
    expect(await outcomeOf(scenario)).toStrictEqual({ stdout, stderr: '', code: 0 });
  });

  test('although a run waits for ever names the run and its steps, and ends with 13', async () => {
    expect(await outcomeOf('waiting')).toStrictEqual({
      stdout: '',
      stderr: `${oneRun}  run 'run-1' of workflow 'stuck'\n    running: 'hung'\n    waiting: 'after'\n`,
      code: 13,
    });
  });

  test('names the steps of subflows and fan-outs before those whose work they do', async () => {
    const { stderr, code } = await outcomeOf('nested');
    expect(stderr).toBe(
      `${oneRun}  run 'run-1' of workflow 'outer'\n    running: 'sub/hung', 'each[0]', 'each[1]', 'sub', 'each'\n    waiting: 'sub/after'\n`,
    );
    expect(code).toBe(13);
  });

  test('names a few runs and steps, and says how many more there are', async () => {
    const { stderr } = await outcomeOf('many');
    const lines = stderr.trimEnd().split('\n');
    expect(lines[0]).toContain("7 runs haven't ended");
    expect(lines[3]).toBe("    waiting: 's1', 's2', 's3', 's4', 's5', and 11 more");
    expect(lines.at(-1)).toBe('  and 2 more runs');
    expect(lines).toHaveLength(1 + 5 * 3 + 1);
  });

  test('says of a run that it is paused', async () => {
    const { stderr, code } = await outcomeOf('paused');
    expect(stderr).toContain("  run 'run-1' of workflow 'held', which is paused\n    waiting: 'only'\n");
    expect(code).toBe(13);
  });

  test('says of a run that it waits for others', async () => {
    const { stderr, code } = await outcomeOf('shared');
    expect(stderr).toContain(
      "  run 'run-2' of workflow 'held', which waits for other runs to end\n    waiting: 'only'\n",
    );
    expect(code).toBe(13);
  });

  test.each([
    ['a code of its own', 3],
    ['a code of 0', 0],
  ])('keeps %s', async (scenario, code) => {
    const outcome = await outcomeOf(scenario);
    expect(outcome.stderr).toContain(oneRun);
    expect(outcome.code).toBe(code);
  });

  test('ends with 0 where somebody ends the run as nothing else is left', async () => {
    expect((await outcomeOf('cancelled as nothing is left')).code).toBe(0);
  });

  test('says so for a thread too, which ends with 13', async () => {
    const { stdout, stderr, code } = await outcomeOf('in a thread');
    expect(stderr).toContain(`${oneRun}  run 'run-1'`);
    expect([stdout, code]).toStrictEqual(['the thread ended with 13\n', 0]);
  });
});
